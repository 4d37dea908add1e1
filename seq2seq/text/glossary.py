"""Terms that are to be translated in one way and no other: pairs (term of the source, term of the target).

    terms.tsv    one pair a line, a tab between; blank lines are skipped

A term is found in a text whatever its capitals and however its accents are coded, as whole words, the longest
first; of a word's forms each that is to be found is a pair of its own.
"""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from seq2seq.text.normalization import normalize, word_spans

GlossaryPairs = tuple[tuple[str, str], ...]


class TermMatch(NamedTuple):
    """A term in a text, its characters start to end (not included), and what it is to become."""

    start: int
    end: int
    target: str


def read_glossary(path: str | os.PathLike[str]) -> GlossaryPairs:
    """The pairs of a file; ValueError names the line that is wrong, and says what is."""
    try:
        lines = Path(path).read_bytes().decode("utf-8-sig").split("\n")  # other breaks may stand in a term
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


def check_glossary(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse (ValueError) terms that are empty or stand there twice."""
    known: set[str] = set()
    for source, target in pairs:
        if not _plain(source) or not _plain(target):
            shown = repr(source if _plain(source) else target)[:80]
            raise ValueError(f"glossary has a pair with an empty side, beside {shown}; give both sides")
        key = _key(source)
        if key in known:
            raise ValueError(f"glossary has the term {source[:80]!r} twice; keep one of them")
        known.add(key)


def find_terms(text: str, pairs: GlossaryPairs) -> Iterator[TermMatch]:
    """The terms in a text, from left to right; of those that overlap the first, of these the longest."""
    if not pairs:
        return
    targets, lengths = _table(pairs)
    normalized = normalize(text)
    plain = normalized.text
    folded = _folded(plain)
    borders = {border for span in word_spans(plain) for border in span}
    borders.update(at for at in range(len(plain) + 1) if _parts(plain, at))
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


@lru_cache(maxsize=16)
def _table(pairs: GlossaryPairs) -> tuple[dict[str, str], list[int]]:
    """Targets by folded source, and the lengths of sources, longest first."""
    targets = {_key(source): target.strip() for source, target in pairs}
    return targets, sorted({len(source) for source in targets}, reverse=True)


def _key(text: str) -> str:
    return _folded(_plain(text))


def _folded(text: str) -> str:
    """A text in small letters, as many as it has characters; a letter with a longer small form (İ) stays."""
    small = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return small.replace("ς", "σ")  # at the end of a word the same letter


def _plain(text: str) -> str:
    """A term as a model reads it; nothing where it has only blanks and signs that nobody sees."""
    return normalize(text).text


def _parts(text: str, at: int) -> bool:
    """Whether a word may begin or end at a place: not between two letters."""
    return at in (0, len(text)) or not (text[at - 1].isalnum() and text[at].isalnum())
