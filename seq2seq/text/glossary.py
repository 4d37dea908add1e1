"""Glossaries: pairs of a source term and its required translation.

    terms.tsv    one pair per line, separated by a tab; blank lines are skipped

Terms match whole words, the longest first, regardless of case and of the Unicode form of accents. Each
inflected form that should match needs a pair of its own.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from seq2seq.text.normalization import normalize, word_spans

GlossaryPairs = tuple[tuple[str, str], ...]


class TermMatch(NamedTuple):
    """A glossary term at characters [start, end) of a text, with its translation."""

    start: int
    end: int
    target: str


def read_glossary(path: str | os.PathLike[str]) -> GlossaryPairs:
    """Read the pairs of a file.

    Raises:
        ValueError: The file cannot be read or is not UTF-8, or a line is no pair; the message has its number.
    """
    try:
        lines = Path(path).read_bytes().decode("utf-8-sig").split("\n")  # a term may contain other breaks
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8; convert it first") from error
    except OSError as error:
        raise ValueError(f"cannot read the glossary {path}: {error.strerror}; check the path") from error
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        source, *targets = (part.strip() for part in line.split("\t"))
        if len(targets) != 1:
            raise ValueError(f"{path}, line {number}: give a term, a tab and its translation")
        pairs.append((source, targets[0]))
    try:
        check_glossary(pairs)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return tuple(pairs)


def split_languages(
    pairs: GlossaryPairs, is_direction: Callable[[str, str], bool]
) -> tuple[tuple[str, str] | None, GlossaryPairs]:
    """Return the languages that the first pair names (en, de), or None, and the terms."""
    if pairs and is_direction(*pairs[0]):
        return pairs[0], pairs[1:]
    return None, pairs


def check_glossary(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse pairs with an empty side and repeated terms.

    Raises:
        ValueError: With the first such pair.
    """
    keys: set[str] = set()
    for source, target in pairs:
        if not _plain(source) or not _plain(target):
            other = repr(source if _plain(source) else target)[:80]
            raise ValueError(f"glossary has a pair with an empty side, beside {other}; give both sides")
        key = _key(source)
        if key in keys:
            raise ValueError(f"glossary has the term {source[:80]!r} twice; keep one of them")
        keys.add(key)


def find_terms(text: str, pairs: GlossaryPairs) -> Iterator[TermMatch]:
    """Yield the terms in a text from left to right; of overlapping ones the first, of these the longest."""
    if not pairs:
        return
    targets, lengths = _table(pairs)
    normalized = normalize(text)
    plain = normalized.text
    folded = _folded(plain)
    # Besides blanks, marks within a word separate terms: "dog-friendly", "l'eau".
    borders = {border for span in word_spans(plain) for border in span}
    borders.update(at for at in range(len(plain) + 1) if _is_border(plain, at))
    at = 0
    for start in sorted(borders):
        if start < at:
            continue
        for length in lengths:
            end = start + length
            if end in borders and folded[start:end] in targets:
                yield TermMatch(*normalized.original_span(start, end), targets[folded[start:end]])
                at = end
                break


@lru_cache(maxsize=16)  # the texts of a call share one glossary
def _table(pairs: GlossaryPairs) -> tuple[dict[str, str], list[int]]:
    """Return the targets by folded source, and the lengths of the sources, longest first."""
    targets = {_key(source): target.strip() for source, target in pairs}
    return targets, sorted({len(source) for source in targets}, reverse=True)


def _key(text: str) -> str:
    return _folded(_plain(text))


def _folded(text: str) -> str:
    """Return a text in lower case without changing its length."""
    # İ becomes two characters in lower case, which would shift all spans after it; it stays as it is.
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.replace("ς", "σ")  # the form of the same letter at the end of a word


def _plain(text: str) -> str:
    """Return a term as a model reads it; empty if it has only blanks and invisible characters."""
    return normalize(text).text


def _is_border(text: str, at: int) -> bool:
    """Return whether a term may begin or end at a position: not between two letters or digits."""
    return at in (0, len(text)) or not (text[at - 1].isalnum() and text[at].isalnum())
