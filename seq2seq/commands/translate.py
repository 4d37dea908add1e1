"""`seq2seq translate`: texts of the command line, standard input line by line, or files.

Texts: one line out for each line in, in order, as soon as it is ready.

Files: all are read before the model is loaded, so that a broken one costs nothing. A translation is written
as a whole (`storage.atomic`) once it is complete, so that an interrupted command leaves no part of a file.

    report.docx                             -> report.de.docx beside it, unless that exists
    report.pdf                              -> report.de.txt
    report.docx --output german.docx        -> german.docx, replaced if it exists
    report.docx page.html --output folder   -> folder/report.de.docx and folder/page.de.html
    notes.txt --output -                    -> standard output
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from seq2seq.commands import CommandError
from seq2seq.commands.arguments import (
    CommandParser,
    check_rerank,
    decode_options,
    load_translator,
    set_reranker,
)
from seq2seq.commands.lines import (
    ProgressCounter,
    given_or_arriving,
    in_groups,
    label_of,
    read_bytes,
    results_of,
)
from seq2seq.inference.backends.selection import add_backend
from seq2seq.options import DecodeOptions
from seq2seq.storage.atomic import replace_file

if TYPE_CHECKING:
    from seq2seq.documents import Document
    from seq2seq.inference.memory.memory import TranslationMemory
    from seq2seq.inference.results import Translation
    from seq2seq.inference.translator import Translator

STANDARD_OUTPUT = "-"  # as a value of --output


LONG = 25  # words; shorter texts hardly lose a part, and looking costs a pass over the model


class TranslationNote:
    """Sentences on standard error, on a terminal only, about translations to check.

    They name texts unlike the training texts, and long ones that lost a part.
    """

    def __init__(self) -> None:
        self.is_shown = sys.stderr.isatty()
        self.texts = self.unlike = self.incomplete = 0

    def count(self, translations: "Iterable[Translation]") -> "Iterator[Translation]":
        """Yield translations unchanged, and count those of such texts."""
        for translation in translations:
            self.texts += 1
            self.unlike += translation.is_unlike
            if self.is_shown and len(translation.source.split()) > LONG:
                self.incomplete += translation.is_incomplete
            yield translation

    def print(self) -> None:
        """Print the sentences that apply to any text."""
        if self.unlike and self.is_shown:
            subject = "the text is" if self.texts == 1 else f"{self.unlike} of {self.texts} texts are"
            sentence = f"Note: {subject} unlike what the model was trained on; check the translation."
            print(sentence, file=sys.stderr)
        if self.incomplete:
            subject = "the text" if self.texts == 1 else f"{self.incomplete} of {self.texts} texts"
            sentence = f"Note: the translation of {subject} leaves out a part; --json names it (uncovered)."
            print(sentence, file=sys.stderr)


def make_parser() -> CommandParser:
    """Return the parser of the command's flags."""
    parser = CommandParser(
        "translate", "Translate texts, files, or (without either) standard input line by line."
    )
    parser.add_argument("text", nargs="*", metavar="TEXT", help="a text to translate")
    parser.add_model(required=False)
    add_backend(parser)
    parser.add_languages()
    parser.add_rerank()
    parser.add_argument(
        "--memory",
        metavar="FILE",
        action="append",
        help="a translation memory (tmx, po, mo, tsv, jsonl), which goes before the model: texts that it has "
        "are recalled; may be given several times",
    )
    _add_files(parser)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object a line, with scores and alignment"
    )
    parser.add_argument(
        "--strings",
        action="store_true",
        help="the texts are strings of a program: accelerators (_File), ellipses and blanks around them are "
        "set aside and put back",
    )
    parser.add_argument(
        "--stream",
        action="store_true",
        help="print tokens as they are decoded, without a beam",
    )
    parser.add_decode_options()
    return parser


def _add_files(parser: CommandParser) -> None:
    """Add the flags for files."""
    parser.add_argument(
        "--file",
        metavar="FILE",
        action="append",
        help="a file to translate, its structure kept: txt, md, html, docx, pptx, odt, odp, ods, epub, srt, "
        "vtt, json, csv or tsv, a catalog of strings (po, xliff and others), and the text of a pdf; may be "
        "given several times",
    )
    parser.add_argument(
        "--output",
        metavar="OUT",
        help="the translated file, replaced if it exists; a folder; or - for standard output. By default "
        "report.docx becomes report.de.docx beside it, which must not exist",
    )
    parser.add_argument(
        "--column",
        metavar="C",
        help="the column of a csv or tsv file: its header, or a number from 1",
    )


