"""JSON: string values are slots; keys, numbers, order, blanks and escapes are kept as written.

Not translated: values without letters, and single addresses, paths or @names.
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
    """A slot for a string value; `ascii_only` if the document writes other characters as escapes."""

    text: str
    literal: str
    ascii_only: bool

    def write(self, translation: "Translation") -> str:
        """Return the translation as a JSON string."""
        if translation.text == self.text:
            return self.literal
        literal = json.dumps(translation.text, ensure_ascii=self.ascii_only)
        # A lone surrogate cannot be encoded; it comes from an escape in the source and becomes one again.
        return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", literal)


def read_values(text: str, name: str) -> Template:
    """Read a JSON text into its untouched parts and the slots of its string values.

    Raises:
        ValueError: the text is not valid JSON.
    """
    try:
        json.loads(text, parse_int=str, parse_float=str)  # Python refuses to parse integers of 4,300 digits
    except RecursionError as error:
        raise ValueError(f"{name!r} is nested too deeply; use fewer levels") from error
    except ValueError as error:
        raise ValueError(f"{name!r} is not valid JSON ({error}); correct it") from error
    return list(_parts(text, text.isascii() and "\\u" in text))


def _parts(text: str, ascii_only: bool) -> Iterator[str | Slot]:
    position = 0
    for match in _STRING.finditer(text):
        if match[1] is not None:  # a key
            continue
        value = json.loads(match[0], strict=False)
        if is_language(value) and not is_address(value):
            yield text[position : match.start()]
            yield Value(value, match[0], ascii_only)
            position = match.end()
    yield text[position:]
