"""Files of translation memories: TMX, catalogues of gettext (PO, MO), tables (TSV) and JSON lines.

    TSV     source, tab, target, and perhaps a context; a first row may name the languages: en, tab, de
    JSONL   {"source": "...", "target": "...", "context", "origin", "source_language", "target_language"},
            or {"en": "...", "de": "..."}

Only what is translated is taken: no fuzzy or obsolete entry of a catalogue, no header.
"""

import json
import os
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.inference.memory.entries import MemoryEntry, sides_of
from seq2seq.inference.memory.memory import MemoryUnit, TranslationMemory
from seq2seq.inference.memory.tmx import read_tmx, write_tmx
from seq2seq.storage.atomic import replace_file
from seq2seq.text.compression import open_file, without_compression
from seq2seq.text.languages import is_language_code

if TYPE_CHECKING:
    import polib

READABLE = ".tmx, .po, .mo, .tsv or .jsonl"
WRITABLE = ".tmx or .jsonl"
_PO_LINE = re.compile(
    r"\ufeff?\s*(?:#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?\"(?:[^\"\\]|\\.)*+\"\s*)?",
    re.DOTALL,
)
Direction = tuple[str, str]  # source and target language
_ROLES = {"source": 0, "target": 1}


def read_units(
    path: str | os.PathLike[str], source_language: str | None, target_language: str | None
) -> Iterator[MemoryUnit]:
    """Yield the units of a file in a direction.

    Raises:
        ValueError: The file cannot be read, or has no unit of these languages.
    """
    path = Path(path)
    languages: set[str] = set()
    found = False
    for entry in read_entries(path):
        sides = sides_of(entry, source_language, target_language)
        if sides is None:
            languages.update(code for code, _ in entry.texts if len(languages) < 20)
            continue
        found = True
        yield MemoryUnit(*sides, entry.context, entry.origin or path.name)
    if not found:
        raise ValueError(no_units(path, source_language, target_language, languages))


def load_directions(
    paths: Iterable[str | os.PathLike[str]], directions: Sequence[Direction]
) -> dict[Direction, TranslationMemory]:
    """Read files once and return a memory of each direction that they have.

    A catalogue of gettext does not name the language of its sources, which is English.

    Raises:
        ValueError: A file cannot be read, has no unit of any direction, or names no languages though there
            are several directions.
    """
    memories: dict[Direction, TranslationMemory] = {}
    for path in map(Path, paths):
        served: dict[tuple[str, ...], list[Direction]] = {}  # by the languages of an entry
        for entry in read_entries(path):
            languages = tuple(language for language, _ in entry.texts)
            if len(languages) < 2:
                continue
            if not any(languages) and len(directions) > 1:
                raise ValueError(
                    f"{path} names no languages, and there are {len(directions)} directions; begin it with a "
                    "line such as en, a tab, de"
                )
            if not languages[0] and any(languages):
                entry = entry._replace(texts=(("en", entry.texts[0][1]), *entry.texts[1:]))
            if languages not in served:
                served[languages] = [pair for pair in directions if sides_of(entry, *pair)]
            for pair in served[languages]:
                source, target = sides_of(entry, *pair) or ("", "")
                memory = memories.setdefault(pair, TranslationMemory(*pair))
                memory.add(source, target, entry.context, entry.origin or path.name)
        if not any(served.values()):
            pairs = ", ".join(f"{source} to {target}" for source, target in directions)
            named = ", ".join(sorted({code for codes in served for code in codes if code})[:8])
            raise ValueError(
                f"{path} has no unit of the languages served ({pairs}), but of {named or 'none'}; "
                "name another memory"
            )
    return memories


def no_units(path: Path, source: str | None, target: str | None, languages: Iterable[str]) -> str:
    """Return the message about a file without units of a direction."""
    named = ", ".join(sorted(filter(None, languages))[:8])
    has = f"its languages are {named}" if named else "it has no translated text"
    return f"{path} has no unit from {source} to {target}: {has}; name other languages or another memory"


def read_entries(path: str | os.PathLike[str]) -> Iterator[MemoryEntry]:
    """Yield the entries of a file in all its languages.

    Raises:
        ValueError: The file cannot be read, or is of another format.
    """
    path = Path(path)
    name = without_compression(path.name)
    if name.endswith(".tmx"):
        return read_tmx(path)
    if path.suffix.lower() in (".po", ".mo"):
        return _read_catalog(path)
    if name.endswith((".tsv", ".tab")):
        return _read_tsv(path)
    if name.endswith((".jsonl", ".ndjson")):
        return _read_jsonl(path)
    raise ValueError(f"{path} is no translation memory; give a file that ends in {READABLE}")


def save_memory(memory: TranslationMemory, path: str | os.PathLike[str]) -> None:
    """Write a memory to a file, TMX or JSON lines, which is replaced as a whole.

    Raises:
        ValueError: The file's ending is another, or it cannot be written.
    """
    path = Path(path)
    check_writable(path)
    source, target = memory.source_language or "und", memory.target_language or "und"
    entries = (
        MemoryEntry(((source, unit.source), (target, unit.target)), unit.context, unit.origin)
        for unit in memory.units()
    )
    pieces = write_tmx(entries, source) if path.suffix.lower() == ".tmx" else map(json_line, entries)
    try:
        replace_file(path.resolve(), b"".join(pieces))  # resolved, so that a link stays one
    except OSError as error:
        raise ValueError(
            f"{path} could not be written ({error.strerror or error}), what was there before is unchanged; "
            "choose another place"
        ) from error


