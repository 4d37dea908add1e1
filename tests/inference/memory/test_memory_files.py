"""Tests of the files of memories: languages, inline elements, catalogues, tables, and what is refused."""

import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

from seq2seq.inference.memory.files import save_memory
from seq2seq.inference.memory.memory import TranslationMemory
from seq2seq.inference.memory.tmx import BLOCK, read_tmx

HEAD = (
    '<?xml version="1.0"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'
    '<tmx version="1.4"><header srclang="en"/><body>'
)


def tmx(path: Path, *units: str) -> Path:
    """Write a TMX of some units and return its path."""
    path.write_text(f"{HEAD}{''.join(units)}</body></tmx>", encoding="utf-8")
    return path


def unit(source: str, target: str, languages: tuple[str, str] = ("en", "de")) -> str:
    """Return a unit of TMX with the two segments as XML."""
    return "<tu>" + "".join(
        f'<tuv xml:lang="{language}"><seg>{text}</seg></tuv>'
        for language, text in zip(languages, (source, target), strict=True)
    ) + "</tu>"  # fmt: skip


def pairs(path: Path, source: str = "en", target: str = "de") -> list[tuple[str, str]]:
    """Return source and target of every unit of a file."""
    return [unit[:2] for unit in TranslationMemory.load([path], source, target).units()]


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ('Open <ph x="1">%s</ph> now', "Open %s now"),
        ('<bpt i="1">&lt;b&gt;</bpt>Open<ept i="1">&lt;/b&gt;</ept>', "<b>Open</b>"),
        ('Open <ph x="1"/> in <ph x="2"/>', "Open {1} in {2}"),
        ('<bpt i="1"/>Open<ept i="1"/>', "<1>Open</1>"),
        ('<bpt i="1"/><bpt i="2"/>a<ept i="1"/>b<ept i="2"/>', "<1><2>a</1>b</2>"),
        ("<hi>Open</hi> it", "Open it"),
        ('<it pos="begin">&lt;i&gt;</it>Open', "<i>Open"),
        ('<ph>alt="<sub>Picture</sub>"</ph>', 'alt="Picture"'),
        ("A &amp; B &#x41;<![CDATA[<b>]]>", "A & B A<b>"),
        ("  two\n lines ", "  two\n lines "),
    ],
)
def test_inline_elements_become_text(tmp_path: Path, xml: str, text: str) -> None:
    """Inline elements become the code they hold, or a placeholder; elements that overlap do, too."""
    assert pairs(tmx(tmp_path / "a.tmx", unit(xml, xml))) == [(text, text)]


@pytest.mark.parametrize("languages", [("en-US", "de-AT"), ("EN_us", "DE"), ("eng", "deu")])
def test_languages_fall_back_to_their_base(tmp_path: Path, languages: tuple[str, str]) -> None:
    """A region serves its language; sides that are named the other way round are swapped."""
    path = tmx(tmp_path / "a.tmx", unit("Open", "Öffnen", languages))
    assert pairs(path) == [("Open", "Öffnen")]
    assert pairs(path, "de", "en") == [("Öffnen", "Open")]


def test_the_same_language_goes_before_another_region(tmp_path: Path) -> None:
    """Of two regions the one that was asked for is taken; the old attribute `lang` means the same."""
    both = '<tu><tuv lang="en"><seg>Color</seg></tuv>' + "".join(
        f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>'
        for code, text in (("pt-BR", "Cor (BR)"), ("pt-PT", "Cor"), ("pt", "Cor (pt)"))
    ) + "</tu>"  # fmt: skip
    path = tmx(tmp_path / "a.tmx", both)
    assert pairs(path, "en", "pt") == [("Color", "Cor (pt)")]
    assert pairs(path, "en", "pt-PT") == [("Color", "Cor")]
    assert pairs(path, "pt-BR", "en") == [("Cor (BR)", "Color")]


