"""Small documents of formats that are archives, made by the libraries that people make them with."""

import io
import zipfile

import docx
import pptx
from odf.opendocument import OpenDocumentPresentation, OpenDocumentSpreadsheet, OpenDocumentText
from odf.table import Table, TableCell, TableRow
from odf.text import H, P, Span

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)
PACKAGE = (
    '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
    '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">urn:a-dog</dc:identifier>'
    "<dc:title>a dog</dc:title><dc:creator>A Man</dc:creator><dc:language>en</dc:language></metadata>"
    '<manifest><item id="c1" href="text/one%20chapter.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    '<item id="css" href="a.css" media-type="text/css"/></manifest>'
    '<spine toc="ncx"><itemref idref="c1"/></spine></package>'
)
CHAPTER = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en"><head><title>a dog</title>'
    '<script src="a.js"/><link rel="stylesheet" href="../a.css"/></head>'
    '<body><h1 id="x">two dogs</h1><p>a <b>dog</b> plays.<a id="y"/></p><img src="a.png" alt="a cat"/></body>'
    "</html>"
)
NAVIGATION = CHAPTER.replace(
    '<h1 id="x">two dogs</h1>', '<nav><ol><li><a href="#x">two dogs</a></li></ol></nav>'
)
NCX = (
    '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "ncx-2005-1.dtd">'
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">'
    "<docTitle><text>a dog</text></docTitle>"
    '<navMap><navPoint id="n"><navLabel><text>two dogs</text></navLabel>'
    '<content src="text/one.xhtml"/></navPoint>'
    "</navMap></ncx>"
)
BOOK = {
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/text/one chapter.xhtml": CHAPTER,
    "OEBPS/nav.xhtml": NAVIGATION,
    "OEBPS/toc.ncx": NCX,
    "OEBPS/a.css": "p { content: 'two dogs' }",
}


def saved(document: object) -> bytes:
    """Return the bytes of a document of a library."""
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def word() -> bytes:
    """Return a Word document of one paragraph."""
    document = docx.Document()
    document.add_paragraph("a dog plays.")
    return saved(document)


def slides() -> bytes:
    """Return a presentation of one slide."""
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "two dogs"
    paragraph = slide.placeholders[1].text_frame.paragraphs[0]
    for text, bold in (("a ", False), ("dog", True), (" plays.", False)):
        paragraph.add_run().text = text
        paragraph.runs[-1].font.bold = bold or None
    return saved(presentation)


def text() -> bytes:
    """Return an OpenDocument text."""
    document = OpenDocumentText()
    document.text.addElement(H(outlinelevel=1, text="two dogs"))
    paragraph = P(text="a ")
    paragraph.addElement(Span(text="dog"))
    paragraph.addText(" plays.")
    document.text.addElement(paragraph)
    return saved(document)


def sheet() -> bytes:
    """Return an OpenDocument spreadsheet: a text, a number and a formula."""
    document = OpenDocumentSpreadsheet()
    table = Table(name="two dogs")
    row = TableRow()
    for value_type, value in (("string", "a dog plays."), ("float", "1"), ("date", "Monday")):
        cell = TableCell(valuetype=value_type)
        cell.addElement(P(text=value))
        row.addElement(cell)
    cell = TableCell(valuetype="string", formula="of:=[.A1]")
    cell.addElement(P(text="a dog plays."))
    row.addElement(cell)
    table.addElement(row)
    document.spreadsheet.addElement(table)
    return saved(document)


def presentation() -> bytes:
    """Return an OpenDocument presentation of one page."""
    from odf.draw import Frame, Page, TextBox
    from odf.style import MasterPage, PageLayout

    document = OpenDocumentPresentation()
    layout = PageLayout(name="layout")
    document.automaticstyles.addElement(layout)
    master = MasterPage(name="master", pagelayoutname=layout)
    document.masterstyles.addElement(master)
    page = Page(masterpagename=master)
    document.presentation.addElement(page)
    frame = Frame(width="10cm", height="5cm")
    page.addElement(frame)
    box = TextBox()
    frame.addElement(box)
    box.addElement(P(text="a dog plays."))
    return saved(document)


def packed(entries: dict[str, str | bytes], kind: str = "") -> bytes:
    """Return a zip archive; its kind is the first entry, not deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind:
            archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def book() -> bytes:
    """Return an e-book of one chapter."""
    return packed(dict(BOOK), "application/epub+zip")


def pdf(*pages: list[str]) -> bytes:
    """Return a PDF whose pages have these lines."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for lines in pages or (["a dog plays."],):
        shown = "".join(f"({line}) Tj T* " for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown}ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    parts, offsets = ["%PDF-1.4\n"], []
    for number, content in enumerate(objects, 1):
        offsets.append(sum(map(len, parts)))
        parts.append(f"{number} 0 obj\n{content}\nendobj\n")
    start = sum(map(len, parts))
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    parts.append(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}")
    parts.append(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n")
    return "".join(parts).encode("latin-1")


SAMPLES = {
    ".docx": word,
    ".pptx": slides,
    ".odt": text,
    ".odp": presentation,
    ".ods": sheet,
    ".epub": book,
    ".pdf": pdf,
}
