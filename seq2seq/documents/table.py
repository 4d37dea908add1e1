"""CSV and TSV: the cells of one column are slots; other cells, quotes and line ends stay as they are.

Spreadsheets run a cell that begins with = + - @ (or their wide forms, or a tab) as a formula. Such a cell of
the source is kept as it is: it is no sentence, and it does what its author wanted. A translation that begins
so where its source did not gets an apostrophe in front, the usual guard (OWASP, CSV injection), which shows
it as text; so no text ever becomes a formula here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from seq2seq.documents.errors import RefusalError
from seq2seq.documents.inline import is_language
from seq2seq.documents.template import Slot, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

FORMULA = tuple("=+-@\t\r＝＋－＠")
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Cell:
    """A cell to be translated, as it is written and what that says."""

    text: str
    raw: str
    delimiter: str

    def write(self, translation: "Translation") -> str:
        """The translation as a cell, quoted where the source was or where it must be."""
        text = translation.text
        if text == self.text:
            return self.raw
        if text.lstrip().startswith(FORMULA):
            text = f"'{text}"
        if self.raw.startswith('"') or any(sign in text for sign in (self.delimiter, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text


def read_table(text: str, name: str, column: str | None) -> Template:
    """A table as its untouched parts and the slots of one column, named by its header or counted from 1.

    A column given by name has its header in the first row, which stays; one given by number is translated
    from the first row on. None is the only column of a table that has but one. ValueError when there is no
    such column.
    """
    delimiter = "\t" if name.lower().endswith(".tsv") else _delimiter(text)
    header = []
    for raw, end in _cells(text, delimiter):
        header.append(_value(raw) or "")
        if end != delimiter:
            break
    chosen, has_header = _choose(header, column, name)
    return list(_parts(text, delimiter, chosen, has_header))


def _parts(text: str, delimiter: str, chosen: int, has_header: bool) -> Iterator[str | Slot]:
    row = place = 0
    for raw, end in _cells(text, delimiter):
        value = _value(raw)
        if place != chosen or (has_header and row == 0) or value is None or not _is_text(value):
            yield raw
        else:
            yield Cell(value, raw, delimiter)
        yield end
        row, place = (row, place + 1) if end == delimiter else (row + 1, 0)


def _is_text(value: str) -> bool:
    """Whether a cell is to be translated: neither a formula nor what a guard keeps from being one."""
    return is_language(value) and not value.lstrip().startswith((*FORMULA, "'"))


def _delimiter(text: str) -> str:
    """The sign that cuts the first row into the most cells."""
    counts = {}
    for delimiter in DELIMITERS:
        ends = (end for _, end in _cells(text, delimiter))
        counts[delimiter] = next((number for number, end in enumerate(ends) if end != delimiter), 0)
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


def _cells(text: str, delimiter: str) -> Iterator[tuple[str, str]]:
    """Each cell as it is written, and what ends it: the delimiter, a line end, nothing at the end."""
    for found in _pattern(delimiter).finditer(text):
        if found[0] or found.start() == 0 or text[found.start() - 1] == delimiter:
            yield found[1], found[2]


@cache
def _pattern(delimiter: str) -> re.Pattern[str]:
    sign = re.escape(delimiter)
    quoted = rf'"(?:[^"]|"")*+"(?=[{sign}\r\n]|\Z)'
    return re.compile(rf"({quoted}|[^{sign}\r\n]*+)({sign}|\r\n|\r|\n|\Z)")


def _value(raw: str) -> str | None:
    """What a cell says; None where its quotes are broken."""
    if not raw.startswith('"'):
        return raw
    return raw[1:-1].replace('""', '"') if len(raw) > 1 and raw.endswith('"') else None


def _choose(header: list[str], column: str | None, name: str) -> tuple[int, bool]:
    """The number of a column from 0, and whether it was named."""
    if column is None and len(header) == 1:
        return 0, False
    if column is not None and column in header:
        return header.index(column), True
    if column is not None and column.isdecimal() and 1 <= int(column) <= len(header):
        return int(column) - 1, False
    shown = ", ".join(repr(title[:40]) for title in header[:20])
    given = "no column was named" if column is None else f"there is no column {column!r}"
    sentence = f"{given} in {name!r}; choose one of {shown}, or a number from 1 to {len(header)}"
    raise RefusalError("file_column", sentence, f"{shown}; 1 … {len(header)}")
