"""JSON: the string values are slots; keys, numbers, order, blanks and escapes stay as they are written.

Left alone are values that are no language: without letters, or a single address, path or @name.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seq2seq.documents.inline import is_address, is_language
from seq2seq.documents.template import Slot, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"(\s*:)?')


@dataclass(frozen=True)
class Value:
    """A string value; `ascii_only` when the document writes other characters as escapes."""

    text: str
    literal: str
    ascii_only: bool

    def write(self, translation: "Translation") -> str:
        """The translation as a JSON string."""
        if translation.text == self.text:
            return self.literal
        written = json.dumps(translation.text, ensure_ascii=self.ascii_only)
        # Half a character cannot be sent; it can only come from the source, where it was an escape.
        return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", written)


def read_values(text: str, name: str) -> Template:
    """A JSON text as its untouched parts and the slots of its string values; ValueError when it is none."""
    try:
        json.loads(text, parse_int=str, parse_float=str)  # numbers are not looked at, however long
    except RecursionError as error:
        raise ValueError(f"{name!r} is nested too deeply; use fewer levels") from error
    except ValueError as error:
        raise ValueError(f"{name!r} is not valid JSON ({error}); correct it") from error
    return list(_parts(text, text.isascii() and "\\u" in text))


def _parts(text: str, ascii_only: bool) -> Iterator[str | Slot]:
    at = 0
    for found in _STRING.finditer(text):
        if found[1] is not None:  # a key
            continue
        value = json.loads(found[0], strict=False)
        if is_language(value) and not is_address(value):
            yield text[at : found.start()]
            yield Value(value, found[0], ascii_only)
            at = found.end()
    yield text[at:]
