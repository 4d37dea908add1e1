"""Word documents and presentations, made and read by python-docx and python-pptx."""

import io
import re
import zipfile

import docx
import pptx
import pytest
from pptx.util import Inches
from sample_files import packed, saved, slides, word
from word_models import identity, mirror, upper

from seq2seq.documents import translate_document

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)


def translated(name: str, content: bytes, model) -> bytes:
    """Return a document translated by a model."""
    return translate_document(name, content, model, target="de").content


def report() -> bytes:
    """Return a Word document with whatever of it is text."""
    document = docx.Document()
    document.core_properties.title = "my report"
    document.core_properties.author = "a man"
    paragraph = document.add_paragraph("two ")
    run = paragraph.add_run("dogs")
    run.bold = True
    paragraph.add_run(" play")
    document.add_comment([run], text="a comment here", author="a man")
    document.add_table(1, 1).cell(0, 0).text = "a cell"
    document.sections[0].header.paragraphs[0].text = "a header"
    document.sections[0].footer.paragraphs[0].text = "a footer"
    document.add_picture(io.BytesIO(PIXEL))
    document.inline_shapes[0]._inline.docPr.set("descr", "two dogs & a cat")
    return saved(document)


def test_every_text_of_a_word_document() -> None:
    """Comments, headers, cells, alternative texts and the title are translated; names of authors are not."""
    document = docx.Document(io.BytesIO(translated("a.docx", report(), mirror)))
    assert document.core_properties.title == "REPORT MY"
    assert document.core_properties.author == "a man"
    assert [run.text for run in document.paragraphs[0].runs if run.text] == ["PLAY ", "DOGS", " TWO"]
    assert [run.text for run in document.paragraphs[0].runs if run.bold] == ["DOGS"]
    (comment,) = document.comments
    assert (comment.text, comment.author) == ("HERE COMMENT A", "a man")
    assert document.tables[0].cell(0, 0).text == "CELL A"
    assert document.sections[0].header.paragraphs[0].text == "HEADER A"
    assert document.sections[0].footer.paragraphs[0].text == "FOOTER A"
    assert document.inline_shapes[0]._inline.docPr.get("descr") == "CAT A & DOGS TWO"


def test_a_document_with_macros() -> None:
    """A docm is told by its content type; its macros come back byte for byte."""
    with zipfile.ZipFile(io.BytesIO(word())) as archive:
        entries: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    types = bytes(entries["[Content_Types].xml"]).decode()  # type: ignore[arg-type]
    plain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    assert plain in types
    entries["[Content_Types].xml"] = types.replace(
        plain, "application/vnd.ms-word.document.macroEnabled.main+xml"
    )
    entries["word/vbaProject.bin"] = b"two dogs"
    with zipfile.ZipFile(io.BytesIO(translated("a.docm", packed(entries), upper))) as archive:
        assert b"A DOG PLAYS." in archive.read("word/document.xml")
        assert archive.read("word/vbaProject.bin") == b"two dogs"


def test_every_text_of_a_presentation() -> None:
    """Titles, runs, tables, groups, notes, charts and alternative texts are translated, formats move."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    presentation = pptx.Presentation(io.BytesIO(slides()))
    presentation.core_properties.title = "my slides"
    slide = presentation.slides[0]
    slide.notes_slide.notes_text_frame.text = "a note here"
    size = (Inches(1), Inches(1), Inches(1), Inches(1))
    slide.shapes.add_table(1, 1, *size).table.cell(0, 0).text = "a cell"
    slide.shapes.add_group_shape().shapes.add_textbox(*size).text_frame.text = "a box\vbelow it"
    slide.shapes.add_picture(io.BytesIO(PIXEL), *size[:2])._element.nvPicPr.cNvPr.set("descr", "my picture")
    data = CategoryChartData()
    data.categories = ["a b"]
    data.add_series("c d", (1,))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.PIE, *size, data).chart
    chart.chart_title.text_frame.text = "my chart"
    result = pptx.Presentation(io.BytesIO(translated("a.pptx", saved(presentation), mirror)))
    assert result.core_properties.title == "SLIDES MY"
    title, body, table, group, picture, graph = result.slides[0].shapes
    assert title.text_frame.text == "DOGS TWO"
    runs = body.text_frame.paragraphs[0].runs
    assert [(run.text, bool(run.font.bold)) for run in runs] == [
        ("PLAYS. ", False),
        ("DOG", True),
        (" A", False),
    ]
    assert table.table.cell(0, 0).text == "CELL A"
    assert group.shapes[0].text_frame.text == "BOX A\vIT BELOW"
    assert picture._element.nvPicPr.cNvPr.get("descr") == "PICTURE MY"
    assert graph.chart.chart_title.text_frame.text == "CHART MY"
    assert list(graph.chart.plots[0].categories) == ["a b"]
    assert result.slides[0].notes_slide.notes_text_frame.text == "HERE NOTE A"
    assert [layout.name for layout in result.slide_layouts] == [
        layout.name for layout in presentation.slide_layouts
    ]


def test_marks_of_the_spelling_checker_make_no_formats() -> None:
    """Words that PowerPoint split for its spelling checker are one run again."""
    presentation = pptx.Presentation(io.BytesIO(slides()))
    paragraph = presentation.slides[0].shapes.title.text_frame.paragraphs[0]
    paragraph.add_run().text = " paly"
    paragraph.runs[1]._r.get_or_add_rPr().set("err", "1")
    paragraph.runs[0]._r.get_or_add_rPr().set("dirty", "0")
    result = pptx.Presentation(io.BytesIO(translated("a.pptx", saved(presentation), mirror)))
    assert [run.text for run in result.slides[0].shapes.title.text_frame.paragraphs[0].runs] == [
        "PALY DOGS TWO"
    ]


@pytest.mark.parametrize("name", ["a.docx", "a.pptx"])
def test_entities_of_a_document_type_are_refused(name: str) -> None:
    """XML that declares entities, which could grow without bound, is refused in one sentence."""
    with zipfile.ZipFile(io.BytesIO(word() if name == "a.docx" else slides())) as archive:
        entries = {entry: archive.read(entry).decode("latin-1") for entry in archive.namelist()}
    part = "word/document.xml" if name == "a.docx" else "ppt/slides/slide1.xml"
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
    entries[part] = re.sub(r"^<\?xml.*?\?>", "", entries[part].strip())
    with pytest.raises(ValueError, match="a document type with entities") as caught:
        translate_document(name, packed({**entries, part: bomb + entries[part]}), identity)
    assert "\n" not in str(caught.value)
