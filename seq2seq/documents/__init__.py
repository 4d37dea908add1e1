"""Documents: read a file's texts, and write the same file with their translations.

    bytes --decode--> text --read--> untouched parts and slots --translate--> text --encode--> bytes

There is one module for each format; its docstring tells what is not translated. Whatever cannot be read is a
ValueError of one sentence that names a remedy. Nothing here loads torch: a translator is passed in as a
function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from seq2seq.documents.catalogs import MEDIA_TYPES
from seq2seq.documents.encoding import decode
from seq2seq.documents.errors import RefusalError
from seq2seq.documents.html import read_html
from seq2seq.documents.lines import read_lines
from seq2seq.documents.markdown import read_markdown
from seq2seq.documents.subtitles import read_subtitles
from seq2seq.documents.table import read_table
from seq2seq.documents.template import ReportProgress, Template, TranslateTexts, fill_all, texts_of
from seq2seq.documents.values import read_values

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
# Supported suffixes, with the media types of what is written.
SUPPORTED = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".docm": "application/vnd.ms-word.document.macroEnabled.12",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ".odt": f"{_ODF}.text",
    ".odp": f"{_ODF}.presentation",
    ".ods": f"{_ODF}.spreadsheet",
    ".epub": "application/epub+zip",
    ".pdf": "text/plain",
}
# Catalogs of strings; JSON is read as JSON, whatever its keys are for.
CATALOGS = frozenset(MEDIA_TYPES) - set(SUPPORTED)
SUPPORTED |= {ending: MEDIA_TYPES[ending] for ending in MEDIA_TYPES if ending in CATALOGS}
WRITTEN_AS = {".pdf": ".txt", ".pot": ".po"}  # suffixes of what is written in another format
ARCHIVES = frozenset({".docx", ".docm", ".pptx", ".pptm", ".odt", ".odp", ".ods", ".epub"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
LONGEST_NAME = 100  # characters


@dataclass(frozen=True)
class Document:
    """A document that was read: templates of its texts, and a function from filled templates to bytes."""

    name: str
    media_type: str
    templates: list[Template]
    assemble: Callable[[list[str]], bytes]

    @property
    def texts(self) -> list[str]:
        """The texts to be translated, in order."""
        return texts_of(self.templates)

    def translate(
        self, translate: TranslateTexts, progress: ReportProgress | None = None, target: str | None = None
    ) -> bytes:
        """Return the document's bytes with its texts translated, all in one call of `translate`.

        `progress(done, total)` is called after each text. `target` is the code of the target language, for
        formats that declare theirs; None keeps it.
        """
        return self.assemble(fill_all(self.templates, translate, progress, target))


class TranslatedDocument(NamedTuple):
    """A translated document: a file name without folders, its bytes and its media type."""

    name: str
    content: bytes
    media_type: str


def translate_document(
    name: str,
    content: bytes,
    translate: TranslateTexts,
    *,
    column: str | None = None,
    target: str | None = None,
    progress: ReportProgress | None = None,
) -> TranslatedDocument:
    """Read a document, translate its texts in one call of `translate`, and write it again.

    The name is reduced to `safe_name` and then, with a `target` language, changed to `translated_name`.
    Other arguments and errors are those of `read_document` and `Document.translate`.
    """
    document = read_document(safe_name(name), content, column, target)
    written = document.translate(translate, progress, target)
    return TranslatedDocument(translated_name(document.name, target), written, document.media_type)


def read_document(
    name: str, content: bytes, column: str | None = None, target: str | None = None
) -> Document:
    """Read a document from its bytes.

    Args:
        name: the file's name; its suffix tells the format, and it stands in errors.
        content: the file's bytes.
        column: the column of a csv or tsv to translate: its header, or a number from 1.
        target: the code of the target language, for the plural forms of a catalog.

    Raises:
        ValueError: the format is not supported, the bytes are not of that format, or there is no such
            column.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUPPORTED:
        supported = ", ".join(SUPPORTED)
        sentence = f"{name!r} is not a supported document; use one of {supported}"
        raise RefusalError("file_kind", sentence, supported)
    if column is not None and suffix not in (".csv", ".tsv"):
        sentence = f"column is {column!r}, but {name!r} has no columns; leave it out"
        raise RefusalError("file_columns", sentence, column)
    if suffix in CATALOGS:
        from seq2seq.documents.catalog_strings import read_catalog_document

        return Document(name, SUPPORTED[suffix], *read_catalog_document(content, name, target))
    if read := _reader(suffix):
        return Document(name, SUPPORTED[suffix], *read(content, name))
    decoded = decode(content, name, suffix in _HTML)
    template = _read_template(suffix, decoded.text, name, column)
    media_type = SUPPORTED[suffix]
    if decoded.encoding != "utf-8":  # whoever receives text is told UTF-8 unless it says otherwise
        media_type = f"{media_type}; charset={decoded.charset}"
    return Document(name, media_type, [template], lambda filled: decoded.encode(filled[0]))


def is_text(name: str) -> bool:
    """Return whether the translation of a document of this name is text, and not an archive."""
    return PurePath(name).suffix.lower() not in ARCHIVES


def translated_name(name: str, target: str | None) -> str:
    """Return the name of a translation: report.de.docx for report.docx in the language de."""
    path = PurePath(name)
    language = f".{target}" if target else ""
    return f"{path.stem}{language}{WRITTEN_AS.get(path.suffix.lower(), path.suffix)}"


def safe_name(name: str) -> str:
    """Return the last part of a file name, without folders, control and reserved characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = "".join(character for character in last if character.isprintable() and character not in '<>:"|?*')
    stem, dot, suffix = safe.strip(". ").rpartition(".")
    if not stem:
        return safe.strip(". ")[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}{dot}{suffix}"


def _reader(
    suffix: str,
) -> Callable[[bytes, str], tuple[list[Template], Callable[[list[str]], bytes]]] | None:
    """Return the reader of a format that is not text; each is imported on use."""
    match suffix:
        case ".docx" | ".docm":
            from seq2seq.documents.word import read_word

            return read_word
        case ".pptx" | ".pptm":
            from seq2seq.documents.slides import read_slides

            return read_slides
        case ".odt" | ".odp" | ".ods":
            from seq2seq.documents.open_document import read_open_document

            return read_open_document
        case ".epub":
            from seq2seq.documents.epub import read_epub

            return read_epub
        case ".pdf":
            from seq2seq.documents.pdf import read_pdf

            return read_pdf
        case _:
            return None


def _read_template(suffix: str, text: str, name: str, column: str | None) -> Template:
    match suffix:
        case ".srt":
            return read_subtitles(text, "srt", name)
        case ".vtt":
            return read_subtitles(text, "vtt", name)
        case ".html" | ".htm" | ".xhtml":
            return read_html(text, suffix == ".xhtml")
        case ".json":
            return read_values(text, name)
        case ".md" | ".markdown":
            return read_markdown(text)
        case ".csv" | ".tsv":
            return read_table(text, name, column)
        case _:
            return read_lines(text)
