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

from seq2seq.documents.encoding import decode
from seq2seq.documents.errors import RefusalError
from seq2seq.documents.html import read_html
from seq2seq.documents.lines import read_lines
from seq2seq.documents.markdown import read_markdown
from seq2seq.documents.subtitles import read_subtitles
from seq2seq.documents.table import read_table
from seq2seq.documents.template import ReportProgress, Template, TranslateTexts, fill_all, texts_of
from seq2seq.documents.values import read_values
from seq2seq.documents.word import read_word

# Supported suffixes, with their media types.
SUPPORTED = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".html": "text/html",
    ".htm": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
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

    def translate(self, translate: TranslateTexts, progress: ReportProgress | None = None) -> bytes:
        """Return the document's bytes with its texts translated, all in one call of `translate`.

        `progress(done, total)` is called after each text.
        """
        return self.assemble(fill_all(self.templates, translate, progress))


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
    progress: ReportProgress | None = None,
) -> TranslatedDocument:
    """Read a document, translate its texts in one call of `translate`, and write it again.

    The name is reduced to `safe_name`. Other arguments and errors are those of `read_document` and
    `Document.translate`.
    """
    document = read_document(safe_name(name), content, column)
    return TranslatedDocument(document.name, document.translate(translate, progress), document.media_type)


def read_document(name: str, content: bytes, column: str | None = None) -> Document:
    """Read a document from its bytes.

    Args:
        name: the file's name; its suffix tells the format, and it stands in errors.
        content: the file's bytes.
        column: the column of a csv or tsv to translate: its header, or a number from 1.

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
        raise RefusalError("file_column", sentence, column)
    media_type = SUPPORTED[suffix]
    if suffix == ".docx":
        return Document(name, media_type, *read_word(content, name))
    decoded = decode(content, name, suffix in (".html", ".htm"))
    template = _read_template(suffix, decoded.text, name, column)
    return Document(name, media_type, [template], lambda filled: decoded.encode(filled[0]))


def safe_name(name: str) -> str:
    """Return the last part of a file name, without folders, control and reserved characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = "".join(character for character in last if character.isprintable() and character not in '<>:"|?*')
    stem, dot, suffix = safe.strip(". ").rpartition(".")
    if not stem:
        return safe.strip(". ")[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}{dot}{suffix}"


def _read_template(suffix: str, text: str, name: str, column: str | None) -> Template:
    match suffix:
        case ".srt":
            return read_subtitles(text, "srt", name)
        case ".vtt":
            return read_subtitles(text, "vtt", name)
        case ".html" | ".htm":
            return read_html(text)
        case ".json":
            return read_values(text, name)
        case ".md":
            return read_markdown(text)
        case ".csv" | ".tsv":
            return read_table(text, name, column)
        case _:
            return read_lines(text)
