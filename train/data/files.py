r"""Local files as rows of texts: TSV, CSV and JSON-lines tables, and parallel text files, also gzipped.

    bytes --split at \n--> lines --UTF-8--> rows --> (source, target), or a text in each of more languages

The loaders of `datasets` silently change such files, so these formats are read here: its text loader also
splits at U+2028 and \x85 (so that source and target no longer match), its CSV loader turns NA and null into
nothing, its JSON loader turns dates into timestamps, and none names the broken line. A malformed file (a
missing column, invalid UTF-8, bad quoting) is a ValueError with file and line. Bad content (an empty side, a
line of a megabyte) is dropped and counted by the cleaning.
"""

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .packed import TableRow

_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may escape halves of characters, which are no text


def table_kind(file: str) -> str | None:
    """Return a file's kind by its name: "tsv", "csv", "jsonl", "parquet", or None for plain text."""
    name = file.lower().removesuffix(".gz")
    for kind, endings in _ENDINGS.items():
        if name.endswith(endings):
            return kind
    return None


_ENDINGS = {
    "tsv": (".tsv", ".tab"),
    "csv": (".csv",),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet",),
}


def read_table(file: str, columns: TableRow) -> Iterator[TableRow]:
    """Return the named columns of a TSV, CSV or JSON-lines table, row by row, without blank lines.

    Columns that are numbers count from 0 in a table without header; else the first row holds the names.

    Raises:
        ValueError: a line with invalid UTF-8, another number of columns, bad quoting or bad JSON.
    """
    match table_kind(file):
        case "tsv":
            return _by_columns(file, ((n, line.split("\t")) for n, line in _lines(file) if line), columns)
        case "csv":
            return _by_columns(file, _csv_rows(file), columns)
        case _:
            return _json_pairs(file, columns)


def names_of(file: str) -> list[str]:
    """Return the column names of a TSV, CSV or JSON-lines table: its first row, or the keys of that."""
    match table_kind(file):
        case "tsv":
            rows: Iterator[tuple[int, Iterable[str]]] = ((n, line.split("\t")) for n, line in _lines(file))
        case "csv":
            rows = _csv_rows(file)
        case _:
            rows = _json_rows(file)
    return next((list(row) for _, row in rows), [])


def read_side_by_side(*files: str) -> Iterator[TableRow]:
    """Yield line n of every file as a row; ValueError with both counts where one file is longer."""
    readers = [_lines(file) for file in files]
    while True:
        lines = [next(reader, None) for reader in readers]
        row = tuple(line[1] for line in lines if line)
        if len(row) == len(files):
            yield row
        elif row:
            raise ValueError(_uneven(files))
        else:
            return


def read_lines(file: str) -> Iterator[str]:
    """Return the lines of a text file, without their line breaks."""
    return (line for _, line in _lines(file))


def read_texts(file: str) -> Iterator[str]:
    """Yield all texts of a file, whatever its columns: lines, cells of a table, strings of JSON."""
    match table_kind(file):
        case "csv":
            yield from (text for _, row in _csv_rows(file) for text in row)
        case "jsonl":
            yield from (text for _, row in _json_rows(file) for text in _strings(row))
        case "parquet":
            raise ValueError(f"{file} is Parquet; write its texts into a .txt, .tsv or .jsonl file")
        case _:
            yield from (text for line in read_lines(file) for text in line.split("\t"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):  # a list may hold several references
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _uneven(files: TableRow) -> str:
    """Return the message that names two files of different length."""
    counts = [sum(1 for _ in _lines(file)) for file in files]
    other = next(number for number, count in enumerate(counts) if count != counts[0])
    return (
        f"{files[0]} has {counts[0]} lines but {files[other]} has {counts[other]}; "
        "line n of one must translate line n of the other"
    )


def cell(row: Mapping[str, object], column: str, where: str) -> str:
    """Return a column of a row, or of its dictionary "translation"; an empty text for None."""
    nested = row.get("translation")
    if column not in row and isinstance(nested, Mapping):
        row = nested
    if column not in row:
        raise ValueError(f"{where} has no column {column!r} but {sorted(row)}; name them in data.columns")
    value = row[column]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(
            f"{where} has {value!r} in column {column!r}, which is no text; choose another column"
        )
    return value


def _lines(file: str) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line without its line break); only LF and CR LF end a line."""
    try:
        with gzip.open(file) if file.lower().endswith(".gz") else Path(file).open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"{file}, line {number}: invalid UTF-8 at byte {error.start + 1}; convert it to UTF-8"
                    ) from error
                yield number, line.removesuffix("\n").removesuffix("\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{file} is not a whole gzip file ({error}); copy it again") from error
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror or error}; check the path") from error


def _csv_rows(file: str) -> Iterator[tuple[int, list[str]]]:
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in _lines(file):  # noqa: B007 - the number is for the error below
            yield line + "\n"  # a quoted field may run over several lines

    limit = csv.field_size_limit(sys.maxsize)  # a field that is too long is dropped by the cleaning
    try:
        rows = csv.reader(lines(), strict=True)
        for row in rows:
            if row:
                yield number, row
    except csv.Error as error:
        raise ValueError(f"{file}, line {number}: {error}; mend its quoting") from error
    finally:
        csv.field_size_limit(limit)


def _by_columns(file: str, rows: Iterable[tuple[int, list[str]]], columns: TableRow) -> Iterator[TableRow]:
    numbered = all(column.isdecimal() for column in columns)
    indices = [int(column) for column in columns] if numbered else []
    width = 0
    for number, row in rows:
        if not width:
            width = len(row)
            if not numbered:
                indices = [_position(file, row, column) for column in columns]
                continue
            if max(indices) >= width:
                raise ValueError(
                    f"{file}, line {number}: {width} columns, so there is no column {max(indices)} "
                    "counted from 0; check data.columns"
                )
        if len(row) != width:
            raise ValueError(
                f"{file}, line {number}: {len(row)} columns, but the first has {width}; mend or remove it"
            )
        yield tuple(row[column] for column in indices)


def _position(file: str, names: list[str], column: str) -> int:
    if column not in names:
        shown = [name[:40] for name in names[:8]]
        raise ValueError(
            f"{file} has no column {column!r}, its first line is {shown}; name them in "
            "data.columns, by number from 0 if the file has no header"
        )
    return names.index(column)


def _json_pairs(file: str, columns: TableRow) -> Iterator[TableRow]:
    for number, row in _json_rows(file):
        at = f"{file}, line {number},"
        yield tuple(_SURROGATE.sub("", cell(row, column, at)) for column in columns)


def _json_rows(file: str) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in _lines(file):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{file}, line {number}: not JSON ({error}); write one whole object a line"
            ) from error
        if not isinstance(row, dict):
            raise ValueError(f"{file}, line {number}: not a JSON object; write one object a line")
        yield number, row
