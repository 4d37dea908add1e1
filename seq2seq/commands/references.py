"""A table of sources and references: a row a pair, rows with the same source are its several references.

    mr,ref
    "name[The Mill], food[French]","The Mill serves French food."
    "name[The Mill], food[French]","At The Mill you eat French."

CSV with quotes (a field may run over lines) or TSV without, plain or gzipped; the first row names columns.
"""

import csv
import io
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from seq2seq.commands.lines import read_bytes


class References(NamedTuple):
    """Sources, and lists of references side by side: the k-th of each source, None where it has fewer."""

    sources: list[str]
    references: list[list[str | None]]


def read_references(path: str, columns: list[str] | None = None) -> References:
    """The sources of a table, each once and in order, with their references.

    `columns` are the names of source and reference, by default the first two. ValueError names what is
    wrong with the table: not to be read, not UTF-8, a column missing, a row of another width, no row.
    """
    rows = _rows(path)
    names = next(rows, (0, []))[1]
    source, reference = _places(path, names, columns)
    found: dict[str, list[str]] = {}
    for number, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"{path}, line {number}: {len(row)} columns, the first row has {len(names)}; mend its quoting"
            )
        found.setdefault(row[source], []).append(row[reference])
    if not found:
        raise ValueError(f"{path} holds no pairs; check the file")
    return References(list(found), [list(several) for several in zip_longest(*found.values())])


def _places(path: str, names: list[str], columns: list[str] | None) -> tuple[int, int]:
    wanted = columns if columns is not None else names[:2]
    missing = [name for name in wanted if name not in names]
    if missing or len(wanted) != 2:
        raise ValueError(
            f"{path} has the columns {', '.join(names) or 'none'}, and asked for is {','.join(wanted)}; "
            "name two, source and reference, with --columns"
        )
    return names.index(wanted[0]), names.index(wanted[1])


def _rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of their last line."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 at byte {error.start + 1}; convert it") from error
    if Path(path.removesuffix(".gz")).suffix in (".tsv", ".tab"):
        lines = enumerate(text.removesuffix("\n").split("\n"), 1)
        yield from ((number, line.removesuffix("\r").split("\t")) for number, line in lines if line)
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield from ((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}; mend its quoting") from error
    finally:
        csv.field_size_limit(limit)