def main(argv: Sequence[str]) -> int:
    """Translate texts or files; return the exit code."""
    arguments = make_parser().read(argv)
    _check(arguments)
    options = decode_options(arguments)
    check_rerank(arguments, options)
    if arguments.file:
        return _translate_files(arguments, options)
    groups = given_or_arriving(arguments.text, "text")
    translator = load_translator(arguments)
    set_reranker(arguments, translator)
    memory = load_memory(arguments.memory, translator)
    # UTF-8 whatever the locale, as the input is.
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    note = TranslationNote()
    label = label_of(arguments.text, "text")
    with ProgressCounter("lines translated") as counter:
        if arguments.strings:
            lines = _string_lines(translator, groups, options, label, memory)
        else:
            lines = output_lines(translator, groups, options, arguments, label, note, memory)
        for line in lines:
            sys.stdout.write(line)
            sys.stdout.flush()
            counter.add(line.endswith("\n"))
    note.print()
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse (ValueError) flags that contradict each other, or that would be ignored."""
    if arguments.json and arguments.stream:
        raise ValueError("--json and --stream exclude each other; choose one")
    if arguments.strings and (arguments.json or arguments.stream or arguments.file):
        other = "--json" if arguments.json else "--stream" if arguments.stream else "--file"
        raise ValueError(
            f"--strings and {other} exclude each other; leave out one, or fill catalogs by seq2seq localize"
        )
    if arguments.stream and arguments.rerank:
        raise ValueError("--rerank needs whole hypotheses, and --stream shows the first; leave out one")
    if arguments.memory and arguments.stream:
        raise ValueError(f"--memory {arguments.memory[0]} recalls whole texts, --stream none; leave out one")
    for flag, value in (("--output", arguments.output), ("--column", arguments.column)):
        if value is not None and not arguments.file:
            raise ValueError(f"{flag} {value} is for files; name the file with --file, or leave it out")
    for flag, value in (("TEXT", arguments.text), ("--json", arguments.json), ("--stream", arguments.stream)):
        if value and arguments.file:
            raise ValueError(f"--file {arguments.file[0]} and {flag} exclude each other; choose one")


def _string_lines(
    translator: "Translator",
    groups: Iterable[list[str]],
    options: DecodeOptions,
    label: str,
    memory: "TranslationMemory | None",
) -> Iterator[str]:
    """Yield what to print for groups of strings of a program."""
    from seq2seq.commands.localize_tagged import string_lines

    return results_of(groups, lambda group: string_lines(translator, group, options, memory), label)


def output_lines(
    translator: "Translator",
    groups: Iterable[list[str]],
    options: DecodeOptions,
    arguments: argparse.Namespace,
    label: str,
    note: TranslationNote | None = None,
    memory: "TranslationMemory | None" = None,
) -> Iterator[str]:
    """Yield what to print for groups of texts: a line for each or, with --stream, its tokens.

    `label` stands before a text's number in errors. `note` counts the translations.
    """
    if arguments.stream:
        singles = ([text] for group in groups for text in group)
        yield from results_of(singles, lambda one: chain(translator.stream(one[0], options), ["\n"]), label)
        return
    results = _translations(translator, groups, options, label, memory)
    for result in note.count(results) if note else results:
        yield (json.dumps(result.to_json(), ensure_ascii=False) if arguments.json else result.text) + "\n"


def load_memory(paths: Sequence[str] | None, translator: "Translator") -> "TranslationMemory | None":
    """Load the translation memories of some files for the languages of a translator; None for no file.

    Raises:
        ValueError: a file cannot be read, or has no unit of these languages.
    """
    if not paths:
        return None
    from seq2seq.inference.memory.memory import TranslationMemory

    return TranslationMemory.load(paths, translator.source_language, translator.target_language)


def _translations(
    translator: "Translator",
    groups: Iterable[list[str]],
    options: DecodeOptions,
    label: str,
    memory: "TranslationMemory | None",
) -> "Iterator[Translation]":
    """Yield the translations of groups of texts."""
    # Not `translate`, which splits a group again and may refuse its second part after yielding the first.
    return results_of(groups, lambda group: translator.translate_batch(group, options, memory=memory), label)


def _translate_files(arguments: argparse.Namespace, options: DecodeOptions) -> int:
    """Translate files; return the exit code."""
    from seq2seq.documents import CATALOGS, read_document  # on use, so that help needs no parser of documents

    files = [(name, read_bytes(name)) for name in arguments.file]
    asked = arguments.target_language
    # Whatever cannot be read is refused before the model is loaded. Catalogs have the plural forms of their
    # language, and some hold several, so these wait for a model that names it.
    is_known = asked or not any(Path(name).suffix.lower() in CATALOGS for name in arguments.file)
    documents = [read_document(*file, arguments.column, asked) for file in files] if is_known else []
    translator = load_translator(arguments)
    set_reranker(arguments, translator)
    translator.translate([], options)  # refuses options and languages that the model does not take
    language = translator.target_language or translator.settings.target_languages[0]
    outputs = _output_paths(arguments.file, arguments.output, language)
    if not is_known:
        documents = [read_document(*file, arguments.column, language) for file in files]
    note = TranslationNote()
    memory = load_memory(arguments.memory, translator)
    for document, path in zip(documents, outputs, strict=True):
        noun = f"texts of {document.name} translated"
        with ProgressCounter(noun, len(document.texts), hides_results=path is None) as counter:
            content = _translate_document(document, translator, options, counter, language, note, memory)
        if path is None:
            sys.stdout.buffer.write(content)
            continue
        _write(path, content)
        if counter.is_shown:
            print(f"{path} written", file=sys.stderr)
    note.print()
    return 0


def _translate_document(
    document: "Document",
    translator: "Translator",
    options: DecodeOptions,
    counter: ProgressCounter,
    language: str,
    note: TranslationNote,
    memory: "TranslationMemory | None",
) -> bytes:
    """Return a document's bytes with its texts translated."""
    return document.translate(
        lambda texts: note.count(
            _translations(translator, in_groups(texts), options, f"{document.name}, text", memory)
        ),
        lambda done, total: counter.add(),
        language,
    )


