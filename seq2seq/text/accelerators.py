"""Accelerators: the letters of a program's labels that are pressed to choose them.

    "_Save As"  "&Save As"  "~Save As"      the marker stands before the letter: GTK, Qt, LibreOffice
    "另存为(_S)"                              Chinese, Japanese and Korean name a Latin letter after the label

An accelerator is taken out before a label is translated and put on a letter of the translation.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from seq2seq.text.languages import base_language

_NAMED = re.compile(r"\s?[(（]([_&~])([A-Za-z0-9])[)）]")
# An entity (&amp;) is no accelerator, a doubled marker (&&) is a literal one.
_MARKED = re.compile(r"(?<![_&~])([_&~])(?![_&~])(?!#?\w{1,31};)([^\W\d_])")
_IDENTIFIER = re.compile(r"(?<!\w)\w*[^\W_]{2,}_[^\W_]{2,}\w*(?!\w)")
_UNSPACED = ("zh", "ja", "ko", "yue")
_TAIL = re.compile(r"\s*(?:…|\.{3})?\s*[:：]?\s*\Z")


class Accelerator(NamedTuple):
    """The marker of an accelerator and its letter."""

    marker: str
    letter: str


def take_accelerator(text: str, marker: str | None = None) -> tuple[str, Accelerator | None]:
    """Return a label without its accelerator, and the accelerator; the label itself where it has none.

    Literal ampersands, underscores and tildes stay: `R&D`, `foo_bar`, `~/file`, `&amp;`, `Tom & Jerry`.

    Args:
        text: The label.
        marker: The marker that the label must have, such as that of its source; None for any. With a marker,
            an underscore within a small word is an accelerator, too ("Sc_hließen", "ö_ffnen").
    """
    if not any(sign in text for sign in marker or "_&~"):
        return text, None
    for found in _NAMED.finditer(text):
        if marker in (None, found[1]):
            return text[: found.start()] + text[found.end() :], Accelerator(found[1], found[2])
    places = [found for found in _MARKED.finditer(text) if marker in (None, found[1])]
    places = [found for found in places if not _is_literal(text, found.start(), found[1], marker)]
    if len(places) != 1:  # two markers are those of an identifier, or of a list of labels
        return text, None
    at = places[0].start()
    return text[:at] + text[at + 1 :], Accelerator(places[0][1], places[0][2])


def _is_literal(text: str, at: int, sign: str, marker: str | None) -> bool:
    """Return whether a marker at this place of a text is a sign of its own."""
    if text.count(sign) > 1 and sign != "&":
        return True
    before = text[at - 1 : at]
    if not before or not (before.isalnum() or before in "./\\%-"):
        return False
    if text[at - 2 : at - 1] == "%":  # %s_name
        return True
    if sign == "&":  # R&D, AT&T
        return before.isupper() and text[at + 1].isupper()
    if sign == "~":
        return not before.isalpha()
    if before in "./\\%-" or before.isdigit():
        return before != "-"
    if marker:
        return False
    word = next((found[0] for found in _IDENTIFIER.finditer(text) if found.start() < at < found.end()), "")
    # "Pre_ferences" and "Sa_ve as" are labels, "foo_bar" is a name.
    return bool(word) and not word[:1].isupper()


def put_accelerator(
    text: str, accelerator: Accelerator, language: str | None = None, kept: Iterable[tuple[int, int]] = ()
) -> str:
    """Return a label with an accelerator: the same letter where a word begins with it, else the first letter.

    Languages that are not written in letters name the letter of the source at the end, before an ellipsis or
    a colon.

    Args:
        text: The label without an accelerator.
        accelerator: The accelerator of the source.
        language: The language of the label.
        kept: The characters [start, end) that are no words, such as placeholders and markup.
    """
    marker, letter = accelerator
    spans = list(kept)
    places = [
        index
        for index, character in enumerate(text)
        if character.isalpha() and not any(start <= index < end for start, end in spans)
    ]
    latin = [index for index in places if unicodedata.category(text[index]) != "Lo"]
    if base_language(language or "") in _UNSPACED or not latin:
        tail = _TAIL.search(text)
        at = tail.start() if tail else len(text)
        return f"{text[:at]}({marker}{letter.upper()}){text[at:]}"
    first = [index for index in latin if not text[index - 1 : index].isalnum() or index == 0]
    same = [index for index in first if text[index].casefold() == letter.casefold()]
    inside = [index for index in latin if text[index].casefold() == letter.casefold()]
    at = next(iter([*same, *first, *inside, *latin]))
    return text[:at] + marker + text[at:]
