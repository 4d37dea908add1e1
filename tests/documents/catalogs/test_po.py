"""PO and POT files: only msgstr, the mark and what a header lacks are changed; gettext's tools accept it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import Catalog, CatalogEntry, CatalogError, open_catalog
from seq2seq.documents.catalogs.entry import Replacement, edited
from seq2seq.documents.catalogs.po_syntax import escape_po, read_po, unescape_po

needs_gettext = pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext's tools are not installed")
HEADER = """msgid ""
msgstr ""
"Project-Id-Version: app 1\\n"
"PO-Revision-Date: 2024-01-01 12:00+0000\\n"
"Last-Translator: Nobody <nobody@example.org>\\n"
"Language-Team: none\\n"
"Language: cs\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=3; plural=(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2;\\n"

"""
BODY = """# Translators, please mind the tone.

# a translator's remark
#. shown in the title
#: window.c:12
#, c-format
msgctxt "title"
msgid "Open %s"
msgstr   ""

#, fuzzy
#| msgid "Close it"
msgid "Close"
msgstr "Zavrit"

#, c-format, fuzzy
msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d soubor"
msgstr[1] ""
msgstr[2] ""

msgid ""
"A line\\n"
"with \\"quotes\\", a\\ttab and a \\\\ backslash, \\303\\251\\n"
msgstr ""

msgid "Done"
msgstr "Hotovo"

