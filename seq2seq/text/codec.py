"""Codecs: the protocol for models whose sources are not plain text.

A codec binds a tokenizer to one source, since the text behind an id may depend on the source (a name that it
contains, for instance). The library knows this protocol only. config.json has the keys of a codec, and
`read_codec` finds the package that defines them.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from seq2seq.text.tokenizer import Tokenizer

# Packages that define a codec: `CONFIG_KEYS` and `read_codec(values) -> Codec | None`. They are imported on
# first use, by name, so that the library depends on none of them.
PACKAGES = ("seq2seq.data_to_text",)


class Ranker(Protocol):
    """A re-ranker of the hypotheses for a source."""

    name: str

    def rerank(self, source: str, hypotheses: Sequence[Any]) -> list[int]:
        """Return the indices of all hypotheses, best first."""


class SourceErrors(Protocol):
    """Counts of errors of outputs against the content of their sources."""

    def summary(self) -> str:
        """Return the errors as one line of text."""

    def to_json(self) -> dict[str, float]:
        """Return the errors as plain values."""


class Codec(Protocol):
    """A codec for sources of one form."""

    @property
    def ranker(self) -> Ranker | None:
        """The re-ranker of every search; None keeps the order of the search."""

    @property
    def least_beam(self) -> int:
        """The smallest beam size with which the ranker is used."""

    def tokenizer_for(self, tokenizer: "Tokenizer", source: str) -> "Tokenizer":
        """Return the tokenizer that encodes a source and decodes its result.

        Raises:
            ValueError: The source is not of the form of the codec.
        """

    def count_errors(self, sources: Sequence[str], outputs: Sequence[str]) -> SourceErrors:
        """Count the content of sources that outputs omit, change or add."""

    def to_json(self) -> dict[str, Any]:
        """Return the codec's keys of config.json."""


def codec_keys() -> tuple[str, ...]:
    """Return every key of config.json that belongs to a codec."""
    return tuple(key for package in PACKAGES for key in importlib.import_module(package).CONFIG_KEYS)


def read_codec(values: Mapping[str, Any]) -> Codec | None:
    """Build the codec that keys of config.json describe; None where they describe none.

    Raises:
        ValueError: The codec refuses a value.
    """
    for package in PACKAGES:
        module = importlib.import_module(package)
        if any(values.get(key) is not None for key in module.CONFIG_KEYS):
            codec: Codec | None = module.read_codec(values)
            return codec
    return None