def test_a_file_without_the_languages_is_refused(tmp_path: Path) -> None:
    """A memory of other languages is refused with those that it has; another script is another language."""
    path = tmx(tmp_path / "a.tmx", unit("Open", "開啟", ("en", "zh-TW")))
    with pytest.raises(ValueError, match=r"a\.tmx has no unit from en to zh: its languages are en, zh-TW"):
        pairs(path, "en", "zh")
    with pytest.raises(ValueError, match="it has no translated text"):
        pairs(tmx(tmp_path / "b.tmx"))


def test_any_text_survives_a_round_trip(tmp_path: Path) -> None:
    """Written and read again every text is the same: marks of XML, control characters, broken characters."""
    texts = [
        "<b>&amp;\"'</b>",
        "a\r\nb\tc",
        "bell\x07 null\x00",
        "half \ud800",
        "]]>",
        " a ",
        "\ufffe",
        "😀 {1}",
    ]
    memory = TranslationMemory("en", "de")
    for text in texts:
        memory.add(text, text + "!", "menu <&>\n", "a.po")
    for name in ("a.tmx", "a.jsonl"):
        save_memory(memory, tmp_path / name)
        assert list(TranslationMemory.load(tmp_path / name, "en", "de").units()) == list(memory.units())


def test_writing_replaces_the_whole_file_or_nothing(tmp_path: Path) -> None:
    """A memory is written beside the file first; where that fails the file stays as it was."""
    memory = TranslationMemory("en", "de")
    memory.add("Open", "Öffnen")
    with pytest.raises(ValueError, match=r"a\.xlsx cannot be written .* \.tmx or \.jsonl"):
        save_memory(memory, tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match="could not be written"):
        save_memory(memory, tmp_path / "missing" / "a.tmx")
    assert list(tmp_path.iterdir()) == []


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE tmx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<tmx version="1.4"><body><tu><tuv xml:lang="en"><seg>&b;</seg></tuv></tu></body></tmx>'
)
OUTSIDE = BOMB.replace('"aaaaaaaaaa"', 'SYSTEM "file:///etc/passwd"').replace("&b;", "&a;")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "the entity 'a' is declared"),
        (OUTSIDE, "the entity 'a' is declared"),
        (
            f"{HEAD}<tu><tuv xml:lang='en'><seg>a&nbsp;b</seg></tuv></tu></body></tmx>",
            "'nbsp' is not declared",
        ),
        (f"{HEAD}{unit('a', 'b')}<tu>", r"line 3: no whole XML \(no element found\)"),
        ("<xliff/>", "no <tmx>"),
        ("", "no whole XML"),
        ("Open\tÖffnen\n", "no whole XML"),
    ],
)
def test_broken_and_hostile_tmx_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """What is no whole TMX, or declares entities, is refused in a sentence with file and line."""
    path = tmp_path / "a.tmx"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"a\.tmx, line \d+: .*{message}|a\.tmx.*{message}"):
        pairs(path)


def test_a_tmx_is_read_as_a_stream(tmp_path: Path) -> None:
    """The first units arrive before the end of the file is read, so that its size costs no memory."""
    path = tmx(tmp_path / "a.tmx", *(unit(f"Open {number}", "Öffnen") for number in range(4000)))
    content = path.read_bytes()
    assert len(content) > 3 * BLOCK
    path.write_bytes(content[:-20])  # its end is missing, which is not known yet
    entries: Iterator[object] = read_tmx(path)
    assert [next(entries) for _ in range(1000)]
    with pytest.raises(ValueError, match="no whole XML"):
        list(entries)


def test_other_encodings_and_compressed_files(tmp_path: Path) -> None:
    """UTF-16, Latin-1 and compressed files are read."""
    text = f"{HEAD}{unit('Open', 'Öffnen')}</body></tmx>"
    for name, content in (
        ("a.tmx", text.encode("utf-16")),
        ("b.tmx", text.replace('"1.0"', '"1.0" encoding="iso-8859-1"', 1).encode("latin-1")),
        ("c.tmx.gz", gzip.compress(text.encode())),
        ("d.tmx.xz", lzma.compress(text.encode())),
    ):
        (tmp_path / name).write_bytes(content)
        assert pairs(tmp_path / name) == [("Open", "Öffnen")]