# kept for later
#, fuzzy
#~ msgid "Gone"
#~ msgstr "Pryc"
"""


def opened(text: str, language: str | None = None, name: str = "cs.po") -> Catalog:
    """Open the text of a PO file, which comes back byte for byte."""
    catalog = open_catalog(name, text.encode(), language)
    assert catalog.to_bytes() == text.encode()
    return catalog


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that only one of two texts has."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def only(catalog: Catalog) -> CatalogEntry:
    """Return the single entry of a catalog."""
    (entry,) = catalog.entries
    return entry


def test_entries() -> None:
    """Entries have context, plural forms, flags and state; header and obsolete messages are none."""
    catalog = opened(HEADER + BODY)
    assert catalog.target_language == "cs"
    title, close, files, lines, done = catalog.entries
    assert (title.key, title.context, title.source) == ("title\x04Open %s", "title", "Open %s")
    assert title.flags == {"c-format"} and title.state == "missing" and title.line == 19
    assert title.comment == "Translators, please mind the tone.\na translator's remark\nshown in the title"
    assert (close.state, close.targets, close.flags) == ("review", ["Zavrit"], frozenset())
    assert files.sources == ["%d file", "%d files", "%d files"] and files.plural_forms == 3
    assert files.targets == ["%d soubor", "", ""] and files.state == "missing"
    assert lines.source == 'A line\nwith "quotes", a\ttab and a \\ backslash, é\n'
    assert (done.state, done.targets) == ("done", ["Hotovo"])


def test_a_filled_message_changes_its_own_lines_only() -> None:
    """A translation, its mark and its note are new lines; blanks and comments elsewhere stay."""
    catalog = opened(HEADER + BODY)
    catalog.fill(catalog.entries[0], ["Otevřít %s"], note="from the memory, 100 %")
    old, new = changed_lines(HEADER + BODY, catalog.to_bytes().decode())
    assert old == ["#, c-format", 'msgstr   ""']
    assert new == ["# from the memory, 100 %", "#, fuzzy, c-format", 'msgstr "Otevřít %s"']
    text = catalog.to_bytes().decode()
    assert "# a translator's remark\n# from the memory, 100 %\n#. shown" in text
    assert text.endswith(BODY[BODY.index("#, fuzzy\n#| msgid") :])


def test_the_mark_comes_and_goes() -> None:
    """A message for review keeps its previous msgid; one that is done loses it with the mark."""
    catalog = opened(HEADER + BODY)
    _, close, files, _, done = catalog.entries
    catalog.fill(close, ["Zavřít"])
    assert '#, fuzzy\n#| msgid "Close it"\nmsgid "Close"\nmsgstr "Zavřít"\n' in catalog.to_bytes().decode()
    catalog.fill(close, ["Zavřít"], review=False)
    catalog.fill(files, ["%d soubor", "%d soubory", "%d souborů"], review=False)
    catalog.fill(done, ["Hotovo"])
    text = catalog.to_bytes().decode()
    assert 'msgstr   ""\n\nmsgid "Close"\nmsgstr "Zavřít"\n\n#, c-format\nmsgid "%d file"\n' in text
    assert 'msgstr[0] "%d soubor"\nmsgstr[1] "%d soubory"\nmsgstr[2] "%d souborů"\n' in text
    assert '\n\n#, fuzzy\nmsgid "Done"\nmsgstr "Hotovo"\n' in text
    assert [entry.state for entry in catalog.entries] == ["missing", "done", "done", "missing", "review"]


def test_a_note_is_written_once() -> None:
    """A note that stands there already is not repeated; of several lines each is a comment."""
    catalog = opened(HEADER + 'msgid "a"\nmsgstr ""\n')
    catalog.fill(only(catalog), ["b"], note="one\ntwo")
    text = catalog.to_bytes().decode()
    assert text.endswith('\n\n# one\n# two\n#, fuzzy\nmsgid "a"\nmsgstr "b"\n')
    again = opened(text)
    again.fill(only(again), ["c"], note="one\ntwo")
    assert again.to_bytes().decode() == text.replace('"b"', '"c"')


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("", 'msgstr[0] "x"\nmsgstr[1] "y"\nmsgstr[2] "z"\n'),
        ('msgstr ""\n', 'msgstr[0] "x"\nmsgstr[1] "y"\nmsgstr[2] "z"\n'),
        ('msgstr[0] "x"\n', 'msgstr[0] "x"\nmsgstr[1] "y"\nmsgstr[2] "z"\n'),
        ('msgstr[0] "x"\nmsgstr[12] ""\n', 'msgstr[0] "x"\nmsgstr[1] "y"\nmsgstr[2] "z"\n'),
        (
            'msgstr[0] ""\nmsgstr[1] ""\nmsgstr[2] ""\nmsgstr[3] ""\n',
            'msgstr[0] "x"\nmsgstr[1] "y"\nmsgstr[2] "z"\n',
        ),
    ],
)
def test_plural_forms_are_those_of_the_header(forms: str, expected: str) -> None:
    """Whatever forms a plural message has, filled it has as many as the header says."""
    start = HEADER + 'msgid "a"\nmsgid_plural "b"\n'
    catalog = opened(start + forms)
    assert only(catalog).sources == ["a", "b", "b"]
    catalog.fill(only(catalog), ["x", "y", "z"], review=False)
    written = catalog.to_bytes().decode()
    assert written.rstrip("\n") == (start + expected).rstrip("\n")
    assert opened(written).entries[0].targets == ["x", "y", "z"]


def test_a_template_becomes_a_catalog() -> None:
    """Charset, language and plural rule, placeholders in a template, are filled along with its messages."""
    template = HEADER.replace("charset=UTF-8", "charset=CHARSET").replace("Language: cs", "Language: ")
    template = template.replace("=3;", "=INTEGER;").replace(
        "(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2", "EXPRESSION"
    )
    catalog = opened(template + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[1] ""\n', "ja", "a.pot")
    assert only(catalog).sources == ["b"]
    catalog.fill(only(catalog), ["犬"])
    text = catalog.to_bytes().decode()
    assert '"Language: ja\\n"' in text and "charset=UTF-8" in text
    assert '"Plural-Forms: nplurals=1; plural=0;\\n"' in text and text.endswith('msgstr[0] "犬"\n')


def test_a_header_without_fields() -> None:
    """A plural rule and a language that are needed are added behind the fields of the header."""
    start = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n\n'
    catalog = opened(start + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[1] ""\n', "fr")
    catalog.set_target_language("pt-BR")
    catalog.fill(only(catalog), ["x", "y"])
    assert (
        catalog.to_bytes()
        .decode()
        .startswith(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n'
            '"\\nLanguage: pt_BR\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n'
        )
    )


def test_forms_that_are_there_outweigh_the_language() -> None:
    """Without a rule in the header, translated messages of the file say how many forms there are."""
    start = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    done = 'msgid "c"\nmsgid_plural "d"\nmsgstr[0] "x"\nmsgstr[1] "y"\n\n'
    catalog = opened(start + done + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\n', "cs")
    assert catalog.entries[1].plural_forms == 2
    catalog.fill(catalog.entries[1], ["x", "y"])
    assert "Plural-Forms" not in catalog.to_bytes().decode()


def test_line_ends_marks_and_charsets_stay() -> None:
    """CRLF, a byte order mark and a charset other than UTF-8 come back, in filled messages, too."""
    text = HEADER.replace("UTF-8", "ISO-8859-2") + 'msgid "a"\nmsgstr ""\n\nmsgid "c"\nmsgstr "\u0159"\n'
    data = text.replace("\n", "\r\n").encode("iso-8859-2")
    catalog = open_catalog("cs.po", data)
    catalog.fill(catalog.entries[0], ["ž\nř"], note="n")
    written = 'msgstr ""\n"ž\\n"\n"ř"\n'
    expected = text.replace('msgid "a"\nmsgstr ""\n', '# n\n#, fuzzy\nmsgid "a"\n' + written)
    assert catalog.to_bytes() == expected.replace("\n", "\r\n").encode("iso-8859-2")
    marked = open_catalog("cs.po", b"\xef\xbb\xbf" + b'msgid "a"\nmsgstr ""\n')
    marked.fill(marked.entries[0], ["b"])
    assert marked.to_bytes() == b'\xef\xbb\xbf#, fuzzy\nmsgid "a"\nmsgstr "b"\n'


def test_a_translation_that_the_charset_lacks() -> None:
    """It is refused when it is filled, so that nothing else is lost."""
    data = HEADER.replace("UTF-8", "ISO-8859-1") + 'msgid "a"\nmsgstr ""\n'
    catalog = open_catalog("cs.po", data.encode())
    with pytest.raises(CatalogError, match=r"'cs.po', line 13: its charset, ISO-8859-1, has no 'ř'; convert"):
        catalog.fill(catalog.entries[0], ["ř"])
    assert catalog.to_bytes() == data.encode() and catalog.entries[0].state == "missing"


def test_duplicates_are_all_filled() -> None:
    """Each message of one msgid is an entry of its own."""
    catalog = opened('msgid "a"\nmsgstr ""\n\nmsgid "a"\nmsgstr ""\n')
    for entry in catalog.entries:
        catalog.fill(entry, ["b"])
    assert catalog.to_bytes().count(b'msgstr "b"') == 2


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_targets_as_forms(count: int) -> None:
    """Too few, too many or empty translations are refused."""
    catalog = opened(
        'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n>1;"\nmsgid "a"\nmsgid_plural "b"\n'
    )
    with pytest.raises(CatalogError, match="takes 2 translations that are not empty, but was given"):
        catalog.fill(only(catalog), ["x"] * count)
    with pytest.raises(CatalogError, match="not empty"):
        catalog.fill(only(catalog), ["x", ""])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'msgid "a\nmsgstr ""\n', r"'a.po', line 1: a string is not closed; end it with"),
        (b'msgid "a"\nmsgstr "b\\"\n', r"line 2: a string is not closed"),
        (b'msgid "a"\n\nmsgid "b"\nmsgstr ""\n', r"line 1: msgid has no msgstr; write msgstr \"\""),
        (b'msgid "a"\n', r"line 1: msgid has no msgstr"),
        (b'msgctxt "a"\n', r"line 1: msgctxt has no msgid after it"),
        (b'msgstr "a"\n', r"line 1: msgstr has no msgid before it"),
        (b'"a"\n', r"line 1: \"a\" has no keyword before it"),
        (b"msgid\nmsgstr\n", r"line 1: msgid has no string; write \"\""),
        (b'msgid "a"\nmsgstr "b"\nmsgstr "c"\n', r"line 3: this msgstr stands there twice; delete one"),
        (b"<html>\n", r"line 1: '<html>' is not PO syntax; correct it"),
        (
            b'\n\nmsgid "a"\nmsgstr "\xff"\n',
            r"line 4: byte 20 is not UTF-8, the charset of its header; correct",
        ),
        (b"\xff\xfem\x00", r"UTF-16, which PO files cannot be; save it as UTF-8"),
        (
            b'msgid ""\nmsgstr "Content-Type: text/plain; charset=klingon\\n"\n',
            r"charset=klingon, which is not",
        ),
        (
            b'msgid ""\nmsgstr "Content-Type: a; charset=ISO-8859-1\\n"\nmsgid "a"\nmsgstr "\xc3\xa9"',
            r"says charset=ISO-8859-1, but its bytes are UTF-8; correct the header",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data: bytes, sentence: str) -> None:
    """A file that is no PO file is refused with its name, the line and a remedy."""
    with pytest.raises(CatalogError, match=sentence) as caught:
        open_catalog("a.po", data)
    assert "\n" not in str(caught.value)


def test_unusual_syntax_that_gettext_accepts() -> None:
    """Several strings or keywords stand on one line, blanks are missing, a last line end, too."""
    catalog = opened('msgid"a" "b"msgstr"" msgid "c"\n\tmsgstr ""')
    first, second = catalog.entries
    assert (first.source, second.source) == ("ab", "c")
    catalog.fill(first, ["x"])
    catalog.fill(second, ["y"])
    written = catalog.to_bytes().decode()
    assert [entry.targets for entry in opened(written).entries] == [["x"], ["y"]]
    assert [entry.state for entry in opened(written).entries] == ["review", "review"]


def test_a_comment_behind_a_string() -> None:
    """A mark on the line of another message's string goes alone."""
    catalog = opened('msgid "a"\nmsgstr "b" #, fuzzy\nmsgid "c"\nmsgstr "d"\n')
    assert [entry.state for entry in catalog.entries] == ["done", "review"]
    catalog.fill(catalog.entries[1], ["e"], review=False)
    assert catalog.to_bytes() == b'msgid "a"\nmsgstr "b" \nmsgid "c"\nmsgstr "e"\n'


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example('\\101"\n\t\a\x7f')
def test_any_text_survives_its_escapes(text: str) -> None:
    """An escaped text is read again as the same text, on one line without quotes."""
    escaped = escape_po(text)
    assert "\n" not in escaped and unescape_po(escaped, "utf-8") == text


