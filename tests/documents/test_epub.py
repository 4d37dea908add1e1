"""E-books: chapters, tables of contents and titles are translated, and the archive stays a book."""

import io
import posixpath
import zipfile
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from sample_files import BOOK, CHAPTER, PACKAGE, book, packed
from word_models import identity, mirror, upper

from seq2seq.documents import translate_document

KIND = "application/epub+zip"
XHTML = "{http://www.w3.org/1999/xhtml}"


def opened(content: bytes) -> dict[str, bytes]:
    """Return the entries of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def translated(content: bytes, model) -> bytes:
    """Return a book translated by a model."""
    return translate_document("a.epub", content, model, target="de").content


def test_a_translation_is_a_book() -> None:
    """The kind is the first entry, not deflated; each file of the manifest exists and is well formed."""
    content = translated(book(), upper)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.infolist()[0]
        assert archive.testzip() is None
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert content[30:58] == b"mimetypeapplication/epub+zip"
    entries = opened(content)
    root = ElementTree.fromstring(entries["META-INF/container.xml"])
    (path,) = [element.get("full-path") for element in root.iter() if element.get("full-path")]
    package = ElementTree.fromstring(entries[str(path)])
    items = [element for element in package.iter() if element.tag.endswith("}item")]
    assert len(items) == 4
    for item in items:
        name = posixpath.join(posixpath.dirname(str(path)), unquote(item.get("href", "")))
        if item.get("media-type", "").endswith("xml"):
            ElementTree.fromstring(entries[name])
    assert entries["OEBPS/a.css"] == str(BOOK["OEBPS/a.css"]).encode()


def test_what_is_translated() -> None:
    """Chapters, both tables of contents, the title and the language; authors and identifiers are kept."""
    entries = {name: content.decode() for name, content in opened(translated(book(), mirror)).items()}
    chapter = ElementTree.fromstring(entries["OEBPS/text/one chapter.xhtml"])
    assert [chapter.get("lang"), chapter.get("{http://www.w3.org/XML/1998/namespace}lang")] == ["de", "de"]
    assert chapter.findtext(f".//{XHTML}h1") == "DOGS TWO"
    assert "".join(chapter.find(f".//{XHTML}p").itertext()) == "PLAYS. DOG A"  # type: ignore[union-attr]
    assert '<script src="a.js"/>' in entries["OEBPS/text/one chapter.xhtml"]
    assert 'alt="CAT A"' in entries["OEBPS/text/one chapter.xhtml"]
    assert '<a href="#x">DOGS TWO</a>' in entries["OEBPS/nav.xhtml"]
    assert "<navLabel><text>DOGS TWO</text></navLabel>" in entries["OEBPS/toc.ncx"]
    package = entries["OEBPS/book.opf"]
    assert "<dc:title>DOG A</dc:title>" in package and "<dc:language>de</dc:language>" in package
    assert "<dc:creator>A Man</dc:creator>" in package and "urn:a-dog" in package


def test_a_chapter_in_its_own_encoding() -> None:
    """A chapter is read and written in the encoding that it declares."""
    chapter = CHAPTER.replace("utf-8", "iso-8859-1").replace("two dogs", "caf\xe9 dogs").encode("latin-1")
    content = packed({**BOOK, "OEBPS/text/one chapter.xhtml": chapter}, KIND)
    assert opened(translated(content, identity))["OEBPS/nav.xhtml"] != b""
    result = opened(translated(content, upper))["OEBPS/text/one chapter.xhtml"]
    assert ElementTree.fromstring(result).findtext(f".//{XHTML}h1") == "CAF\xc9 DOGS"


ENCRYPTED = (
    '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData>'
    '<enc:CipherReference URI="{}"/></enc:CipherData></enc:EncryptedData></encryption>'
)
BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"META-INF/container.xml": "<container/>"}, "is not an e-book"),
        ({"OEBPS/book.opf": BOMB + PACKAGE.partition("?>")[2]}, "entities of its own"),
        ({"OEBPS/toc.ncx": BOMB + "<a>&c;</a>"}, "entities of its own"),
        ({"OEBPS/nav.xhtml": BOMB + "<a>&c;</a>"}, "entities of its own"),
        ({"OEBPS/book.opf": PACKAGE[:-9]}, "damaged"),
        ({"META-INF/encryption.xml": ENCRYPTED.format("OEBPS/nav.xhtml")}, "is encrypted"),
    ],
)
def test_hostile_books_are_refused(changed: dict[str, str], sentence: str) -> None:
    """Entities, damage and protection are refused in one sentence."""
    with pytest.raises(ValueError, match=sentence) as caught:
        translated(packed({**BOOK, **changed}, KIND), identity)
    assert "\n" not in str(caught.value)


def test_obfuscated_fonts_are_kept() -> None:
    """A book whose fonts alone are encrypted is translated."""
    content = packed({**BOOK, "META-INF/encryption.xml": ENCRYPTED.format("OEBPS/a.otf")}, KIND)
    assert b"TWO DOGS" in opened(translated(content, upper))["OEBPS/nav.xhtml"]
