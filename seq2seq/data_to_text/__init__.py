"""Facts as the source of a model: their codec, the slots of E2E, and ranking by slot errors.

The rest of the library reaches this package through `seq2seq.text.codec` alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seq2seq.data_to_text.codec import FactsCodec

CONFIG_KEYS = ("facts", "reranker")  # of config.json


def read_codec(values: Mapping[str, Any]) -> "FactsCodec":
    """Make the codec from its keys of config.json.

    Raises:
        ValueError: a key or value that it does not know.
    """
    from seq2seq.data_to_text.codec import FactsCodec

    return FactsCodec.from_json(values)
