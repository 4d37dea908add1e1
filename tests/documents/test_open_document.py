"""OpenDocument, made and read by odfpy and, where it is at hand, by LibreOffice."""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from odf import teletype
from odf.opendocument import OpenDocumentText, load
from odf.text import A, H, Note, NoteBody, NoteCitation, P, S, Span, Tab
from sample_files import SAMPLES, packed, presentation, saved, sheet
from word_models import identity, mirror, upper

from seq2seq.documents import translate_document
from seq2seq.documents.mixed import DEEPEST

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table")
)
DRAW = 'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
SVG = 'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
ODT = "application/vnd.oasis.opendocument.text"


def translated(name: str, content: bytes, model) -> bytes:
    """Return a document translated by a model."""
    return translate_document(name, content, model, target="de").content


def body(inner: str, model) -> str:
    """Return what is inside the text of a document after its translation."""
    root = "office:document-content"
    xml = f"<{root} {SPACES} {DRAW} {SVG}><office:text>{inner}</office:text></{root}>"
    result = translated("a.odt", packed({"content.xml": xml}, ODT), model)
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        content = archive.read("content.xml").decode()
    return content.partition("<office:text>")[2].rpartition("</office:text>")[0]


BODIES = [
    (
        "<text:p>two <text:span>dogs</text:span> play</text:p>",
        "<text:p>PLAY <text:span>DOGS</text:span> TWO</text:p>",
    ),
    ("<text:h>a &amp; b</text:h>", "<text:h>B &amp; A</text:h>"),
    ("<text:p>a b<text:tab/>c d</text:p>", "<text:p>B A<text:tab/>D C</text:p>"),
    ("<text:p>a<text:s/>b</text:p>", "<text:p>B A</text:p>"),
    (
        '<text:p>a <text:bookmark text:name="x y"/>b</text:p>',
        '<text:p><text:bookmark text:name="x y"/>B A</text:p>',
    ),
    (
        "<text:p>two dogs<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>a note</text:p></text:note-body></text:note></text:p>",
        "<text:p>DOGS TWO<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>NOTE A</text:p></text:note-body></text:note></text:p>",
    ),
    (
        "<text:p><draw:frame><draw:text-box><text:p>a box</text:p></draw:text-box>"
        "<svg:title>my title</svg:title></draw:frame>two dogs</text:p>",
        "<text:p><draw:frame><draw:text-box><text:p>BOX A</text:p></draw:text-box>"
        "<svg:title>TITLE MY</svg:title></draw:frame>DOGS TWO</text:p>",
    ),
    ("<text:tracked-changes><text:p>a b</text:p></text:tracked-changes>", None),
    ('<table:table-cell office:value-type="float"><text:p>a b</text:p></table:table-cell>', None),
    ('<table:table-cell table:formula="of:=[.A1]"><text:p>a b</text:p></table:table-cell>', None),
    ("<text:p><text:page-number>a b</text:page-number></text:p>", None),
]


@pytest.mark.parametrize(("source", "expected"), BODIES)
def test_paragraphs(source: str, expected: str | None) -> None:
    """Spans, notes, boxes and breaks of a paragraph are kept at the translations of their words."""
    assert body(source, identity) == source
    assert body(source, mirror) == (expected or source)


def test_other_prefixes() -> None:
    """Names are known by their namespaces, whatever prefixes a document gives them."""
    spaces = SPACES.replace("xmlns:text=", "xmlns:t=").replace("xmlns:office=", "xmlns:o=")
    xml = f"<o:document-content {spaces}><t:p>a <t:span>b</t:span></t:p></o:document-content>"
    result = translated("a.odt", packed({"content.xml": xml}, ODT), mirror)
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert "<t:p><t:span>B</t:span> A</t:p>" in archive.read("content.xml").decode()


def report() -> bytes:
    """Return a text with a title, a heading, a link, a note and blanks."""
    from odf.dc import Title

    document = OpenDocumentText()
    document.meta.addElement(Title(text="my report"))
    document.text.addElement(H(outlinelevel=1, text="two dogs"))
    paragraph = P(text="a ")
    link = A(href="http://a.b", text="dog")
    paragraph.addElement(link)
    paragraph.addText(" plays")
    paragraph.addElement(Tab())
    paragraph.addElement(Span(text="in snow"))
    note = Note(noteclass="footnote")
    note.addElement(NoteCitation(text="1"))
    (inner := NoteBody()).addElement(P(text="a note"))
    note.addElement(inner)
    paragraph.addElement(note)
    document.text.addElement(paragraph)
    (blanks := P(text="one")).addElement(S(c=2))
    blanks.addText("two")
    document.text.addElement(blanks)
    return saved(document)


