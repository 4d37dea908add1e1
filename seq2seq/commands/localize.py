"""`seq2seq localize`: fill the strings of catalogs, from memories first and by a model then.

    files -> entries without a translation -> memory, model -> rules -> filled and marked for review -> files

Every file is read before the model is loaded, and written as a whole once all its strings are done; what is
filled when the command is stopped is written, too. A file that cannot be read or written is named, and the
others are done: the exit code is then 1.
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seq2seq.commands import CommandError
from seq2seq.commands.arguments import CommandParser, decode_options
from seq2seq.commands.lines import ProgressCounter
from seq2seq.inference.backends.selection import add_backend
from seq2seq.storage.registry import each_name, find_model

if TYPE_CHECKING:
    from seq2seq.commands.localize_files import CatalogFile
    from seq2seq.inference.localization.suggestions import Origin, Suggester, Suggestion

# The options of the search that have a meaning for labels of all kinds.
OPTIONS = ("beam_size", "length_penalty", "glossary", "keep_words", "banned_words")


def make_parser() -> CommandParser:
    """Return the parser of the command's flags."""
    parser = CommandParser("localize", "Fill the untranslated strings of catalogs (PO, XLIFF, .ts, ...).")
    parser.add_argument("file", nargs="+", metavar="FILE", help="a catalog, or a folder of catalogs")
    parser.add_model(required=False)
    add_backend(parser)
    parser.add_languages()
    parser.add_argument(
        "--memory",
        metavar="FILE",
        action="append",
        default=[],
        help="translations that go before the model: TMX, PO, another catalog, or a table; may be "
        "given several times. The translated strings of the files themselves are always among them",
    )
    parser.add_argument(
        "--only-missing",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="leave strings alone that have a translation marked for review (the default)",
    )
    parser.add_argument(
        "--min-confidence",
        metavar="C",
        type=float,
        help="leave strings empty in which the model's confidence is lower, from 0 to 1",
    )
    parser.add_argument(
        "--comments", action="store_true", help="write origin and confidence beside each string"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--in-place", action="store_true", help="fill the files themselves")
    place.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="a folder for the filled files; by default beside each, app.de.po",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        help="write an HTML page of what was filled, the least sure first",
    )
    _add_learning(parser)
    parser.add_decode_options(names=OPTIONS)
    return parser


def _add_learning(parser: CommandParser) -> None:
    """Add the flags of --learn."""
    group = parser.add_argument_group("learning")
    group.add_argument(
        "--learn",
        action="store_true",
        help="fill nothing; train the model on the translated strings of the files and memories",
    )
    group.add_argument(
        "--base-data",
        metavar="FILE",
        action="append",
        default=[],
        help="pairs like those the model was trained on, mixed in so that it forgets little; may be "
        "given several times",
    )
    group.add_argument(
        "--run-dir", metavar="DIR", type=Path, help="the folder of the training (default runs/localize)"
    )


def main(argv: Sequence[str]) -> int:
    """Fill catalogs, or learn from them; return the exit code."""
    arguments = make_parser().read(argv)
    _check(arguments)
    if arguments.learn:
        from seq2seq.commands.localize_learn import learn

        code: int = learn(arguments)
        return code
    options = decode_options(arguments)
    files, failures = _read(arguments)
    if not files:
        if len(failures) == 1:
            raise CommandError(failures[0])
        return _ended(failures)
    from seq2seq.commands.localize_sources import make_suggester

    suggester = make_suggester(arguments, files, options)
    _load_if_needed(suggester, files)
    stopped = _fill(files, suggester, arguments, failures)
    _summarise(files, arguments)
    if arguments.report:
        from seq2seq.commands.localize_report import write_report

        write_report(arguments.report, files, arguments.target_language)
    ended = _ended(failures)
    return 128 + signal.SIGINT if stopped else ended


def _check(arguments: argparse.Namespace) -> None:
    """Refuse (ValueError) flags that are missing, contradict each other, or would be ignored."""
    if not arguments.target_language:
        raise ValueError("--target-language is missing; name the language to fill, such as de")
    confidence = arguments.min_confidence
    if confidence is not None and not 0 <= confidence <= 1:
        raise ValueError(f"--min-confidence is {confidence:g}; give a number from 0 to 1")
    if arguments.learn:
        given = {"--in-place": arguments.in_place, "--output": arguments.output, "--report": arguments.report}
        for flag, value in given.items():
            if value:
                raise ValueError(f"--learn fills no file, so {flag} has no meaning; leave out one of them")
    else:
        for flag, value in (("--base-data", arguments.base_data), ("--run-dir", arguments.run_dir)):
            if value:
                raise ValueError(f"{flag} is for --learn; add that, or leave it out")
    if arguments.report and arguments.report.is_dir():
        raise ValueError(f"--report {arguments.report} is a folder; name a file, such as report.html")
    for name in each_name(arguments.model) if arguments.model else ():
        find_model(name)


