"""Attribute lists, `name[value], name[value]`: sources that are records rather than sentences.

Any text may be such a list; a drawing of attention then treats each attribute as one word. The codec of a
model (`text/codec.py`) decides whether it takes one as its source.
"""

import contextlib
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from seq2seq.text.normalization import word_spans

_SEPARATOR = re.compile(r"\s*(?:,\s*|$)")


class Attribute(NamedTuple):
    """An attribute with its value, and the positions of both in the text."""

    name: str
    value: str
    name_start: int
    value_start: int
    end: int


def parse_attributes(text: str, noun: str = "attribute") -> list[Attribute]:
    """Parse a text such as `name[The Eagle], food[French]`; names and values keep their spelling.

    Raises:
        ValueError: The text is no attribute list; the message shows where parsing failed.
    """
    attributes: list[Attribute] = []
    position = 0
    while position < len(text) or not attributes:
        opened, closed = text.find("[", position), text.find("]", position)
        name, value = text[position:opened], text[opened + 1 : closed]
        following = _SEPARATOR.match(text, closed + 1)
        if not 0 <= opened < closed or not name.strip() or "," in name or "[" in value or not following:
            raise ValueError(
                f"{text[position:].strip()[:40]!r} is no {noun}; write them as slot[value], slot[value]"
            )
        start = position + len(name) - len(name.lstrip())
        attributes.append(Attribute(name.strip(), " ".join(value.split()), start, opened + 1, closed))
        position = following.end()
    return attributes


def unit_spans(text: str, units: Literal["words", "blanks"]) -> list[tuple[int, int]]:
    """Return the (start, end) of each word; in an attribute list each attribute is a word."""
    if units == "words" and text.rstrip().endswith("]"):
        with contextlib.suppress(ValueError):
            attributes = parse_attributes(text)
            if _is_record(attributes):
                return [(attribute.name_start, attribute.end + 1) for attribute in attributes]
    return word_spans(text, units)


def _is_record(attributes: Iterable[Attribute]) -> bool:
    """Return whether all names are short and touch their bracket.

    Otherwise the text is a sentence that happens to end in one, as in "see Smith [1]".
    """
    return all(
        attribute.name_start + len(attribute.name) + 1 == attribute.value_start
        and len(attribute.name.split()) < 3
        for attribute in attributes
    )
