"""Words of other scripts, or with letters that the vocabulary lacks: they are copied.

    "Das Wort привет мир ist neu."      "привет мир" is copied as one
    "Dvořák plays."                     "Dvořák", where the vocabulary has no ř
    "A man named 王小明"                "王小明", whether or not the vocabulary has its characters

The model would read an unknown piece in their place, and write nothing or something else.
"""

import re
import unicodedata
from collections.abc import Iterable

from seq2seq.text.normalization import UNSPACED, base_language, is_word

Span = tuple[int, int]

_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_THAI, _HAN_AND_KANA = "[\u0e00-\u0e7f]", f"(?![\u0e00-\u0e7f])[{UNSPACED}]"
_LANGUAGES_OF_RUNS = {"zh": _HAN_AND_KANA, "yue": _HAN_AND_KANA, "ja": _HAN_AND_KANA, "th": _THAI}
MOST = 200  # of a segment; one with more is longer than models read, and is split


def unknown_words(source: str, unknown: Iterable[Span], language: str | None) -> list[Span]:
    """Return the words of a source around its unknown characters; none where they are more than `MOST`.

    Words that only blanks and marks separate are one. `unknown` spans of signs alone are left out, and so are
    rare characters of Chinese in Chinese: a part of a word does not help who reads the translation.
    """
    own = "" if language is None else _LANGUAGES_OF_RUNS.get(base_language(language), "")
    words: list[Span] = []
    for start, end in unknown:
        if words and end <= words[-1][1]:
            continue
        if not any(_is_part(sign) and not (own and re.match(own, sign)) for sign in source[start:end]):
            continue
        while start and _is_part(source[start - 1], is_spaced=True):
            start -= 1
        while end < len(source) and _is_part(source[end], is_spaced=True):
            end += 1
        if words and not any(map(str.isalnum, source[words[-1][1] : start])):
            words[-1] = words[-1][0], end
        elif len(words) == MOST:
            return []
        else:
            words.append((start, end))
    return words


def foreign_runs(source: str, language: str | None) -> list[Span]:
    """Return the words of scripts without blanks in a source of a language that is written with them.

    A source with hardly any other words is in another language altogether, and is left to the model.
    """
    if language is None or base_language(language) in _LANGUAGES_OF_RUNS:
        return []
    runs: list[Span] = []
    for found in _UNSPACED_RUN.finditer(source):
        places = [place for place in range(*found.span()) if source[place].isalnum()]
        if places and len(runs) < MOST:
            runs.append((places[0], places[-1] + 1))
    words = _UNSPACED_RUN.sub(" ", source).split() if runs else []
    characters = sum(end - start for start, end in runs)
    return runs if 2 * sum(word[0].isalpha() for word in words) >= characters else []


def _is_part(character: str, *, is_spaced: bool = False) -> bool:
    """Return whether a character makes a word to be copied; with `is_spaced` whether it continues one.

    Numbers have a stage of their own, and a vocabulary without a capital of ASCII is of lower-case texts.
    """
    if unicodedata.category(character)[0] == "M":
        return True
    if is_spaced:
        return is_word(character)
    return character.isalnum() and not character.isdecimal() and not character.isascii()
