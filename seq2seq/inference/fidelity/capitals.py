"""Capitals: read as the model knows them, and given back.

"TWO DOGS IN THE SNOW." is read as "Two dogs in the snow." and written "ZWEI HUNDE IM SCHNEE."
"Two Dogs in the Snow"  is read as "Two dogs in the snow"
"A man in a RED shirt." is read as "A man in a red shirt."; what is linked to "red" is written in capitals
"EINE STRASSE IM SCHNEE" is read as "Eine Straße im Schnee": German capitals have no ß, and nouns keep theirs
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from seq2seq.inference.fidelity.edits import Edit
from seq2seq.text.normalization import word_spans

Span = tuple[int, int]
PieceRank = tuple[int, float]  # pieces of a word, and how late the vocabulary learned them: rare words late

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# German words that are no nouns, but often begin a sentence: vocabularies have them with a capital.
_NO_NOUNS = (
    " ein eine einem einen einer eines der die das den dem des zwei drei vier fünf sechs sieben acht zehn "
    "viele einige mehrere alle beide manche jede jeder jedes diese dieser dieses kein keine mein meine sein "
    "seine ihr ihre unser unsere er sie es ich du wir man wer was wo wie wann warum und oder aber wenn weil "
    "dass als während nachdem bevor um zu zum zur in im an am auf aus mit ohne hinter vor neben unter über "
    "zwischen bei beim von vom nach durch für gegen hier dort da dann heute ist sind hat haben wird nicht "
    "auch sehr nur noch "
)
# ß in place of two characters: normalization drops the second, a zero-width space, and keeps track of both.
_SHARP_S = "ß\u200b"
_LEAST_WORDS = 3  # of a title; of fewer words nothing says whether they are names


class Casing(NamedTuple):
    """Characters that are read in lower case, and the words that are given back in capitals.

    `everything`: the whole result is written in capitals. `sharp`: pairs of characters `ss` read as `ß`.
    """

    lowered: tuple[Span, ...]
    emphasised: tuple[Span, ...] = ()
    everything: bool = False
    sharp: tuple[Span, ...] = ()


def casing_of(
    text: str, protected: Sequence[Span], language: str | None, ranked: Callable[[str], PieceRank]
) -> Casing | None:
    """Return what of a text is read in lower case; None where it is written as usual.

    `protected` spans are read otherwise. `ranked` tells known words in capitals from abbreviations: a word is
    only emphasised if the vocabulary has fewer pieces for it in lower case.
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
        if is_german:
            return _german_casing(text, words, ranked)
        lower = [(start + (number == 0), end) for number, (start, end) in enumerate(words)]
        return Casing(tuple(lower), everything=True)
    titled = [word for word in long if word[0].isupper()]
    # German writes its nouns so: there a title is a line without any small word.
    least = len(long) if (language or "").startswith("de") else max(_LEAST_WORDS, round(0.7 * len(long)))
    if len(long) >= _LEAST_WORDS and len(titled) >= least and not any(map(str.isupper, long)):
        return Casing(tuple(_later(text, words, ranked)))
    loud = [
        (start, end)
        for (start, end), word in zip(words, letters, strict=True)
        if len(word) > 2 and word.isupper() and ranked(word.lower())[0] < ranked(word)[0]
    ]
    return Casing(tuple(loud), tuple(loud)) if loud else None


def _german_casing(text: str, words: Sequence[Span], ranked: Callable[[str], PieceRank]) -> Casing:
    """Return how a German text in capitals is read, as far as the vocabulary tells nouns and ß."""
    lower: list[Span] = []
    sharp: list[Span] = []
    last_capital = -1  # where the last word with a capital ends
    for number, (start, end) in enumerate(words):
        word = text[start:end]
        if (place := _sharp_s(word, ranked)) is not None:
            word = f"{word[:place]}ß{word[place + 2 :]}"
            sharp.append((start + place, start + place + 2))
        is_noun = f" {word.lower()} " not in _NO_NOUNS and ranked(word.capitalize()) < ranked(word.lower())
        is_compound = last_capital == start - 1 and text[start - 1] == "-"  # T-Shirt
        has_capital = number == 0 or is_noun or is_compound or len(word) == 1
        lower.append((start + has_capital, end))
        if has_capital:
            last_capital = end
    return Casing(tuple(lower), everything=True, sharp=tuple(sharp))


def _sharp_s(word: str, ranked: Callable[[str], PieceRank]) -> int | None:
    """Return where a word in capitals has an SS that makes fewer pieces as ß; None if nowhere."""

    def fewest(spelt: str) -> int:
        return min(ranked(spelt.lower()), ranked(spelt.capitalize()))[0]

    spellings = {
        found.start(): f"{word[: found.start()]}ß{word[found.end() :]}" for found in re.finditer("SS", word)
    }
    best = min(spellings, key=lambda place: fewest(spellings[place]), default=None)
    return best if best is not None and fewest(spellings[best]) < fewest(word) else None


def _later(text: str, words: Sequence[Span], ranked: Callable[[str], PieceRank]) -> Iterable[Span]:
    """Yield the words of a title after its first that the vocabulary knows as well in lower case."""
    for start, end in words[1:]:
        word = text[start:end]
        if word[0].isupper() and word != "I" and ranked(word.lower())[0] <= ranked(word)[0]:
            yield start, end


def read_text(text: str, casing: Casing) -> str:
    """Return a text as it is read: its length stays."""
    characters = list(text)
    for start, end in casing.lowered:
        for place in range(start, end):
            lower = characters[place].lower()
            if len(lower) == 1:  # İ has a lower case of two characters
                characters[place] = lower
    for start, end in casing.sharp:
        characters[start:end] = _SHARP_S
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
