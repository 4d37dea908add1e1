"""Several texts, chunk by chunk: a sequence in full chunks, other iterables in small ones at first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from seq2seq.inference.results import Translation
from seq2seq.options import DecodeOptions
from seq2seq.text.normalization import check_text

if TYPE_CHECKING:
    from seq2seq.inference.memory.recall import BatchTranslate

# Texts taken at once: enough to fill batches of like length. Of an iterable that may have to wait for its
# texts there are few at first, so that the first results come soon.
FIRST_CHUNK, CHUNK = 16, 512

Prefix = str | list[str] | tuple[str, ...]  # a text, or a list of tokens


def translate_all(
    translate: "BatchTranslate",
    texts: Iterable[str],
    options: DecodeOptions,
    prefixes: Iterable[Prefix | None] | None,
) -> Iterator[Translation]:
    """Translate texts in order and lazily, each with a prefix of its own where there are prefixes.

    Raises:
        ValueError: The texts are a mapping or bytes, or no iterable, or there are more or fewer prefixes.
    """
    size = CHUNK if isinstance(texts, Sequence) else FIRST_CHUNK
    return _translate_chunks(translate, _text_iterator(texts), options, prefixes, size)


def _translate_chunks(
    translate: "BatchTranslate",
    texts: Iterator[str],
    options: DecodeOptions,
    prefixes: Iterable[Prefix | None] | None,
    size: int,
) -> Iterator[Translation]:
    """Translate texts chunk by chunk, as they come, the first `size` together."""
    remaining = None if prefixes is None else iter(prefixes)
    while chunk := list(islice(texts, size)):
        chunk_options = [options] * len(chunk)
        if remaining is not None:
            chunk_prefixes = list(islice(remaining, len(chunk)))
            _check_prefix_count(len(chunk_prefixes), len(chunk))
            chunk_options = [replace(options, target_prefix=prefix) for prefix in chunk_prefixes]
        yield from translate(chunk, chunk_options)
        size = min(2 * size, CHUNK)
    if remaining is not None:
        _check_prefix_count(len(list(islice(remaining, 1))), 0)


def _text_iterator(texts: Iterable[str]) -> Iterator[str]:
    """Return an iterator over texts.

    Raises:
        ValueError: The texts are a mapping or bytes, which iterate over something else, or no iterable.
    """
    if isinstance(texts, Mapping):
        raise ValueError("texts are a mapping, whose keys would be translated; give its .values() or .keys()")
    if isinstance(texts, bytes | bytearray | memoryview):
        raise ValueError(f"a text is {bytes(texts[:40])!r}, which are bytes; decode them to a string first")
    if not isinstance(texts, Iterable):
        check_text(texts)  # refused with its type
    return iter(texts)


def _check_prefix_count(prefixes: int, texts: int) -> None:
    if prefixes != texts:
        fewer = "fewer" if prefixes < texts else "more"
        raise ValueError(f"there are {fewer} target_prefixes than texts; give one for each, None for nothing")
