"""Entries of files: texts in the languages that a file names, of which a direction takes two."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from seq2seq.text.languages import served_language


class MemoryEntry(NamedTuple):
    """Texts that translate each other.

    Attributes:
        texts: Each with its language, as the file names it. Without a language ("") the first is the source.
        context: Where the texts stand in the program, None where that is not known.
        origin: What they come from, such as a program.
    """

    texts: tuple[tuple[str, str], ...]
    context: str | None = None
    origin: str | None = None


def sides_of(entry: MemoryEntry, source: str | None, target: str | None) -> tuple[str, str] | None:
    """Return source and target of an entry in a direction, or None where it lacks a language.

    A region falls back to its language. Where the languages are named the other way round the sides are
    swapped. A direction's language that is None is served by anything.
    """
    languages = [language for language, _ in entry.texts]
    places = _places(tuple(languages), source, target)
    return (entry.texts[places[0]][1], entry.texts[places[1]][1]) if places else None


@lru_cache(maxsize=4096)
def _places(languages: tuple[str, ...], source: str | None, target: str | None) -> tuple[int, int] | None:
    """Return the places of source and target among the languages of an entry, None where one is missing."""
    if len(languages) < 2:
        return None
    first, second = languages[0], languages[1]
    if not first and not second:
        return 0, 1
    if not first:  # a catalogue, which names the language of its translations only
        if serves(second, target):
            return 0, 1
        return (1, 0) if serves(second, source) else None
    source_place = _best(languages, source, None)
    target_place = None if source_place is None else _best(languages, target, source_place)
    return None if source_place is None or target_place is None else (source_place, target_place)


def _best(languages: Sequence[str], wanted: str | None, taken: int | None) -> int | None:
    """Return the place of the language that serves best: the same code before another region."""
    places = [place for place, code in enumerate(languages) if place != taken and serves(code, wanted)]
    same = (wanted or "").lower().replace("_", "-")
    return min(places, key=lambda place: languages[place].lower().replace("_", "-") != same, default=None)


@lru_cache(maxsize=4096)
def serves(code: str, wanted: str | None) -> bool:
    """Return whether a text of a language can stand for one of another: en-US for en, not zh-TW for zh."""
    return wanted is None or served_language(code, [wanted]) is not None
