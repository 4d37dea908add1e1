"""The seam for models whose sources are not plain text: texts to ids and back, source by source.

A codec binds a tokenizer to one source, since what an id stands for may depend on it (a name that the source
gives, for instance). The library knows this protocol only; config.json names the keys of a codec, and
`read_codec` finds the package that defines them.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from seq2seq.text.tokenizer import Tokenizer

# Packages that define a codec: `CONFIG_KEYS` and `read_codec(values) -> Codec | None`. Imported on use.
PACKAGES = ("seq2seq.data_to_text",)


class Ranker(Protocol):
    """An order of the results for a source by more than the score of the search."""

    name: str

    def rerank(self, source: str, hypotheses: Sequence[Any]) -> list[int]:
        """Return the places of the hypotheses, best first; each of them once."""


class SourceErrors(Protocol):
    """Errors of outputs against the content of their sources."""

    def summary(self) -> str:
        """Return the errors as one line of text."""

    def to_json(self) -> dict[str, float]:
        """Return the errors as plain values."""


class Codec(Protocol):
    """Sources of one form, to ids and back."""

    @property
    def ranker(self) -> Ranker | None:
        """The order in which every call chooses its result; None for that of the search."""

    @property
    def least_beam(self) -> int:
        """The narrowest beam that gives the ranker enough to choose from."""

    def tokenizer_for(self, tokenizer: "Tokenizer", source: str) -> "Tokenizer":
        """Return the tokenizer that reads a source and writes its result.

        Raises:
            ValueError: the source is not of the codec's form.
        """

    def count_errors(self, sources: Sequence[str], outputs: Sequence[str]) -> SourceErrors:
        """Count what outputs leave out of their sources, state otherwise, or add."""

    def to_json(self) -> dict[str, Any]:
        """Return the codec's keys of config.json."""


def codec_keys() -> tuple[str, ...]:
    """Return every key of config.json that belongs to a codec."""
    return tuple(key for package in PACKAGES for key in importlib.import_module(package).CONFIG_KEYS)


def read_codec(values: Mapping[str, Any]) -> Codec | None:
    """Make the codec that some keys of config.json describe; None where they describe none.

    Raises:
        ValueError: a value that the codec refuses.
    """
    for package in PACKAGES:
        module = importlib.import_module(package)
        if any(values.get(key) is not None for key in module.CONFIG_KEYS):
            codec: Codec | None = module.read_codec(values)
            return codec
    return None
