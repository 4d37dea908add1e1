"""E-books (epub): chapters are read as XHTML; titles of the table of contents and of the book are translated.

The book's language becomes the target language. All other files of the archive are kept byte for byte.
"""

import posixpath
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote

from seq2seq.documents.archive import Archive
from seq2seq.documents.encoding import Decoded, decode
from seq2seq.documents.html import read_html
from seq2seq.documents.template import Template
from seq2seq.documents.xml_parts import checked_xml, read_elements

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTER = "application/xhtml+xml"
_CONTENTS = "application/x-dtbncx+xml"
_BOOK_TEXTS = frozenset({"dc:title", "dc:description", "dc:subject"})
_BOOK_CODES = frozenset({"dc:language"})
_LABELS = frozenset({"text", "ncx:text"})  # of docTitle and navLabel
_ENTITY = re.compile(r"<!ENTITY\s", re.IGNORECASE)


class _ManifestItem(NamedTuple):
    """A text of the archive: its name, how it was decoded (None: UTF-8), and its template."""

    path: str
    decoded: Decoded | None
    template: Template


def read_epub(content: bytes, name: str) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read a book: a template for each text of it, and a function from their texts to bytes.

    Raises:
        ValueError: the bytes are not an e-book, or its chapters are encrypted.
    """
    archive = Archive(content, name)
    package = _package_path(archive, name)
    items = [_read_xml(archive, package, partial(read_elements, names=_BOOK_TEXTS, codes=_BOOK_CODES))]
    for path, media_type in _manifest(archive, package):
        if media_type == _CHAPTER:
            items.append(_read_chapter(archive, path))
        elif media_type == _CONTENTS:
            items.append(_read_xml(archive, path, partial(read_elements, names=_LABELS)))

    def assemble(filled: list[str]) -> bytes:
        changed: dict[str, str | bytes] = {
            item.path: item.decoded.encode(text) if item.decoded else text
            for item, text in zip(items, filled, strict=True)
        }
        return archive.write(changed)

    return [item.template for item in items], assemble


def _package_path(archive: Archive, name: str) -> str:
    """Return the name of the file that describes the book."""
    paths: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "rootfile" and "full-path" in attributes:
            paths.append(attributes["full-path"])

    checked_xml(archive.contents.get(_CONTAINER, b"<container/>"), name, start, may_have_type=True)
    path = next((path for path in paths if path in archive.contents), None)
    if path is None:
        raise ValueError(f"{name!r} is not an e-book; save it as .epub")
    return path


def _manifest(archive: Archive, package: str) -> list[tuple[str, str]]:
    """Return the files of a book with their media types, each once."""
    folder = posixpath.dirname(package)
    encrypted = archive.contents.get(_ENCRYPTION, b"").decode("utf-8", "replace")
    items: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] != "item":
            return
        href, media_type = unquote(attributes.get("href", "")), attributes.get("media-type", "")
        path = posixpath.normpath(posixpath.join(folder, href))
        if media_type in (_CHAPTER, _CONTENTS) and path in archive.contents and path != package:
            items[path] = media_type
            if f'"{path}"' in encrypted or f"'{path}'" in encrypted:  # fonts may be: they are kept
                raise ValueError(f"{archive.name!r} is encrypted; use a copy without protection")

    checked_xml(archive.contents[package], archive.name, start, may_have_type=True)
    return list(items.items())


def _read_xml(archive: Archive, path: str, read: Callable[[str], Template]) -> _ManifestItem:
    xml = checked_xml(archive.contents[path], archive.name, may_have_type=True)
    return _ManifestItem(path, None, read(xml))


def _read_chapter(archive: Archive, path: str) -> _ManifestItem:
    decoded = decode(archive.contents[path], archive.name, is_html=True)
    # They are not resolved here, but would be by whatever opens the translation.
    if _ENTITY.search(decoded.text):
        raise ValueError(f"{archive.name!r} holds a document type with entities of its own; save it again")
    return _ManifestItem(path, decoded, read_html(decoded.text, is_xml=True))