SENTENCES = st.text(st.sampled_from("ab \n\t\"\\é犬%-—…,.!/(){}'"), min_size=1, max_size=200)


@given(st.lists(SENTENCES, min_size=1, max_size=4))
def test_any_translation_is_read_again(texts: list[str]) -> None:
    """Whatever a message is filled with is what the next reader finds, and nothing else has changed."""
    source = HEADER + "\n".join(f'msgid "{number}"\nmsgstr ""\n' for number in range(len(texts)))
    catalog = opened(source)
    for entry, text in zip(catalog.entries, texts, strict=True):
        catalog.fill(entry, [text], review=False)
    again = opened(catalog.to_bytes().decode())
    assert [entry.targets[0] for entry in again.entries] == texts
    text = catalog.to_bytes().decode()
    forms = [m.forms[0] for m in read_po(text, "a.po", "utf-8").messages[1:]]
    assert edited(text, [Replacement(form.quote, form.end, '""') for form in forms]) == source


@needs_gettext
def test_gettext_accepts_what_is_filled(tmp_path: Path) -> None:
    """`msgfmt -c` accepts a filled file with plural forms, notes and long lines."""
    catalog = opened(
        HEADER + BODY.replace("msgstr   ", "msgstr ").replace("#, c-format, fuzzy", "#, c-format")
    )
    for entry in catalog.entries:
        long = " and so on, until the line is full" * 3 if entry.source == "Close" else ""
        catalog.fill(entry, [source + long for source in entry.sources], note="filled", review=False)
    path = tmp_path / "cs.po"
    path.write_bytes(catalog.to_bytes())
    subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], check=True, capture_output=True)


