"""Bilingual files as rows: each format gives the same rows, and what is broken is named."""

from pathlib import Path

import polib
import pytest

from seq2seq.documents.bitext import is_bitext, language_of_path, languages_of, read_bitext

ROWS = [("Open", "Öffnen"), ("%d file", "%d Datei"), ("%d files", "%d Dateien"), ("a\nb & <c>", "ä\nb & <c>")]

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgctxt "verb"
msgid "Open"
msgstr "Öffnen"

#, fuzzy
msgid "Close"
msgstr "Geschlossen"

msgid "Left alone"
msgstr ""

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d Datei"
msgstr[1] "%d Dateien"

msgid "a\\nb & <c>"
msgstr "ä\\nb & <c>"

#~ msgid "Old"
#~ msgstr "Alt"
"""

TMX = """<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx version="1.4">
<header creationtool="x" creationtoolversion="1" segtype="block" o-tmf="x" adminlang="en" srclang="en"
datatype="plaintext"/><body>%s</body></tmx>"""

XLIFF_12 = """<xliff version="1.2"><file source-language="en" target-language="de"><body>
<trans-unit id="w"><source>Wait</source><target state="needs-translation">Warte</target></trans-unit>
<trans-unit id="n"><source>Never</source></trans-unit>%s</body></file></xliff>"""

XLIFF_20 = '<xliff version="2.0" srcLang="en" trgLang="de"><file id="f">%s</file></xliff>'


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def filled(template: str, row: str) -> str:
    return template % "".join(row % tuple(map(escaped, pair)) for pair in ROWS)


FILES = {
    "app.po": PO,
    "memory.tmx": filled(
        TMX, '<tu><tuv xml:lang="en-US"><seg>%s</seg></tuv><tuv xml:lang="de"><seg>%s</seg></tuv></tu>'
    ),
    "a.xlf": filled(XLIFF_12, "<trans-unit id='a'><source>%s</source><target>%s</target></trans-unit>"),
    "b.xliff": filled(
        XLIFF_20, "<unit id='a'><segment><source>%s</source><target>%s</target></segment></unit>"
    ),
}


def compiled(path: Path, text: str = PO) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    polib.pofile(text).save_as_mofile(str(path))
    return str(path)


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    """Translated entries are rows; fuzzy, obsolete and empty ones, and the header, are none."""
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    assert is_bitext(name) and list(read_bitext([str(tmp_path / name)], ("en", "de"))) == ROWS
    assert next(read_bitext([str(tmp_path / name)], ("de", "en"))) == ROWS[0][::-1]


def test_a_compiled_catalogue_is_of_the_language_of_its_folder(tmp_path: Path) -> None:
    """An MO gives the rows of its PO, whatever language its header was left with."""
    file = compiled(tmp_path / "uk" / "LC_MESSAGES" / "app.mo")
    assert sorted(read_bitext([file], ("en", "uk"))) == sorted(ROWS)
    with pytest.raises(ValueError, match=r"app\.mo has no text in both en and de: its languages are uk"):
        list(read_bitext([file], ("en", "de")))


def test_a_folder_gives_the_rows_of_the_files_that_have_the_languages(tmp_path: Path) -> None:
    """A folder is read file by file; files of other languages are passed over, and one is named for none."""
    (tmp_path / "sub").mkdir()
    for name, text in FILES.items():
        (tmp_path / "sub" / name).write_text(text, encoding="utf-8")
    (tmp_path / "fr.po").write_text(PO.replace('"Language: de\\n"\n', ""), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no bitext\n")
    assert len(list(read_bitext([str(tmp_path)], ("en", "de")))) == 4 * len(ROWS)
    assert len(list(read_bitext([str(tmp_path)], ("en", "fr")))) == len(ROWS)
    assert languages_of(str(tmp_path), ["cs", "fr", "en", "de"]) == ["fr", "en", "de"]
    with pytest.raises(ValueError, match="has no text in both en and cs: its languages are de, en"):
        list(read_bitext([str(tmp_path)], ("en", "cs")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty holds no file that ends in \.tmx, "):
        list(read_bitext([str(tmp_path / "empty")], ("en", "cs")))


def test_rows_of_three_languages_need_all_three(tmp_path: Path) -> None:
    """A row of several languages has a text in each, in the order that is asked for."""
    tu = "".join(f'<tuv xml:lang="{code}"><seg>{code}!</seg></tuv>' for code in ("de", "en", "fr"))
    (tmp_path / "m.tmx").write_text(TMX % f"<tu>{tu}</tu><tu>{tu.replace('fr', 'it')}</tu>")
    assert list(read_bitext([str(tmp_path / "m.tmx")], ("fr", "en", "de"))) == [("fr!", "en!", "de!")]


def test_inline_elements_of_xliff_become_text(tmp_path: Path) -> None:
    """Elements that stand for code are their ids in braces; words in elements stay in their tags."""
    sides = ('Press <ph id="k"/> or <g id="1">go</g>', '<g id="1">Weiter</g> mit <ph id="k"/>')
    unit = "<trans-unit id='a'><source>{}</source><target>{}</target></trans-unit>".format(*sides)
    (tmp_path / "a.xlf").write_text(XLIFF_12 % unit)
    assert list(read_bitext([str(tmp_path / "a.xlf")], ("en", "de"))) == [
        ('Press {k} or <g id="1">go</g>', '<g id="1">Weiter</g> mit {k}')
    ]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
BROKEN = {
    "cut.po": (PO[: PO.index("Öffnen") + 3], r"cut\.po"),
    "latin.po": (PO.encode("latin-1"), r"latin\.po"),
    "cut.mo": (b"\xde\x12\x04\x95\0\0", r"cut\.mo"),
    "cut.tmx": (FILES["memory.tmx"][:-40], r"cut\.tmx, line 5: no whole XML"),
    "bomb.tmx": (
        BOMB + FILES["memory.tmx"].partition("?>")[2].partition(">")[2],
        r"bomb\.tmx, line 1: the entity",
    ),
    "bomb.xlf": (BOMB + FILES["a.xlf"], r"bomb\.xlf"),
    "cut.xlf": (FILES["a.xlf"][:-20], r"cut\.xlf"),
    "packed.po.gz": (b"", r"packed\.po\.gz is a compressed catalogue; unpack it first"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    """A file that is cut off, not in its charset or that declares entities is refused by name."""
    content, message = BROKEN[name]
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ValueError, match=message):
        list(read_bitext([str(tmp_path / name)], ("en", "de")))


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("share/locale/pt_BR/LC_MESSAGES/de.mo", "pt_BR"),
        ("po/de.po", "de"),
        ("app-zh_CN.po", "zh_CN"),
        ("po/fr/app.po", "fr"),
        ("po/app.po", None),
    ],
)
def test_the_path_of_a_catalogue_names_its_language(path: str, language: str | None) -> None:
    """Folder, file name and end of the file name name the language, in this order where it is installed."""
    assert language_of_path(path) == language
