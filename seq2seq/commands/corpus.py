"""`seq2seq corpus`: training pairs from what is at hand, cleaned.

    seq2seq corpus /usr/share/locale --languages en,uk --to en-uk.jsonl.gz    installed programs
    seq2seq corpus po/ memory.tmx terms.csv --languages en,de --to en-de.tsv  a project's own files

    folders, files -> rows -> cleaned: no copies, no strings without words, one translation a text -> table

What was taken and what was dropped, and why, is reported on standard error.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from seq2seq.commands.arguments import CommandParser
from seq2seq.commands.corpus_rows import CorpusRow, CorpusRows, report_lines
from seq2seq.documents.bitext import bitext_files, is_bitext, read_bitext_entries, row_of
from seq2seq.documents.locale_folders import is_locale_folder, locale_programs, read_program
from seq2seq.storage.atomic import replacing
from seq2seq.text.compression import packing, without_compression
from seq2seq.text.languages import is_language_code
from seq2seq.text.tables import read_table, table_kind

ENDINGS = (".jsonl", ".tsv")

Source = tuple[str, Callable[[], Iterator[CorpusRow]]]  # its name, and a reader of its rows


def main(argv: Sequence[str]) -> int:
    """Gather rows, clean them and write the table; return the exit code."""
    arguments = _parser().read(argv)
    languages = _languages(arguments)
    if not without_compression(arguments.to.name).endswith(ENDINGS):
        raise ValueError(f"--to is {arguments.to}; give a name that ends in .jsonl or .tsv, or .jsonl.gz")
    if not arguments.to.resolve().parent.is_dir():
        raise ValueError(
            f"--to is {arguments.to}, but there is no folder {arguments.to.parent}; make it first"
        )
    rows, lines = CorpusRows(), []
    for place in arguments.paths:
        before = rows.taken
        named = _sources(place, languages)
        problems = _gather(named, rows)
        if rows.taken == before:
            found = f"none of its {len(named)} files has" if len(named) > 1 else "it has no"
            raise ValueError(
                "; ".join([f"{place}: {found} text in both {' and '.join(languages)}", *problems[:3]])
            )
        lines.append(f"taken {rows.taken - before:,} rows of {len(named)} files of {place}")
        lines += [f"left out: {problem}" for problem in problems]
    lines = report_lines(rows, lines)
    _write(arguments.to, languages, rows.kept())
    print("\n".join(lines), file=sys.stderr)
    print(arguments.to)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        "corpus",
        "Make training pairs of files at hand: folders of installed catalogues (/usr/share/locale), PO, MO, "
        "TMX, XLIFF, tables.",
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a file, or a folder of them")
    parser.add_argument(
        "--languages",
        metavar="A,B",
        required=True,
        help="the languages of a row, source first, such as en,uk",
    )
    parser.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        required=True,
        help="the table to write: .jsonl or .tsv, and .gz, .bz2, .xz or .zst after it to pack it",
    )
    return parser


def _languages(arguments: argparse.Namespace) -> list[str]:
    languages = [code.strip() for code in arguments.languages.split(",")]
    wrong = [code for code in languages if not is_language_code(code)]
    if wrong or len(set(languages)) != len(languages) or len(languages) < 2:
        raise ValueError(f"--languages is {arguments.languages!r}; give two different codes, such as en,uk")
    return languages


def _sources(place: str, languages: Sequence[str]) -> list[Source]:
    """Return the sources of a file or folder.

    Raises:
        ValueError: there is no such file, or its kind is not read.
    """
    if not Path(place).exists():
        raise ValueError(f"there is no {place}; check the path")
    if Path(place).is_dir() and is_locale_folder(place):
        programs = locale_programs(place, languages)
        return [
            (
                program.name,
                lambda program=program: (  # type: ignore[misc]
                    CorpusRow(row, program.name, key[0] or "") for key, row in read_program(program)
                ),
            )
            for program in programs
        ]
    if is_bitext(place):
        return [
            (file, lambda file=file: _bitext_rows(file, languages))  # type: ignore[misc]
            for file in bitext_files(place)
        ]
    if table_kind(place) in ("tsv", "csv", "jsonl"):
        return [(place, lambda: (CorpusRow(row, "") for row in read_table(place, tuple(languages))))]
    raise ValueError(
        f"{place} is no bilingual file that is read; give .po, .mo, .tmx, .xlf, .tsv, .csv, .jsonl, .json, "
        "or a folder"
    )


def _bitext_rows(file: str, languages: Sequence[str]) -> Iterator[CorpusRow]:
    for entry in read_bitext_entries(file):
        row = row_of(entry, languages)
        if row is not None:
            yield CorpusRow(row, entry.origin or Path(file).name.partition(".")[0], entry.context or "")


def _gather(sources: Sequence[Source], rows: CorpusRows) -> list[str]:
    """Add the rows of all sources; return what was wrong with those that could not be read whole.

    Raises:
        ValueError: a source is the only one and cannot be read.
    """
    problems = []
    shown = sys.stderr.isatty()
    for number, (name, read) in enumerate(sources, 1):
        if shown:
            print(f"\r\033[K{number} of {len(sources)}: {name[-60:]}", end="", file=sys.stderr, flush=True)
        try:
            for row in read():
                rows.add(row)
        except ValueError as error:
            if len(sources) == 1:
                raise
            problems.append(str(error))
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return problems


def _write(path: Path, languages: Sequence[str], rows: Iterable[CorpusRow]) -> None:
    """Write the table as a whole or not at all."""
    is_tsv = without_compression(path.name).endswith(".tsv")
    with replacing(path) as file, packing(file, path.name) as stream:
        if is_tsv:
            stream.write(("\t".join(languages) + "\n").encode())
        for row in rows:
            stream.write((_tsv_line(row) if is_tsv else _json_line(row, languages)).encode())


def _json_line(row: CorpusRow, languages: Sequence[str]) -> str:
    """Return a row as JSON, with the program and the context where they are known."""
    origin = {"program": row.program, "context": row.context}
    values = {name: value for name, value in origin.items() if value}
    values |= dict(zip(languages, row.texts, strict=True))
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _tsv_line(row: CorpusRow) -> str:
    """Return a row as TSV; tabs and line breaks, which a TSV cannot hold, become blanks."""
    return "\t".join(" ".join(text.split()) for text in row.texts) + "\n"