INSTALLED = sorted(Path("/usr/share/locale").glob("*/LC_MESSAGES/*.mo"), key=lambda path: path.stat().st_size)


@needs_gettext
@pytest.mark.skipif(not INSTALLED, reason="no compiled catalogs are installed")
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_installed_catalogs_filled_with_their_own_translations(share: float) -> None:
    """A file whose translations were taken out is the same file again when it is filled with them."""
    path = INSTALLED[int(share * len(INSTALLED))]
    data = subprocess.run(["msgunfmt", path], check=True, capture_output=True).stdout
    catalog = open_catalog("a.po", data)
    memory = {entry.key: entry.targets for entry in catalog.entries}
    text = data.decode(catalog._encoding)  # type: ignore[attr-defined]
    messages = [m for m in read_po(text, "a.po", "utf-8").messages if m.source and m.source.value]
    forms = [form for message in messages for form in message.forms.values()]
    emptied = edited(text, [Replacement(form.quote, form.end, '""') for form in forms])
    blank = open_catalog("a.po", emptied.encode(catalog._encoding))  # type: ignore[attr-defined]
    assert {entry.state for entry in blank.entries} == {"missing"}
    for entry in blank.entries:
        blank.fill(entry, memory[entry.key], review=False)
    assert blank.to_bytes() == data