PO = """msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=UTF-8\\n"

msgctxt "menu"
msgid "Open"
msgstr "Öffnen"

#, fuzzy
msgid "Close"
msgstr "Offen"

msgid "Save"
msgstr ""

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d Datei"
msgstr[1] "%d Dateien"

#~ msgid "Old"
#~ msgstr "Alt"
"""


def test_catalogues_give_their_translated_entries(tmp_path: Path) -> None:
    """A PO file gives translated entries with context and plural forms; fuzzy and obsolete ones stay out."""
    path = tmp_path / "de.po"
    path.write_text(PO, encoding="utf-8")
    assert list(TranslationMemory.load(path, "en", "de").units()) == [
        ("Open", "Öffnen", "menu", "de.po"),
        ("%d file", "%d Datei", None, "de.po"),
        ("%d files", "%d Dateien", None, "de.po"),
    ]
    assert pairs(path, "de", "en")[0] == ("Öffnen", "Open")
    with pytest.raises(ValueError, match="no unit from en to fr"):
        pairs(path, "en", "fr")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PO.replace('msgstr "Öffnen"', 'msgstr "Öffnen').encode(), "line 8 is no line of a catalogue"),
        (PO.encode("latin-1"), "is not utf-8"),
        (PO.replace('msgid "Open"', "msgid Open").encode(), "line 7 is no line of a catalogue"),
        (PO.replace('msgid "Open"', "msgid").encode(), "cannot read"),
        (b"\xde\x12\x04\x95broken", "cannot read"),
    ],
)
def test_broken_catalogues_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """A catalogue with unterminated text, a wrong or unknown charset, or no catalogue: one sentence."""
    path = tmp_path / ("a.mo" if content.startswith(b"\xde") else "a.po")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.[pm]o.*{message}|{message}.*a\.[pm]o"):
        pairs(path)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.tsv", "Open\tÖffnen\n\nClose\tSchließen\tmenu\n", [("Open", "Öffnen"), ("Close", "Schließen")]),
        ("a.tsv", "source\ttarget\nOpen\tÖffnen\n", [("Open", "Öffnen")]),
        ("a.tsv", "de\ten\nÖffnen\tOpen\n", [("Open", "Öffnen")]),
        ("a.jsonl", '{"source": "Open", "target": "Öffnen", "context": "menu"}\n', [("Open", "Öffnen")]),
        ("a.jsonl", '{"program": "x", "context": "", "en": "Open", "de": "Öffnen"}\n', [("Open", "Öffnen")]),
        (
            "a.jsonl",
            '{"source_language": "de", "target_language": "en", "source": "Öffnen", "target": "Open"}\n',
            [("Open", "Öffnen")],
        ),
    ],
)
def test_tables_and_json_lines(
    tmp_path: Path, name: str, content: str, expected: list[tuple[str, str]]
) -> None:
    """Tables and JSON lines are read, in the direction that they name or, without names, as they stand."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert pairs(path) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"Open\n", r"a\.tsv, line 1: give a source"),
        ("a.tsv", b"Open\t\xff\n", r"line 1 of .*a\.tsv is not UTF-8"),
        ("a.jsonl", b"{\n", r"a\.jsonl, line 1: no JSON"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl, line 1: give source and target"),
        ("a.docx", b"", "no translation memory; give a file that ends in"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """A line that is no unit is refused by its number, another format by the formats that are read."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        pairs(tmp_path / name)


@pytest.mark.parametrize("name", ["a.tmx", "a.po", "a.mo", "a.tsv", "a.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """A file that is not there is refused by its name."""
    with pytest.raises(ValueError, match=rf"cannot read .*{name}"):
        pairs(tmp_path / name)