def _output_paths(files: Sequence[str], output: str | None, language: str) -> list[Path | None]:
    """Return where the translation of each file is written, None for standard output.

    Raises:
        ValueError: a path cannot be written, is an input, or would hold two translations; or it exists, and
            was not named by --output.
    """
    if output == STANDARD_OUTPUT:
        _check_standard_output(files)
        return [None]
    is_folder = output is not None and Path(output).is_dir()
    if output is not None and not is_folder:
        if len(files) > 1 or output.endswith(os.sep):
            raise ValueError(
                f"--output {output} is not a folder that exists; make it first, or translate one file at a "
                "time into a file"
            )
        paths = [Path(output)]
    else:
        paths = [_translated_path(Path(file), language) for file in files]
        paths = [Path(output) / path.name for path in paths] if output is not None else paths
    taken: dict[Path, str] = {}
    for file, path in zip(files, paths, strict=True):
        _check_output(path, files)
        if path.exists() and path != Path(output or ""):
            raise ValueError(f"{path} exists; name it with --output to replace it, or move it away first")
        if other := taken.get(path.resolve()):
            raise ValueError(f"{other} and {file} would both become {path}; translate them one at a time")
        taken[path.resolve()] = file
    return list(paths)


def _translated_path(path: Path, language: str) -> Path:
    """Return the default path of a translation: the language before the suffix."""
    from seq2seq.documents import translated_name

    return path.with_name(translated_name(path.name, language))


def _check_standard_output(files: Sequence[str]) -> None:
    from seq2seq.documents import is_text

    if len(files) > 1:
        raise ValueError(f"--output - takes one file, but {len(files)} were given; name a folder")
    if sys.stdout.isatty() and not is_text(files[0]):
        raise ValueError(f"--output - would print {files[0]} to the terminal; name a file, or redirect it")


def _check_output(path: Path, files: Sequence[str]) -> None:
    """Refuse (ValueError) a path that cannot be written, now rather than when the translation is complete."""
    folder = path.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        problem = "is not writable" if folder.is_dir() else "does not exist"
        raise ValueError(f"{path} cannot be written: its folder {problem}; choose another with --output")
    if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
        raise ValueError(f"{path} is not a file that can be written; name another with --output")
    for file in files:
        if path.exists() and path.samefile(file):
            raise ValueError(f"{path} is a file to be translated itself; name another with --output")


def _write(path: Path, content: bytes) -> None:
    try:
        replace_file(path.resolve(), content)  # resolved, so that a link stays one
    except OSError as error:
        raise CommandError(
            f"{path} could not be written ({error.strerror or error}), what was there before is unchanged; "
            "free the disk, or choose another place with --output"
        ) from error
