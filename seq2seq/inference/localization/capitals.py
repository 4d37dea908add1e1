"""Capitals of labels: English writes "Open Recent Files", most languages only the first word so.

A label in Title Case is read as a sentence, "Open recent files", so that a translation does not copy it.
"""

import re
from collections.abc import Callable, Sequence

from seq2seq.text.languages import base_language

# Written in Title Case by its users, or without a difference that matters here.
_TITLE_CASE = frozenset({"en"})
# Every noun has a capital there: Title Case cannot be told from a list of nouns.
_NOUNS = frozenset({"de", "lb", "nds"})
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SMALL = frozenset(
    """
    a an and as at but by for from in into nor of off on onto or out over per so than the to up via vs with
    """.split()  # noqa: SIM905 - twenty-four strings are harder to read
)


def has_title_case(language: str | None) -> bool:
    """Return whether Title Case in this language is usual, or cannot be told from it."""
    base = base_language(language or "")
    return not base or base in _TITLE_CASE or base in _NOUNS


def is_title(text: str, least: int = 2) -> bool:
    """Return whether a text of so many words or more is in Title Case: a capital on each but small words."""
    words = [word for word in _WORD.findall(text) if word.lower() not in _SMALL]
    return len(words) >= least and all(word[0].isupper() and not _is_loud(word) for word in words)


def sentence_case(text: str, kept: Sequence[tuple[int, int]], lowers: Callable[[str], bool]) -> str:
    """Return a label in Title Case with all words but the first in lower case; any other as it is.

    Args:
        text: The label.
        kept: The characters [start, end) that are no words, such as placeholders.
        lowers: Whether a word is as well known in lower case; names are not.
    """
    words = [
        found
        for found in _WORD.finditer(text)
        if not any(a < found.end() and found.start() < b for a, b in kept)
    ]
    if not is_title(" ".join(found[0] for found in words)):
        return text
    for found in words[1:]:
        word = found[0]
        if word[0].isupper() and word != "I" and len(word.lower()) == len(word) and lowers(word):
            text = text[: found.start()] + word.lower() + text[found.end() :]
    return text


def with_first_capital(text: str, source: str, kept: Sequence[tuple[int, int]]) -> str:
    """Return a translation with a capital at its start where the source has one there."""
    if not text or any(start == 0 for start, _ in kept) or not source[:1].isupper() or not text[0].islower():
        return text
    first = _WORD.match(text)
    # "iPhone" and "x86" keep their form.
    if first is None or any(map(str.isupper, first[0])) or len(text[0].upper()) > 1:
        return text
    return text[0].upper() + text[1:]


def _is_loud(word: str) -> bool:
    return len(word) > 1 and any(map(str.isupper, word[1:]))
