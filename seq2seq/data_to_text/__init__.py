"""Data-to-text: facts as sources of a model, their codec, E2E slot errors, and re-ranking by them.

The rest of the library reaches this package through `seq2seq.text.codec` only.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seq2seq.data_to_text.codec import FactsCodec

CONFIG_KEYS = ("facts", "reranker")  # of config.json


def read_codec(values: Mapping[str, Any]) -> "FactsCodec":
    """Build the codec from its keys of config.json.

    Raises:
        ValueError: A key or value is unknown or missing.
    """
    from seq2seq.data_to_text.codec import FactsCodec

    return FactsCodec.from_json(values)