def test_a_text_read_by_odfpy() -> None:
    """odfpy reads the translation: paragraphs, link, note and title."""
    document = load(io.BytesIO(translated("a.odt", report(), mirror)))
    assert [teletype.extractText(heading) for heading in document.getElementsByType(H)] == ["DOGS TWO"]
    (link,) = document.getElementsByType(A)
    assert (teletype.extractText(link), link.getAttribute("href")) == ("DOG", "http://a.b")
    texts = [teletype.extractText(paragraph) for paragraph in document.getElementsByType(P)]
    assert texts == ["PLAYS DOG A\tSNOW IN1NOTE A", "NOTE A", "TWO ONE"]
    assert "REPORT MY" in str(document.meta)


def test_numbers_and_formulas_of_a_sheet() -> None:
    """Cells of text are translated; numbers, dates, formulas and the sheet's name are kept."""
    document = load(io.BytesIO(translated("a.ods", sheet(), mirror)))
    texts = [teletype.extractText(paragraph) for paragraph in document.getElementsByType(P)]
    assert texts == ["PLAYS. DOG A", "1", "Monday", "a dog plays."]
    from odf.table import Table

    assert document.getElementsByType(Table)[0].getAttribute("name") == "two dogs"


def test_texts_of_masters_are_kept() -> None:
    """Headers of a page style are translated; placeholders of a slide's master are not."""
    space = 'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"'
    frame = '<draw:frame presentation:class="title"><text:p>click here</text:p></draw:frame>'
    styles = f"<office:styles {SPACES} {DRAW} {space}><text:p>a header</text:p>{frame}</office:styles>"
    result = translated("a.odp", packed({"content.xml": "<a/>", "styles.xml": styles}, ODT), mirror)
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.read("styles.xml").decode() == styles.replace("a header", "HEADER A")


def test_the_kind_is_first_and_not_deflated() -> None:
    """The archive's first entry is its media type, stored as it is."""
    content = translated("a.odp", presentation(), upper)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert content[38:].startswith(b"application/vnd.oasis.opendocument.presentation")


def test_deep_nesting() -> None:
    """Points inside points of paragraphs are read to a depth; deeper ones are kept."""
    depth = 2_000
    source = "<text:p>a b<draw:frame>" * depth + "</draw:frame></text:p>" * depth
    assert body(source, upper).count("A B") == DEEPEST + 1
    spans = "<text:span>" * depth + "a b" + "</text:span>" * depth
    assert body(f"<text:p>{spans}</text:p>", upper).count("A B") == 1


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            {"content.xml": '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'},
            "entities of its own",
        ),
        ({"content.xml": "<a>"}, "damaged"),
        ({"content.xml": "<a/>", "META-INF/manifest.xml": "<manifest:encryption-data/>"}, "is encrypted"),
        ({"a": "b"}, "is not an OpenDocument"),
    ],
)
def test_hostile_documents_are_refused(entries: dict[str, str], sentence: str) -> None:
    """Entities, damage and encryption are refused in one sentence."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        translated("a.odt", packed(dict(entries), ODT), identity)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("suffix", [".odt", ".odp", ".ods", ".docx", ".pptx"])
def test_libreoffice_opens_translations(suffix: str, tmp_path: Path) -> None:
    """LibreOffice opens a translation and shows its words."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(translated(path.name, SAMPLES[suffix](), upper))
    kind = "csv" if suffix == ".ods" else "txt:Text" if suffix in (".odt", ".docx") else "pdf"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [str(OFFICE), profile, "--headless", "--convert-to", kind, "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    if kind == "pdf":
        from pypdf import PdfReader

        shown = "".join(page.extract_text() for page in PdfReader(tmp_path / "a.pdf").pages)
    else:
        shown = (tmp_path / f"a.{kind[:3]}").read_text(encoding="utf-8-sig")
    assert "A DOG PLAYS." in " ".join(shown.split())
