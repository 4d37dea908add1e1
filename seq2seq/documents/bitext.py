"""Bilingual files as rows of texts: TMX, XLIFF, PO and MO, one file or a folder of them.

    app.po        msgid, msgstr                          -> ("Open", "Öffnen")
    memory.tmx    <tu> with a <tuv> for each language    -> the languages that are asked for
    po/           de.po, fr.po, ...                      -> the rows of the files that have the languages

Only what is translated is taken: no fuzzy or obsolete entry, no header, no target that waits for a review.
Of plural forms the first and the last are, with the singular and the plural. A TMX is read unit by unit,
whatever its size.
"""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

from seq2seq.documents.catalogs import open_catalog
from seq2seq.inference.memory.entries import MemoryEntry, serves, sides_of
from seq2seq.inference.memory.files import read_entries
from seq2seq.inference.memory.tmx import read_tmx
from seq2seq.text.compression import open_file, without_compression
from seq2seq.text.languages import is_language_code
from seq2seq.text.tables import TableRow

BITEXT_ENDINGS = (".tmx", ".xlf", ".xliff", ".po", ".mo")
_EMPTY_ELEMENT = re.compile(r"<[\w:.-]+(?:\s[^<>]*?id=\"([^\"<>]*)\")?[^<>]*/>")
_MOST_NAMED = 8  # languages in an error


def is_bitext(file: str) -> bool:
    """Return whether a file of this name, or the folder, is read as bilingual."""
    return without_compression(file).endswith(BITEXT_ENDINGS) or Path(file).is_dir()


def bitext_files(place: str) -> list[str]:
    """Return the file itself, or the bilingual files in a folder and below it, by name.

    Raises:
        ValueError: the folder holds none.
    """
    if not Path(place).is_dir():
        return [place]
    files = sorted(str(path) for path in Path(place).rglob("*") if path.is_file() and is_bitext(str(path)))
    if not files:
        raise ValueError(f"{place} holds no file that ends in {', '.join(BITEXT_ENDINGS)}; name another")
    return files


def read_bitext(places: Sequence[str], languages: Sequence[str]) -> Iterator[TableRow]:
    """Yield the rows of files and folders that have all of some languages, a text in each, in their order.

    Raises:
        ValueError: a file cannot be read, or one that is named has no row of these languages, nor has any of
            a folder.
    """
    for place in places:
        found = False
        others: set[str] = set()
        for file in bitext_files(place):
            for entry in read_bitext_entries(file):
                row = row_of(entry, languages)
                if row is not None:
                    found = True
                    yield row
                elif len(others) < _MOST_NAMED:
                    others.update(code for code, _ in entry.texts if code)
        if not found:
            raise ValueError(_no_text(place, languages, sorted(others)))


def languages_of(place: str, languages: Sequence[str]) -> list[str]:
    """Return which of some languages a file or folder has texts in."""
    entries = (entry for file in bitext_files(place) for entry in read_bitext_entries(file))
    codes = {code for entry in entries for code, _ in entry.texts}
    return [language for language in languages if any(code and serves(code, language) for code in codes)]


def _no_text(place: str, languages: Sequence[str], others: Sequence[str]) -> str:
    held = f"its languages are {', '.join(others)}" if others else "it has no translated text"
    return f"{place} has no text in both {' and '.join(languages)}: {held}; name other languages or files"


def row_of(entry: MemoryEntry, languages: Sequence[str]) -> TableRow | None:
    """Return the texts of an entry in some languages, None where it lacks one or a text is empty."""
    first, *others = languages
    sides = [sides_of(entry, first, other) for other in others]
    if any(side is None for side in sides):
        return None
    row = tuple(text for side in sides[:1] if side for text in side[:1])
    row += tuple(side[1] for side in sides if side)
    return row if all(text.strip() for text in row) else None


def read_bitext_entries(file: str) -> Iterator[MemoryEntry]:
    """Yield the translated entries of a file, each with its languages as the file or its name tells them.

    Raises:
        ValueError: the file cannot be read.
    """
    name = without_compression(file)
    if name.endswith(".tmx"):
        yield from read_tmx(file)
    elif name.endswith((".xlf", ".xliff")):
        yield from _xliff_entries(file)
    elif not file.lower().endswith((".po", ".mo")):
        raise ValueError(f"{file} is a compressed catalogue; unpack it first")
    else:
        language = language_of_path(file)
        for entry in read_entries(file):
            (_, source), (declared, target) = entry.texts
            # An installed catalogue is of its folder's language; a header may have been left by a template.
            code = declared if _is_locale(declared) and not file.endswith(".mo") else language or ""
            yield entry._replace(texts=(("", source), (code, target)))


def language_of_path(file: str) -> str | None:
    """Return the language that a catalogue's path names: de/LC_MESSAGES/app.mo, app-pt_BR.po, de/app.po."""
    path = Path(file)
    stem = path.name.partition(".po")[0].partition(".mo")[0]
    folders = [folder for folder in reversed(path.parts[:-1]) if folder != "LC_MESSAGES"]
    named = [folders[0]] if "LC_MESSAGES" in path.parts and folders else []
    named += [stem, *(stem[place.end() :] for place in re.finditer(r"[-._]", stem)), *folders[:1]]
    return next((code for code in named if _is_locale(code)), None)


def _is_locale(name: str) -> bool:
    """Return whether a name is that of a language in gettext: pt_BR, sr@latin, de_DE.UTF-8."""
    return is_language_code(re.split("[.@]", name, maxsplit=1)[0].replace("_", "-"))


def _xliff_entries(file: str) -> Iterator[MemoryEntry]:
    with open_file(file) as stream:
        data = stream.read()
    catalog = open_catalog(without_compression(file), data)
    source, target = catalog.source_language or "", catalog.target_language or ""
    for entry in catalog.entries:
        if entry.state == "done":
            texts = (entry.source, entry.targets[-1])
            sides = map(_plain, texts) if entry.markup else texts
            yield MemoryEntry(tuple(zip((source, target), sides, strict=True)), entry.context or None)


def _plain(fragment: str) -> str:
    """Return a fragment of XML as a text: an empty element, which stands for code, as its id in braces."""
    return unescape(_EMPTY_ELEMENT.sub(lambda found: f"{{{found[1] or ''}}}", fragment))
