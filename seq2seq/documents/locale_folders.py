"""Folders of compiled catalogues, as programs install them: pairs of any two languages that they hold.

    /usr/share/locale/uk/LC_MESSAGES/nautilus.mo   ("Open", "Відкрити")  -+
    /usr/share/locale/de/LC_MESSAGES/nautilus.mo   ("Open", "Öffnen")    -+- same msgid and context -> a row

The msgid is English. A row of two other languages is joined over msgid and msgctxt, program by program.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seq2seq.documents.bitext import read_bitext_entries
from seq2seq.text.languages import base_language, served_language
from seq2seq.text.tables import TableRow

MSGID_LANGUAGE = "en"
_MESSAGES = "LC_MESSAGES"

MessageKey = tuple[str | None, str]  # msgctxt and msgid


class LocaleProgram(NamedTuple):
    """A program with its catalogue in each of some languages; None for the language of the msgids."""

    name: str
    catalogues: tuple[str | None, ...]


def is_locale_folder(place: str) -> bool:
    """Return whether a folder has compiled catalogues by language: LANGUAGE/LC_MESSAGES/PROGRAM.mo."""
    return any(True for _ in Path(place).glob(f"*/{_MESSAGES}/*.mo"))


def locale_programs(place: str, languages: Sequence[str]) -> list[LocaleProgram]:
    """Return the programs of a folder that have a catalogue in all of some languages, by name.

    Of several folders that serve a language, such as pt_BR and pt, the nearest to its code is taken.
    """
    files: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(Path(place).glob(f"*/{_MESSAGES}/*.mo")):
        files[path.stem][path.parent.parent.name] = str(path)
    programs = []
    for name, by_folder in sorted(files.items()):
        found = tuple(_nearest(by_folder, language) for language in languages)
        needed = [
            file
            for file, language in zip(found, languages, strict=True)
            if base_language(language) != MSGID_LANGUAGE
        ]
        if needed and all(needed):
            programs.append(LocaleProgram(name, found))
    return programs


def read_program(program: LocaleProgram) -> Iterator[tuple[MessageKey, TableRow]]:
    """Yield the messages that a program has in all its languages, each with its context and msgid.

    Raises:
        ValueError: a catalogue cannot be read.
    """
    sides = [_messages(file) if file else None for file in program.catalogues]
    first = next(side for side in sides if side is not None)
    for key in first:
        row = tuple(key[1] if side is None else side.get(key, "") for side in sides)
        if all(text.strip() for text in row):
            yield key, row


def _messages(file: str) -> dict[MessageKey, str]:
    return {(entry.context, entry.texts[0][1]): entry.texts[1][1] for entry in read_bitext_entries(file)}


def _nearest(by_folder: dict[str, str], language: str) -> str | None:
    """Return the catalogue of a language; None where there is none, or where it is that of the msgids."""
    if base_language(language) == MSGID_LANGUAGE:
        return None
    same = language.replace("-", "_").lower()
    serving = [folder for folder in by_folder if served_language(folder.partition(".")[0], [language])]
    nearest = min(serving, key=lambda folder: (folder.lower() != same, len(folder), folder), default=None)
    return by_folder[nearest] if nearest else None