def check_writable(path: Path) -> None:
    """Refuse a path to which no memory can be written.

    Raises:
        ValueError: Its ending is that of no format, or its folder is not there or not writable.
    """
    if path.suffix.lower() not in (".tmx", ".jsonl"):
        raise ValueError(f"{path} cannot be written as a translation memory; name a file in {WRITABLE}")
    folder = path.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        problem = "is not writable" if folder.is_dir() else "does not exist"
        raise ValueError(f"{path} could not be written: its folder {problem}; choose another place")


def json_line(entry: MemoryEntry) -> bytes:
    """Return a line of JSON with the source, target and languages of an entry; all in ASCII."""
    (source_language, source), (target_language, target) = entry.texts
    values = {
        "source_language": source_language,
        "target_language": target_language,
        "source": source,
        "target": target,
        "context": entry.context,
        "origin": entry.origin,
    }
    return json.dumps({name: value for name, value in values.items() if value}).encode() + b"\n"


def _read_catalog(path: Path) -> Iterator[MemoryEntry]:
    """Yield the translated entries of a PO or MO file; of plural forms the first and the last."""
    import polib  # on use: most memories are none

    if not path.is_file():  # polib would read the name as a catalogue
        raise ValueError(f"cannot read {path}: no such file; check the path")
    try:
        catalog = polib.mofile(str(path)) if path.suffix.lower() == ".mo" else _checked_catalog(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not {error.encoding}, as its header says; convert it first") from None
    except (OSError, ValueError, IndexError, ArithmeticError, MemoryError, struct.error) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
        raise ValueError(f"cannot read {path}: {reason}; repair it (msgfmt -c shows where)") from None
    language = str(catalog.metadata.get("Language", "")).strip()
    for entry in catalog:
        # A compiled catalogue has no obsolete and no fuzzy entries.
        if path.suffix.lower() != ".mo" and (entry.obsolete or entry.fuzzy or not entry.translated()):
            continue
        for source, target in _forms(entry):
            yield MemoryEntry((("", source), (language, target)), entry.msgctxt or None)


def _checked_catalog(path: Path) -> "polib.POFile":
    """Return a PO file, of which every line is one: polib cuts a text that does not end.

    Raises:
        ValueError: A line is none; the message has its number.
        UnicodeDecodeError: The charset is not that of the header.
    """
    import polib

    encoding = polib.detect_encoding(str(path))
    for number, line in enumerate(path.read_bytes().decode(encoding).split("\n"), 1):
        if not _PO_LINE.fullmatch(line):
            raise ValueError(f"line {number} is no line of a catalogue, or its text does not end")
    return polib.pofile(str(path), encoding=encoding)


def _forms(entry: "polib.POEntry | polib.MOEntry") -> list[tuple[str, str]]:
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    forms = [text for _, text in sorted(entry.msgstr_plural.items())]
    # One form is that of any number, so it is no translation of the singular.
    singular = [(entry.msgid, forms[0])] if len(forms) > 1 else []
    return [*singular, (entry.msgid_plural, forms[-1])]


def _read_tsv(path: Path) -> Iterator[MemoryEntry]:
    languages = ("", "")
    for number, line in _lines(path):
        cells = line.split("\t")
        if len(cells) < 2:
            raise ValueError(f"{path}, line {number}: give a source, a tab and its translation")
        source, target, *others = cells
        if number == 1 and (named := _named_languages(source, target)):
            languages = named
            continue
        context = others[0].strip() if others else ""
        yield MemoryEntry(((languages[0], source), (languages[1], target)), context or None)


def _named_languages(first: str, second: str) -> tuple[str, str] | None:
    """Return the languages that a table's first row names; no languages for "source", "target"."""
    first, second = first.strip(), second.strip()
    if (first.lower(), second.lower()) == ("source", "target"):
        return "", ""
    return (first, second) if is_language_code(first) and is_language_code(second) else None


def _read_jsonl(path: Path) -> Iterator[MemoryEntry]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except ValueError:
            raise ValueError(f"{path}, line {number}: no JSON; repair the line or remove it") from None
        entry = entry_of_row(row)
        if entry is None:
            raise ValueError(
                f"{path}, line {number}: give source and target, or a text under each language's code"
            )
        yield entry


def entry_of_row(row: object) -> MemoryEntry | None:
    """Return the entry of a line of JSON, None where it has no two texts."""
    texts = _texts_of(row) if isinstance(row, dict) else []
    if len(texts) < 2:
        return None
    assert isinstance(row, dict)
    origin = _text_or_none(row.get("origin") or row.get("program"))
    return MemoryEntry(tuple(texts), _text_or_none(row.get("context")), origin)


def _texts_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the texts of a row with their languages."""
    if all(isinstance(row.get(role), str) for role in _ROLES):
        return [(_text_or_none(row.get(f"{role}_language")) or "", row[role]) for role in _ROLES]
    return [(name, value) for name, value in row.items() if isinstance(value, str) and is_language_code(name)]


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file, perhaps a compressed one, with their numbers, without blank ones."""
    number = 0
    try:
        with open_file(str(path)) as file:
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError:
        raise ValueError(f"line {number} of {path} is not UTF-8; convert it first") from None
