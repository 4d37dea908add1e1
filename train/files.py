"""Local files as pairs of texts: TSV, CSV and JSON-lines tables, and text files side by side, also gzipped.

    bytes --split at \\n--> lines --UTF-8--> rows --> (source, target)

These formats are read here and not by the loaders of `datasets`, which would do the wrong thing in silence:
its text loader also splits at U+2028 and \\x85 (so sides drift apart), its CSV loader turns NA and null into
nothing, its JSON loader turns dates into timestamps, and none names the line that is broken. What is broken
(a missing column, invalid UTF-8, bad quoting) is a ValueError with file and line; what is merely bad (an
empty side, a line of a megabyte) is left for cleaning to drop and count.
"""

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

Pair = tuple[str, str]

_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may escape halves of characters, which are no text


def table_kind(file: str) -> str | None:
    """Says what a file is by its name: "tsv", "csv", "jsonl", "parquet", or None for plain text."""
    name = file.lower().removesuffix(".gz")
    for kind, endings in _ENDINGS.items():
        if name.endswith(endings):
            return kind
    return None


_ENDINGS = {
    "tsv": (".tsv", ".tab"),
    "csv": (".csv",),
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet",),
}


def read_table(file: str, columns: tuple[str, str]) -> Iterator[Pair]:
    """Yields the two columns of a table, as `read_rows` does."""
    return ((row[0], row[1]) for row in read_rows(file, columns))


def read_rows(file: str, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yields the columns asked for of a TSV, CSV or JSON-lines table, blank lines left out.

    Columns that are numbers count from 0 in a table without header; else the first row holds the names.
    ValueError names the line with invalid UTF-8, another number of columns, bad quoting or bad JSON.
    """
    match table_kind(file):
        case "tsv":
            return _by_columns(file, ((n, line.split("\t")) for n, line in read_lines(file) if line), columns)
        case "csv":
            return _by_columns(file, _csv_rows(file), columns)
        case _:
            return _json_rows(file, columns)


def read_side_by_side(source_file: str, target_file: str) -> Iterator[Pair]:
    """Yields line n of one file with line n of the other; ValueError with both counts where one is longer."""
    sources, targets = read_lines(source_file), read_lines(target_file)
    for source, target in zip_longest(sources, targets):
        if source is None or target is None:
            have = (source or target)[0] - 1
            rest = sum(1 for _ in (targets if source is None else sources)) + 1
            counts = (have, have + rest) if source is None else (have + rest, have)
            raise ValueError(
                f"{source_file} has {counts[0]} lines but {target_file} has {counts[1]}; "
                "line n of one must translate line n of the other"
            )
        yield source[1], target[1]


def cell(row: Mapping[str, object], column: str, where: str) -> str:
    """Gives a column of a row, or of its dictionary "translation"; nothing is an empty text."""
    nested = row.get("translation")
    if column not in row and isinstance(nested, Mapping):
        row = nested
    if column not in row:
        raise ValueError(
            f"{where} has no column {column!r} but {sorted(row)}; name the two columns in data.columns"
        )
    value = row[column]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(
            f"{where} has {value!r} in column {column!r}, which is no text; choose another column"
        )
    return value


def read_lines(file: str) -> Iterator[tuple[int, str]]:
    """Yields (number from 1, line without its end); only LF and CR LF end a line."""
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
        for number, line in read_lines(file):  # noqa: B007 - the number is for the error below
            yield line + "\n"  # a quoted field may run over several lines

    limit = csv.field_size_limit(sys.maxsize)  # a field too long is for cleaning to drop
    try:
        rows = csv.reader(lines(), strict=True)
        for row in rows:
            if row:
                yield number, row
    except csv.Error as error:
        raise ValueError(f"{file}, line {number}: {error}; mend its quoting") from error
    finally:
        csv.field_size_limit(limit)


def _by_columns(
    file: str, rows: Iterable[tuple[int, list[str]]], columns: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    numbered = all(column.isdecimal() for column in columns)
    places, width = [int(column) if numbered else 0 for column in columns], 0
    for number, row in rows:
        if not width:
            width = len(row)
            if not numbered:
                places = [_position(file, row, column) for column in columns]
                continue
            if max(places) >= width:
                raise ValueError(
                    f"{file}, line {number}: {width} columns, so there is no column {max(places)} "
                    "counted from 0; check data.columns"
                )
        if len(row) != width:
            raise ValueError(
                f"{file}, line {number}: {len(row)} columns, but the first has {width}; mend or remove it"
            )
        yield tuple(row[place] for place in places)


def _position(file: str, names: list[str], column: str) -> int:
    if column not in names:
        shown = [name[:40] for name in names[:8]]
        raise ValueError(
            f"{file} has no column {column!r}, its first line is {shown}; name the two columns in "
            "data.columns, by number from 0 if the file has no header"
        )
    return names.index(column)


def _json_rows(file: str, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for number, line in read_lines(file):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{file}, line {number}: not JSON ({error}); mend or remove it") from error
        if not isinstance(row, dict):
            raise ValueError(f"{file}, line {number}: not a JSON object; write one object a line")
        texts = (cell(row, column, f"{file}, line {number},") for column in columns)
        yield tuple(_SURROGATE.sub("", text) for text in texts)
