"""Word documents: formats move with words, everything else is kept, and hostile archives are refused."""

import io
import re
import zipfile
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_models import identity, mirror, saying, upper

from seq2seq.documents import archive, translate_document

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    f'<Override PartName="/word/document.xml" ContentType="{KIND}.document.main+xml"/>'
    f'<Override ContentType="{KIND}.header+xml" PartName="/word/header1.xml"/></Types>'
)
HEADER = f'<w:hdr xmlns:w="{MAIN}"><w:p><w:r><w:t>a dog</w:t></w:r></w:p></w:hdr>'


def document(body: str) -> str:
    """Return the main part of a document with a body."""
    inner = f'<w:document xmlns:w="{MAIN}"><w:body>{body}</w:body></w:document>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{inner}'


def packed(*entries: tuple[str, bytes | str]) -> bytes:
    """Return a zip archive of these entries, deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in entries:
            written.writestr(name, content)
    return buffer.getvalue()


def word(body: str) -> bytes:
    """Return a Word document with a body, a header and a picture."""
    return packed(
        ("[Content_Types].xml", TYPES),
        ("word/document.xml", document(body)),
        ("word/header1.xml", HEADER),
        ("word/media/dog.png", b"\x89PNG a dog"),
    )


def opened(content: bytes) -> dict[str, str]:
    """Return the entries of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as written:
        return {name: written.read(name).decode("utf-8", "backslashreplace") for name in written.namelist()}


def body(source: str, model) -> str:
    """Return the body of a document after its translation."""
    content = translate_document("a.docx", word(source), model).content
    return opened(content)["word/document.xml"].partition("<w:body>")[2].rpartition("</w:body>")[0]


def run(text: str, properties: str = "", is_new: bool = False) -> str:
    """Return a run of text, as a source or (with xml:space) as a translation has it."""
    space = ' xml:space="preserve"' if is_new else ""
    return f"<w:r>{properties}<w:t{space}>{text}</w:t></w:r>"


BOLD, ITALIC = "<w:rPr><w:b/></w:rPr>", "<w:rPr><w:i/></w:rPr>"


def new(text: str, properties: str = "") -> str:
    """Return a run as a translation has it."""
    return run(text, properties, True)


PARAGRAPHS = [
    (run("two ") + run("dogs", BOLD) + run(" play"), new("PLAY ") + new("DOGS", BOLD) + new(" TWO")),
    (run("tw") + "<w:proofErr/>" + run("o dogs"), new("DOGS TWO")),
    (
        '<w:pPr><w:jc w:val="both"/></w:pPr>'
        + run("a dog")
        + '<w:r><w:drawing a="dog"/></w:r>'
        + run(" plays"),
        '<w:pPr><w:jc w:val="both"/></w:pPr>'
        + new("PLAYS DOG")
        + '<w:r><w:drawing a="dog"/></w:r>'
        + new(" A"),
    ),
    (
        '<w:hyperlink r="1">' + run("a &amp; b", ITALIC) + "</w:hyperlink>" + run(" or many more dogs"),
        new("DOGS MORE MANY OR ") + '<w:hyperlink r="1">' + new("B &amp; A", ITALIC) + "</w:hyperlink>",
    ),
    (
        "<w:r><w:t>a b</w:t><w:tab/><w:t>c d</w:t></w:r>",
        new("B A") + "<w:r><w:tab/></w:r>" + new("D C"),
    ),
    (
        run("a ") + '<w:bookmarkStart w:id="1"/>' + run("b") + '<w:bookmarkEnd w:id="1"/>' + run(" c"),
        '<w:bookmarkStart w:id="1"/>' + new("C B A") + '<w:bookmarkEnd w:id="1"/>',
    ),
    (run("1999 — 2001"), run("1999 — 2001")),
    (run("a b ", BOLD), new("B A ", BOLD)),
    (
        '<w:r><w:fldChar t="begin"/></w:r><w:r><w:instrText>PAGE dog</w:instrText></w:r>' + run("a b"),
        '<w:r><w:fldChar t="begin"/></w:r><w:r><w:instrText>PAGE dog</w:instrText></w:r>' + new("B A"),
    ),
    ("<w:del><w:r><w:delText>a dog</w:delText></w:r></w:del>" + run("a b"), None),
]


@pytest.mark.parametrize(("source", "expected"), PARAGRAPHS)
def test_paragraphs(source: str, expected: str | None) -> None:
    """Formats, links, pictures and breaks of a paragraph are at the translations of their words."""
    expected = expected or source.replace(run("a b"), new("B A"))
    assert body(f"<w:p>{source}</w:p>", mirror) == f"<w:p>{expected}</w:p>"