def _read(arguments: argparse.Namespace) -> "tuple[list[CatalogFile], list[str]]":
    """Return the files with their entries, and a sentence for each that cannot be used."""
    from seq2seq.commands.localize_files import (
        CatalogFile,
        Placement,
        check_writable,
        entries_to_fill,
        find_files,
        read_file,
    )

    placement = Placement(arguments.in_place, arguments.output)
    files: list[CatalogFile] = []
    failures: list[str] = []
    taken: dict[Path, Path] = {}
    for found in find_files(arguments.file, arguments.target_language, placement, arguments.source_language):
        path = found.path
        try:
            read = read_file(found, arguments.target_language, placement)
            if read is None:
                continue
            catalog, output = read
            if other := taken.get(output.resolve()):
                if other != path:
                    raise ValueError(f"{other} and {path} would both become {output}; localize one at a time")
                continue
            check_writable(output)
        except (ValueError, CommandError) as error:
            failures.append(_in_one_line(error))
            continue
        taken[output.resolve()] = path
        catalog.set_target_language(arguments.target_language) if not catalog.target_language else None
        pending = entries_to_fill(catalog, only_missing=arguments.only_missing)
        files.append(CatalogFile(path, output, catalog, pending))
    if not files and not failures:
        raise ValueError(
            f"no catalog of {' '.join(arguments.file)} is in {arguments.target_language}; "
            "name another --target-language"
        )
    return files, failures


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _ended(failures: Sequence[str]) -> int:
    """Print what went wrong with some files; return the exit code."""
    for sentence in failures:
        print(f"seq2seq: {sentence}", file=sys.stderr)
    return 1 if failures else 0


def _load_if_needed(suggester: "Suggester", files: "Sequence[CatalogFile]") -> None:
    """Load the model now, unless the memories have every string: what is wrong with it costs no work then."""
    pending = (entry for each in files for entry in each.pending)
    if any(suggester.from_memory(entry) is None for entry in pending):
        suggester.load_strings()


def _fill(
    files: "Sequence[CatalogFile]",
    suggester: "Suggester",
    arguments: argparse.Namespace,
    failures: list[str],
) -> bool:
    """Fill the files and write each when it is complete; return whether the command was stopped.

    A file that could not be written adds its sentence to `failures`.
    """
    total = sum(len(each.pending) for each in files)
    places = ((each, number) for each in files for number in range(len(each.pending)))
    entries = (entry for each in files for entry in each.pending)
    for each in files:
        if not each.pending:
            _write(each, failures)
    try:
        with ProgressCounter("strings done", total, hides_results=False) as counter:
            for (file, number), suggestion in zip(places, suggester.suggest(entries), strict=True):
                _take(file, number, suggestion, arguments)
                counter.add()
                if file.is_complete:
                    _write(file, failures)
    except KeyboardInterrupt:
        print("\nseq2seq: stopped; what is filled is written, the same command goes on", file=sys.stderr)
        for each in _begun(files):
            _write(each, failures)
        return True
    return False


def _begun(files: "Sequence[CatalogFile]") -> "Iterator[CatalogFile]":
    return (each for each in files if each.filled and not each.is_complete)


def _take(file: "CatalogFile", number: int, suggestion: "Suggestion", arguments: argparse.Namespace) -> None:
    """Fill an entry with a suggestion, or note why not."""
    entry = file.pending[number]
    file.suggestions[number] = suggestion
    least = arguments.min_confidence
    if suggestion.problems:
        file.refused[number] = f"breaks a rule: {', '.join(suggestion.problems)}"
        return
    if least is not None and suggestion.origin == "model" and (suggestion.confidence or 0.0) < least:
        file.refused[number] = f"confidence {suggestion.confidence or 0.0:.2f} is below {least:g}"
        return
    note = note_of(suggestion) if arguments.comments else None
    try:
        file.catalog.fill(entry, suggestion.targets, note=note, review=True)
    except ValueError as error:
        file.refused[number] = _in_one_line(error)
        return
    file.filled.append(number)


def note_of(suggestion: "Suggestion") -> str:
    """Return the origin of a suggestion in words, with what is known about its quality."""
    if suggestion.origin == "memory":
        return f"from the memory, {suggestion.match.score if suggestion.match else 100} %"
    if suggestion.origin == "copied":
        return "copied, no words"
    sure = "" if suggestion.confidence is None else f", confidence {suggestion.confidence:.2f}"
    return f"by the model{sure}"


def _write(file: "CatalogFile", failures: list[str]) -> None:
    """Write a file that changed, or that is to be elsewhere."""
    if not file.filled and file.output == file.path:
        return
    try:
        file.write()
    except (CommandError, ValueError) as error:
        file.filled.clear()
        failures.append(_in_one_line(error))


def _summarise(files: "Sequence[CatalogFile]", arguments: argparse.Namespace) -> None:
    """Print a line for each file."""
    for each in files:
        origins = [each.suggestions[number].origin for number in each.filled]
        parts = [f"{origins.count(origin)} {words}" for origin, words in _ORIGINS if origins.count(origin)]
        left = len(each.pending) - len(each.filled)
        unsure = sum("is below" in reason for reason in each.refused.values())
        reasons = [f"{unsure} below {arguments.min_confidence:g}"] if unsure else []
        if len(each.refused) > unsure:
            reasons.append(f"{len(each.refused) - unsure} broke a rule")
        why = f" ({', '.join(reasons)})" if reasons else ""
        parts += [f"{left} left empty{why}"] if left else []
        place = "" if each.output == each.path else f" -> {each.output}"
        counted = ", ".join(parts) or "nothing to fill"
        print(f"{each.path}: {len(each.catalog.entries)} strings, {counted}{place}")


_ORIGINS: "tuple[tuple[Origin, str], ...]" = (
    ("memory", "from the memory"),
    ("model", "by the model"),
    ("copied", "copied"),
)
