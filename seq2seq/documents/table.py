"""CSV and TSV: the cells of one column are slots; other cells, quotes and line ends are kept.

Spreadsheets run a cell that begins with = + - @ (or their full-width forms, or a tab) as a formula. Such a
cell of the source is not translated. A translation that begins so gets an apostrophe in front, the usual
protection against CSV injection (OWASP), with which spreadsheets show it as text.
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
LONGEST_TITLE = 5  # words of a header
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")
SAMPLED_ROWS = 100  # in which a header is told from data


@dataclass(frozen=True)
class Cell:
    """A slot for a cell: its text, and the same as it is written."""

    text: str
    raw: str
    delimiter: str

    def write(self, translation: "Translation") -> str:
        """Return the translation as a cell, quoted if the source was or if it must be."""
        text = translation.text
        if text == self.text:
            return self.raw
        if text.lstrip().startswith(FORMULA):
            text = f"'{text}"
        if self.raw.startswith('"') or any(sign in text for sign in (self.delimiter, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text


def read_table(text: str, name: str, column: str | None) -> Template:
    """Read a table into its untouched parts and the slots of one column.

    A column is given by its header, or by its number from 1. None stands for the only column of a table that
    has one. A first row that is a header is not translated, however the column is given.

    Raises:
        ValueError: there is no such column, or None was given for a table with several.
    """
    delimiter = "\t" if name.lower().endswith(".tsv") else _delimiter(text)
    header = []
    for raw, end in _cells(text, delimiter):
        header.append(_value(raw) or "")
        if end != delimiter:
            break
    index, has_header = _column_index(header, column, name)
    if not has_header:
        has_header = _is_header(header, _column(text, delimiter, index), index)
    return list(_parts(text, delimiter, index, has_header))


def _is_header(first: list[str], column: list[str], index: int) -> bool:
    """Return whether the first row is a header, and not data.

    Args:
        first: the cells of the first row.
        column: the cells of the column that is translated.
        index: the index of that column.
    """
    title, others = first[index].strip(), column[1:]
    if not others or not title or len(title.split()) > LONGEST_TITLE or title.endswith(SENTENCE_ENDS):
        return False
    if len(first) == 1:  # one word above sentences; a table of single words has no mark of a header
        return len(title.split()) == 1 and any(len(cell.split()) > 1 for cell in others)
    return all(is_language(cell) for cell in first)


def _column(text: str, delimiter: str, index: int) -> list[str]:
    """Return the cells of one column, as many as tell whether it has a header."""
    cells: list[str] = []
    column = 0
    for raw, end in _cells(text, delimiter):
        if column == index:
            cells.append(_value(raw) or "")
            if len(cells) == SAMPLED_ROWS:
                break
        column = column + 1 if end == delimiter else 0
    return cells


def _parts(text: str, delimiter: str, index: int, has_header: bool) -> Iterator[str | Slot]:
    row = column = 0
    for raw, end in _cells(text, delimiter):
        value = _value(raw)
        if column != index or (has_header and row == 0) or value is None or not _is_text(value):
            yield raw
        else:
            yield Cell(value, raw, delimiter)
        yield end
        row, column = (row, column + 1) if end == delimiter else (row + 1, 0)


def _is_text(value: str) -> bool:
    """Return whether a cell is translated: it is neither a formula nor protected from being one."""
    return is_language(value) and not value.lstrip().startswith((*FORMULA, "'"))


def _delimiter(text: str) -> str:
    """Return the delimiter that splits the first row into the most cells."""
    counts = {}
    for delimiter in DELIMITERS:
        ends = (end for _, end in _cells(text, delimiter))
        counts[delimiter] = next((number for number, end in enumerate(ends) if end != delimiter), 0)
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


def _cells(text: str, delimiter: str) -> Iterator[tuple[str, str]]:
    """Yield each cell as it is written, and its end: the delimiter, a line end, or nothing."""
    for match in _pattern(delimiter).finditer(text):
        # An empty match at the end of the text is a cell only after a delimiter, or if there is nothing else.
        if match[0] or match.start() == 0 or text[match.start() - 1] == delimiter:
            yield match[1], match[2]


@cache
def _pattern(delimiter: str) -> re.Pattern[str]:
    sign = re.escape(delimiter)
    quoted = rf'"(?:[^"]|"")*+"(?=[{sign}\r\n]|\Z)'
    return re.compile(rf"({quoted}|[^{sign}\r\n]*+)({sign}|\r\n|\r|\n|\Z)")


def _value(raw: str) -> str | None:
    """Return the text of a cell without its quotes; None if they are unbalanced."""
    if not raw.startswith('"'):
        return raw
    return raw[1:-1].replace('""', '"') if len(raw) > 1 and raw.endswith('"') else None


def _column_index(header: list[str], column: str | None, name: str) -> tuple[int, bool]:
    """Return the index of a column, from 0, and whether it was given by its header."""
    if column is None and len(header) == 1:
        return 0, False
    if column is not None and column in header:
        return header.index(column), True
    if column is not None and column.isdecimal() and 1 <= int(column) <= len(header):
        return int(column) - 1, False
    titles = ", ".join(repr(title[:40]) for title in header[:20])
    remedy = f"choose one of {titles}, or a number from 1 to {len(header)}"
    note = f"{titles}; 1 … {len(header)}"
    if column is None:
        raise RefusalError("file_no_column", f"no column was named in {name!r}; {remedy}", note)
    raise RefusalError("file_column", f"there is no column {column!r} in {name!r}; {remedy}", note)
