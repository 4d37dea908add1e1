r"""Tables of texts and parallel text files: TSV, CSV, JSON lines, JSON arrays, plain lines, also compressed.

    bytes --split at \n--> lines --UTF-8--> rows --> (source, target), or a text in each of more languages

The loaders of `datasets` silently change such files, so these formats are read here: its text loader also
splits at U+2028 and \x85 (so that source and target no longer match), its CSV loader turns NA and null into
nothing, its JSON loader turns dates into timestamps, and none names the broken line. A malformed file (a
missing column, invalid UTF-8, bad quoting) is a ValueError with file and line. Bad content (an empty side, a
line of a megabyte) is read as it is.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seq2seq.text.compression import open_file, without_compression
from seq2seq.text.json_rows import read_json_rows

TableRow = tuple[str, ...]  # texts that translate each other, one per language

_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may escape halves of characters, which are no text
_DELIMITERS = ",;\t|"
_XML = ("<?xml", "<!DOCTYPE", "<tmx", "<xliff", "<html")


def table_kind(file: str) -> str | None:
    """Return a file's kind by its name: "tsv", "csv", "jsonl", "parquet", or None for none of them."""
    name = without_compression(file)
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
    """Return the named columns of a TSV, CSV or JSON table, row by row, without blank lines.

    Columns that are numbers count from 0 in a table without header; else the first row holds the names, whose
    case does not matter. A TSV whose names are quoted is read with quotes. A CSV may be separated by
    semicolons, tabs or bars instead of commas: the first row decides.

    Raises:
        ValueError: a line with invalid UTF-8, another number of columns, bad quoting or bad JSON.
    """
    match table_kind(file):
        case "tsv":
            return _by_columns(file, _tsv_rows(file), columns)
        case "csv":
            return _by_columns(file, _csv_rows(file, _delimiter(file, columns)), columns)
        case _:
            return _json_pairs(file, columns)


def names_of(file: str) -> list[str]:
    """Return the column names of a TSV, CSV or JSON table: its first row, or the keys of that."""
    match table_kind(file):
        case "tsv":
            rows: Iterator[tuple[int, Iterable[str]]] = _tsv_rows(file)
        case "csv":
            rows = _csv_rows(file, _delimiter(file, ()))
        case _:
            rows = read_json_rows(file, read_numbered_lines(file))
    return next((list(row) for _, row in rows), [])


def read_side_by_side(*files: str) -> Iterator[TableRow]:
    """Yield line n of every file as a row.

    Raises:
        ValueError: one file is longer, with both counts, or a file is XML or binary.
    """
    readers = [_text_lines(file) for file in files]
    while True:
        lines = [next(reader, None) for reader in readers]
        row = tuple(line for line in lines if line is not None)
        if len(row) == len(files):
            yield row
        elif row:
            raise ValueError(_uneven(files))
        else:
            return


def read_lines(file: str) -> Iterator[str]:
    """Return the lines of a text file, without their line breaks."""
    return (line for _, line in read_numbered_lines(file))


def read_texts(file: str) -> Iterator[str]:
    """Yield all texts of a file, whatever its columns: lines, cells of a table, strings of JSON."""
    match table_kind(file):
        case "csv":
            yield from (text for _, row in _csv_rows(file, _delimiter(file, ())) for text in row)
        case "jsonl":
            rows = read_json_rows(file, read_numbered_lines(file))
            yield from (text for _, row in rows for text in _strings(row))
        case "parquet":
            raise ValueError(f"{file} is Parquet; write its texts into a .txt, .tsv or .jsonl file")
        case _:
            yield from (text for line in read_lines(file) for text in line.split("\t"))


