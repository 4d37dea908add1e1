"""Capitals: read as the model knows them, and given back.

"TWO DOGS IN THE SNOW." is read as "Two dogs in the snow." and written "ZWEI HUNDE IM SCHNEE."
"Two Dogs in the Snow"  is read as "Two dogs in the snow"
"A man in a RED shirt." is read as "A man in a red shirt."; what is linked to "red" is written in capitals
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from seq2seq.inference.fidelity.edits import Edit
from seq2seq.text.normalization import word_spans

Span = tuple[int, int]

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LEAST_WORDS = 3  # of a title; of fewer words nothing says whether they are names


class Casing(NamedTuple):
    """Characters that are read in lower case, and the words that are given back in capitals.

    `everything`: the whole result is written in capitals.
    """

    lowered: tuple[Span, ...]
    emphasised: tuple[Span, ...] = ()
    everything: bool = False


def casing_of(
    text: str, protected: Sequence[Span], language: str | None, piece_count: Callable[[str], int]
) -> Casing | None:
    """Return what of a text is read in lower case; None where it is written as usual.

    `protected` spans are read otherwise. `piece_count` tells known words in capitals from abbreviations: a
    word is only emphasised if the vocabulary knows it better in lower case.
    """
    if not any(map(str.isupper, text)):
        return None
    words = [
        found.span()
        for found in _LETTERS.finditer(text)
        if not any(start < found.end() and found.start() < end for start, end in protected)
    ]
    letters = [text[start:end] for start, end in words]
    long = [word for word in letters if len(word) > 1]
    if len(long) > 1 and all(map(str.isupper, long)) and sum(map(len, long)) > 4:
        is_german = (language or "").startswith("de")
        lower = [
            # German nouns are read with their capital, as far as the vocabulary tells them from other words.
            (start + (number == 0 or (is_german and _is_noun(word, piece_count))), end)
            for number, ((start, end), word) in enumerate(zip(words, letters, strict=True))
        ]
        return Casing(tuple(lower), everything=True)
    titled = [word for word in long if word[0].isupper()]
    # German writes its nouns so: there a title is a line without any small word.
    least = len(long) if (language or "").startswith("de") else max(_LEAST_WORDS, round(0.7 * len(long)))
    if len(long) >= _LEAST_WORDS and len(titled) >= least and not any(map(str.isupper, long)):
        return Casing(tuple(_later(text, words, piece_count)))
    loud = [
        (start, end)
        for (start, end), word in zip(words, letters, strict=True)
        if len(word) > 2 and word.isupper() and piece_count(word.lower()) < piece_count(word)
    ]
    return Casing(tuple(loud), tuple(loud)) if loud else None


def _is_noun(word: str, piece_count: Callable[[str], int]) -> bool:
    return piece_count(word.capitalize()) < piece_count(word.lower())


def _later(text: str, words: Sequence[Span], piece_count: Callable[[str], int]) -> Iterable[Span]:
    """Yield the words of a title after its first that the vocabulary knows as well in lower case."""
    for start, end in words[1:]:
        word = text[start:end]
        if word[0].isupper() and word != "I" and piece_count(word.lower()) <= piece_count(word):
            yield start, end


def lowered(text: str, spans: Sequence[Span]) -> str:
    """Return a text with these spans in lower case; its length stays."""
    characters = list(text)
    for start, end in spans:
        for place in range(start, end):
            lower = characters[place].lower()
            if len(lower) == 1:  # İ has a lower case of two characters
                characters[place] = lower
    return "".join(characters)


def capital_edits(target: str, casing: Casing, linked: Iterable[int]) -> list[Edit]:
    """Return the edits that write a translation in capitals: all of it, or the words with these numbers."""
    words = word_spans(target)
    chosen = words if casing.everything else [words[number] for number in sorted(set(linked))]
    return [
        Edit(start, end, upper)
        for start, end in chosen
        if (upper := target[start:end].upper()) != target[start:end]
    ]
