"""Plain text: every line is a slot; line ends, blank lines, indents and trailing blanks are kept.

Lines are translated one by one, as everywhere in this package, so a paragraph should stand on one line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seq2seq.documents.inline import is_language
from seq2seq.documents.template import Slot, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_WHOLE_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")


@dataclass(frozen=True)
class Line:
    """A slot for a line without the blanks around it."""

    text: str

    def write(self, translation: "Translation") -> str:
        """Return the translation itself."""
        return translation.text


def whole_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends; only CR and LF end one."""
    return _WHOLE_LINE.findall(text)


def read_lines(text: str) -> Template:
    """Read a text into the slots of its lines and what is between them."""
    return list(_parts(text))


def _parts(text: str) -> Iterator[str | Slot]:
    for line in text.splitlines(keepends=True):
        inner = line.strip()
        if not is_language(inner):
            yield line
            continue
        start = len(line) - len(line.lstrip())
        yield line[:start]
        yield Line(inner)
        yield line[start + len(inner) :]
