"""Properties of all documents: names, encodings, progress, and errors of one sentence."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_files import SAMPLES, packed
from word_models import identity, saying, upper

from seq2seq.documents import ARCHIVES, CATALOGS, SUPPORTED, translate_document, translated_name

TEXTS = {
    ".txt": "  Two dogs play.\r\n\r\n\tA man sits. \n12\nEnd",
    ".md": "# Two *dogs*\n\nplay in\nthe snow.\n",
    ".srt": "1\n00:00:01,000 --> 00:00:02,000\nTwo dogs\nplay.\n\n",
    ".vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nTwo <i>dogs</i>\n",
    ".markdown": "Two dogs\n",
    ".xhtml": "<html><body><p>Two dogs<br/></p></body></html>",
    ".html": "<!DOCTYPE html><p>Two <b>dogs</b>",
    ".htm": "<p>Two dogs",
    ".json": '{"a": ["Two dogs", 1.50]}',
    ".csv": '"Two dogs"\r\nplay\r\n',
    ".tsv": "Two dogs\nplay",
}
CHARSETS = {"utf-8": "", "utf-8-sig": "", "utf-16": "utf-16", "utf-16-be": "utf-16", "utf-32": "utf-32"}


def encoded(text: str, encoding: str) -> bytes:
    """Return bytes with a byte order mark, where the encoding has one."""
    return (b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding)


def test_every_ending_is_tried() -> None:
    """Every supported suffix is in the table of this file or, of other than texts, among the samples."""
    assert set(TEXTS) == set(SUPPORTED) - ARCHIVES - CATALOGS - {".pdf"}
    assert {".docm", ".pptm", *SAMPLES} == ARCHIVES | {".pdf"}


@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize("encoding", CHARSETS)
def test_encoding_stays(ending: str, encoding: str) -> None:
    """A document comes back in its own encoding, with its byte order mark and media type."""
    content = encoded(TEXTS[ending] + "\nÄ 狗" * (ending == ".txt"), encoding)
    same = translate_document(f"a{ending}", content, identity)
    assert same.content == content
    charset = f"; charset={CHARSETS[encoding]}" if CHARSETS[encoding] else ""
    assert same.media_type == SUPPORTED[ending] + charset
    other = translate_document(f"A{ending.upper()}", content, upper).content
    assert "DOGS" in other.decode(encoding)
    assert other[:2].lower() == content[:2].lower()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding: str) -> None:
    """UTF-16 is known by its zeros, and answered in UTF-16 that its media type names."""
    content = "Two dogs play. Ä 狗\r\n".encode(encoding)
    translated = translate_document("a.txt", content, upper)
    assert translated.content.decode(encoding) == "TWO DOGS PLAY. Ä 狗\r\n"
    assert translated.media_type == f"text/plain; charset={encoding}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.docx", "report.de.docx"),
        ("a.b.HTM", "a.b.de.HTM"),
        ("report.pdf", "report.de.txt"),
    ],
)
def test_names_of_translations(name: str, expected: str) -> None:
    """The language stands before the suffix, which is that of what was written."""
    assert translated_name(name, "de") == expected


@pytest.mark.parametrize("suffix", SAMPLES)
def test_an_archive_comes_back(suffix: str) -> None:
    """With translations equal to their texts, every entry comes back byte for byte, in order."""
    content = SAMPLES[suffix]()
    same = translate_document(f"a{suffix}", content, identity)
    assert same.media_type == SUPPORTED[suffix]
    if suffix != ".pdf":
        before, after = (zipfile.ZipFile(io.BytesIO(data)) for data in (content, same.content))
        assert [(name, before.read(name)) for name in before.namelist()] == (
            [(name, after.read(name)) for name in after.namelist()]
        )


@pytest.mark.parametrize("suffix", sorted(ARCHIVES))
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x", "not a zip archive that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 x", "has a password or an old format"),
        (packed({"a": b"a"}), "is not a"),
        (packed({"../a": b"a"}), "a path out of the archive"),
        (packed({"a": b"\0" * 2**23}), "is too large unpacked"),
    ],
)
def test_hostile_archives_of_every_format(suffix: str, content: bytes, sentence: str) -> None:
    """Archives that are damaged, unfold to too much or lead outside are refused in one sentence."""
    with pytest.raises(ValueError, match=sentence) as caught:
        translate_document(f"a{suffix}", content, identity)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/a.txt", "a.txt"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("/a.txt", "a.txt"),
        ("a\x00\r\n\u202eb.txt", "ab.txt"),
        ("..a b<c>.txt", "a bc.txt"),
        ("x" * 300 + ".txt", "x" * 96 + ".txt"),
    ],
)
def test_names_lead_nowhere(name: str, expected: str) -> None:
    """A returned name has no folders, control characters or characters that systems reserve."""
    assert translate_document(name, b"a", identity).name == expected


@pytest.mark.parametrize(
    ("name", "content", "column", "sentence"),
    [
        ("a.rtf", b"x", None, r"'a.rtf' is not a supported document; use one of .txt, .md"),
        ("txt", b"x", None, r"'txt' is not a supported document"),
        ("a.txt", b"ab\xff", None, r"'a.txt' is not UTF-8 text \(byte 2 is invalid\); save it as UTF-8"),
        ("a.txt", b"\xff\xfea", None, r"not UTF-16-LE text"),
        ("a.txt", b"a\x00b", None, r"character 1 is NUL"),
        ("a.html", b"<meta charset=klingon>", None, r"'klingon', which is not known; save it as UTF-8"),
        ("a.html", b"<meta charset=rot13>", None, r"'rot13', which is not known"),
        ("a.html", b"<meta charset=idna><p>a", None, r"'idna', which is not known"),
        ("a.html", b"<meta charset=unicode_escape><p>\\ud800", None, r"'unicode_escape', which is not known"),
        ("a.html", b"<meta charset=utf-7><p>a", None, r"'utf-7', which is not known"),
        ("a.json", b'{"a": }', None, r"'a.json' is not valid JSON"),
        ("a.json", b"[" * 200_000, None, r"nested too deeply"),
        ("a.srt", b"hello", None, r"no line with two times"),
        ("a.csv", b"a,b\n1,2", None, r"no column was named in 'a.csv'; choose one of 'a', 'b', or a number"),
        ("a.csv", b"a,b\n1,2", "c", r"there is no column 'c'"),
        ("a.csv", b"a,b\n1,2", "3", r"there is no column '3'.*a number from 1 to 2"),
        ("a.txt", b"x", "c", r"column is 'c', but 'a.txt' has no columns"),
        ("a.docx", b"x", None, r"not a zip archive that can be read"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    name: str, content: bytes, column: str | None, sentence: str
) -> None:
    """A document that cannot be read is a ValueError of one line with a remedy."""
    with pytest.raises(ValueError, match=sentence) as caught:
        translate_document(name, content, identity, column=column)
    assert "\n" not in str(caught.value)


def test_html_in_the_charset_it_names() -> None:
    """A page is read and written in the charset it declares; ISO-8859-1 is cp1252, as on the web."""
    page = "<meta charset='iso-8859-1'><p>Käse".encode("cp1252")
    assert translate_document("a.html", page, identity).content == page
    assert translate_document("a.html", page, upper).content == page.replace(b"K\xe4se", b"K\xc4SE")


@pytest.mark.parametrize(("charset", "letter"), [("shift_jis", "犬"), ("windows-1251", "д"), ("GBK", "狗")])
def test_html_of_other_countries(charset: str, letter: str) -> None:
    """Encodings of the web's standard are supported."""
    page = f"<meta charset={charset}><p>{letter}".encode(charset)
    assert translate_document("a.html", page, identity).content == page
    assert letter.encode(charset) in translate_document("a.html", page, saying(letter)).content


def test_progress_and_one_call() -> None:
    """All texts are translated in one call, and progress is reported after each."""
    seen: list[tuple[int, int]] = []
    calls: list[list[str]] = []

    def translate(texts: list[str]):
        calls.append(texts)
        return upper(texts)

    content = b"a\nb\n\nc"
    assert translate_document("a.txt", content, translate, progress=lambda *at: seen.append(at)).content == (
        b"A\nB\n\nC"
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert calls == [["a", "b", "c"]]


def test_an_empty_document() -> None:
    """An empty document stays empty."""
    for ending in TEXTS:
        if ending != ".json":
            assert translate_document(f"a{ending}", b"", identity, column=None).content == b""


@given(st.text(), st.sampled_from(sorted(set(TEXTS) - {".json", ".csv", ".tsv"})))
def test_any_text_comes_back(text: str, ending: str) -> None:
    """With translations equal to their texts, every document comes back byte for byte."""
    content = text.encode("utf-8", "replace")
    try:
        same = translate_document(f"a{ending}", content, identity).content
    except ValueError:
        return  # no text, or no subtitles: said in a sentence
    assert same == content