def test_all_other_parts_stay() -> None:
    """Headers are translated; pictures and all other parts are kept."""
    content = word(f"<w:p>{run('a dog')}</w:p>")
    same, other = (
        opened(translate_document("a.docx", content, model).content) for model in (identity, upper)
    )
    assert same == opened(content)
    assert list(other) == list(same)
    assert "A DOG" in other["word/header1.xml"]
    assert other["word/media/dog.png"] == same["word/media/dog.png"]


def test_text_boxes() -> None:
    """A paragraph in a text box is translated apart from the paragraph around it."""
    box = f"<w:r><w:pict><w:txbxContent><w:p>{run('a b')}</w:p></w:txbxContent></w:pict></w:r>"
    source = f"<w:p>{run('c d')}{box}{run('e f')}</w:p>"
    expected = (
        source.replace(run("a b"), new("B A")).replace(run("c d"), new("D C")).replace(run("e f"), new("F E"))
    )
    assert body(source, mirror) == expected


@pytest.mark.parametrize("answer", ["</w:t><w:p/>", "a\x00\x0b\ud800\ufffeb", "&amp;", "]]>"])
def test_a_translation_is_never_xml(answer: str) -> None:
    """A translation that looks like XML is text, without characters that XML forbids."""
    result = body(f"<w:p>{run('a dog')}</w:p>", saying(answer))
    paragraph = ElementTree.fromstring(f'<x xmlns:w="{MAIN}">{result}</x>')[0]
    assert "".join(paragraph.itertext()) == re.sub("[\x00\x0b\ud800\ufffe]", "", answer)
    assert len(paragraph) == 1


def test_other_prefixes() -> None:
    """The prefix of the namespace may be another one than w."""
    xml = f'<d xmlns="{MAIN}"><p><r><t>a b</t></r></p></d>'
    content = packed(("[Content_Types].xml", TYPES), ("word/document.xml", xml))
    result = opened(translate_document("a.docx", content, mirror).content)["word/document.xml"]
    assert result == xml.replace("<t>a b", '<t xml:space="preserve">B A')


formats = st.sampled_from(["", BOLD, ITALIC])
runs = st.lists(st.tuples(st.sampled_from(["a dog", " runs", "in ", "x", " ", ", y"]), formats), max_size=6)


@settings(max_examples=30)  # each makes and reads six archives
@given(runs, st.booleans())
def test_words_stay_in_any_format(drawn: list[tuple[str, str]], is_linked: bool) -> None:
    """No order of runs loses words or gives malformed XML."""
    inner = "".join(run(text, properties) for text, properties in drawn)
    source = f"<w:p>{'<w:hyperlink>' * is_linked}{inner}{'</w:hyperlink>' * is_linked}</w:p>"
    assert body(source, identity) == source
    result = ElementTree.fromstring(f'<x xmlns:w="{MAIN}">{body(source, upper)}</x>')
    # A blank run between "in " and ", y" is dropped with the blank: a comma follows its word.
    assert words("".join(result.itertext())) == words("".join(text for text, _ in drawn).upper())


def words(text: str) -> list[str]:
    """Return the words and marks of a text."""
    return re.findall(r"\w+|[^\w\s]", text)


DEEP = 20_000


def test_deep_nesting() -> None:
    """XML of 20,000 levels does not overflow the stack."""
    source = "<w:sdt>" * DEEP + f"<w:p>{run('a b')}</w:p>" + "</w:sdt>" * DEEP
    assert new("B A") in body(source, mirror)


ENTITY = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (packed(("a", b"a")), "is not a Word document"),
        (packed(("[Content_Types].xml", TYPES)), "is not a Word document"),
        (packed(("../../a", b"a")), "'../../a', a path out of the archive"),
        (packed(("/etc/a", b"a")), "a path out of the archive"),
        (packed(("C:\\a", b"a")), "a path out of the archive"),
        (packed(("a", b"\0" * 2**23)), "is too large unpacked"),
        (packed(*((f"{n}", b"") for n in range(archive.MOST_ENTRIES + 1))), "2001 entries"),
        (word("<w:p>"), "damaged"),
        (word("").replace(b"a", b"b", 9)[:-40], "not a zip archive that can be read"),
        (
            packed(("[Content_Types].xml", TYPES), ("word/document.xml", ENTITY + "<a>&c;</a>")),
            "a document type",
        ),
        (packed(("[Content_Types].xml", TYPES), ("word/document.xml", b"\xff\xfea")), "damaged"),
    ],
)
def test_hostile_archives_are_refused(content: bytes, sentence: str) -> None:
    """Archives that are too large, lead out of their folder or are damaged are refused in one sentence."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        translate_document("a.docx", content, identity)
    assert "\n" not in str(caught.value)


def test_sizes_are_counted_not_believed() -> None:
    """Bytes are counted while they are inflated, whatever sizes the archive declares."""
    content = bytearray(packed(("a", b"\0" * 2**23)))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")  # the size it says it has
    with pytest.raises(ValueError, match=r"too large unpacked|not a zip archive that can be read"):
        translate_document("a.docx", bytes(content), identity)