def read_numbered_lines(file: str) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line without its line break); only LF and CR LF end a line.

    Raises:
        ValueError: the file cannot be read, is damaged, or a line is no UTF-8.
    """
    with open_file(file) as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{file}, line {number}: invalid UTF-8 at byte {error.start + 1}; convert it to UTF-8"
                ) from error
            yield number, line.removesuffix("\n").removesuffix("\r")


def cell(row: Mapping[str, object], column: str, where: str) -> str:
    """Return a column of a row, or of its dictionary "translation"; an empty text for None."""
    nested = row.get("translation")
    if isinstance(nested, Mapping) and _named(column, list(row)) is None:
        row = nested
    name = _named(column, list(row))
    if name is None:
        raise ValueError(f"{where} has no column {column!r} but {sorted(row)}; name them in data.columns")
    value = row[name]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(
            f"{where} has {value!r} in column {column!r}, which is no text; choose another column"
        )
    return value


def _named(column: str, names: Sequence[str]) -> str | None:
    """Return the name of a column as a table has it, in any case; None where it has none or several."""
    if column in names:
        return column
    same = [name for name in names if name.strip().casefold() == column.casefold()]
    return same[0] if len(same) == 1 else None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):  # a list may hold several references
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _text_lines(file: str) -> Iterator[str]:
    """Yield the lines of a text file; ValueError for one whose first line shows that it is something else."""
    for number, line in read_numbered_lines(file):
        if number == 1 and ("\0" in line or line.lstrip().startswith(_XML)):
            what = "binary" if "\0" in line else "XML"
            raise ValueError(
                f"{file} is {what}, not one text a line; give a table, TMX, XLIFF, PO or two text files"
            )
        yield line


def _uneven(files: TableRow) -> str:
    """Return the message that names two files of different length."""
    counts = [sum(1 for _ in read_numbered_lines(file)) for file in files]
    other = next(number for number, count in enumerate(counts) if count != counts[0])
    return (
        f"{files[0]} has {counts[0]} lines but {files[other]} has {counts[other]}; "
        "line n of one must translate line n of the other"
    )


def _tsv_rows(file: str) -> Iterator[tuple[int, list[str]]]:
    _, first = next(read_numbered_lines(file), (1, ""))
    # Texts may begin with a quote, names do not: only these say that cells are quoted.
    if first and all(len(name) > 1 and name[0] == name[-1] == '"' for name in first.split("\t")):
        return _csv_rows(file, "\t")
    return ((number, line.split("\t")) for number, line in read_numbered_lines(file) if line)


def _csv_rows(file: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in read_numbered_lines(file):  # noqa: B007 - the number is for the error below
            yield line + "\n"  # a quoted field may run over several lines

    limit = csv.field_size_limit(sys.maxsize)  # a field that is too long is dropped by the cleaning
    try:
        rows = csv.reader(lines(), strict=True, delimiter=delimiter)
        for row in rows:
            if row:
                yield number, row
    except csv.Error as error:
        raise ValueError(f"{file}, line {number}: {error}; mend its quoting") from error
    finally:
        csv.field_size_limit(limit)


def _delimiter(file: str, columns: TableRow) -> str:
    """Return what separates the cells of a CSV: what gives its first row the wanted columns, else a comma."""
    _, line = next(read_numbered_lines(file), (1, ""))
    rows = {sign: next(csv.reader([line], delimiter=sign), []) for sign in _DELIMITERS}
    if not columns:
        return max(rows, key=lambda sign: len(rows[sign]))
    for sign, row in rows.items():
        if all(column.isdecimal() for column in columns):
            if max(map(int, columns)) < len(row):
                return sign
        elif all(_named(column, row) for column in columns):
            return sign
    return ","


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
    name = _named(column, names)
    if name is None:
        shown = [name[:40] for name in names[:8]]
        raise ValueError(
            f"{file} has no column {column!r}, its first line is {shown}; name them in "
            "data.columns, by number from 0 if the file has no header"
        )
    return names.index(name)


def _json_pairs(file: str, columns: TableRow) -> Iterator[TableRow]:
    for number, row in read_json_rows(file, read_numbered_lines(file)):
        at = f"{file}, line {number},"
        yield tuple(_SURROGATE.sub("", cell(row, column, at)) for column in columns)
