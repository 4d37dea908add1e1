"""Documents translated: the same file comes back, its texts in the other language.

    bytes --decode--> text --read--> untouched parts and slots --translate--> text --encode--> bytes

One file a format; each says what it leaves alone. Whatever cannot be read is a ValueError that says what to
do.
"""

from pathlib import PurePosixPath
from typing import NamedTuple

from seq2seq.documents.encoding import decode
from seq2seq.documents.errors import RefusalError
from seq2seq.documents.html import read_html
from seq2seq.documents.lines import read_lines
from seq2seq.documents.markdown import read_markdown
from seq2seq.documents.subtitles import read_subtitles
from seq2seq.documents.table import read_table
from seq2seq.documents.template import ReportProgress, Template, TranslateTexts, fill
from seq2seq.documents.values import read_values
from seq2seq.documents.word import translate_word

# What is taken, by the ending of the name, and the media type it is sent back with.
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
    """A document with its texts translated in one call of `translate`; `name` says by its ending what it is.

    `column` (csv, tsv) is a header or a number from 1. `progress(done, all)` is called after each text.
    ValueError where the name, the bytes or the column cannot be used.
    """
    name = safe_name(name)
    ending = PurePosixPath(name).suffix.lower()
    if ending not in SUPPORTED:
        known = ", ".join(SUPPORTED)
        raise RefusalError("file_kind", f"{name!r} is no document known here; send one of {known}", known)
    if column is not None and ending not in (".csv", ".tsv"):
        sentence = f"column is {column!r}, but {name!r} has no columns; leave it out"
        raise RefusalError("file_column", sentence, column)
    if ending == ".docx":
        return TranslatedDocument(name, translate_word(content, name, translate, progress), SUPPORTED[ending])
    decoded = decode(content, name, ending in (".html", ".htm"))
    template = _read(ending, decoded.text, name, column)
    return TranslatedDocument(name, decoded.encode(fill(template, translate, progress)), SUPPORTED[ending])


def safe_name(name: str) -> str:
    """The last part of a file name, without folders, control characters and signs special to some system."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable() and character not in '<>:"|?*')
    stem, dot, ending = kept.strip(". ").rpartition(".")
    if not stem:
        return kept.strip(". ")[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}"


def _read(ending: str, text: str, name: str, column: str | None) -> Template:
    match ending:
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
