r"""Android's strings.xml: escapes, plurals and arrays, into a copy or into the file that exists."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import Catalog, CatalogError, open_catalog
from seq2seq.documents.catalogs.android_text import AndroidText
from seq2seq.documents.xml_parts import escape_xml

FILE = r"""<?xml version="1.0" encoding="utf-8"?>
<resources xmlns:xliff="urn:oasis:names:tc:xliff:document:1.2">
    <!-- the menu -->
    <string name="open">Don\'t open <xliff:g id="f" example="a">%1$s</xliff:g> &amp; <b>go</b></string>
    <string name="home">\@home</string>
    <string name="key" translatable="false">k_1</string>
    <string name="ref">@string/open</string>
    <plurals name="files">
        <item quantity="one">%d file</item>
        <item quantity="other">%d <b>files</b></item>
    </plurals>
    <string-array name="days">
        <item>Monday</item>
        <item>Tuesday</item>
    </string-array>
</resources>
"""


def opened(text: str, language: str | None = None, existing: str | None = None) -> Catalog:
    """Open a strings.xml; unfilled, the file that is to be written comes back byte for byte."""
    catalog = open_catalog("strings.xml", text.encode(), language, existing and existing.encode())
    assert catalog.to_bytes() == (existing or text).encode()
    return catalog


def test_entries() -> None:
    """Strings, plurals and items of arrays are entries; references and what says so are none."""
    catalog = opened(FILE, "de")
    assert [entry.key for entry in catalog.entries] == ["open", "home", "files", "days[0]", "days[1]"]
    first, home, files, *_ = catalog.entries
    assert first.source == 'Don\'t open <xliff:g id="f"/> &amp; <b>go</b>' and first.markup
    assert (first.comment, first.line) == ("the menu", 4)
    assert home.source == "@home" and not home.markup
    assert files.sources == ["%d file", "%d <b>files</b>"] and files.markup
    assert files.flags == {"java-printf-format"}


def test_filling_a_copy() -> None:
    """The file of another language is the source's with its texts replaced, escaped as Android wants it."""
    catalog = opened(FILE, "de")
    texts = [
        ['<b>Los</b>, öffne "<xliff:g id="f"/>" nicht'],
        ["@Heim it's"],
        ["%d Datei", "%d <b>Dateien</b>"],
        ["Montag"],
        ["Dienstag"],
    ]
    for entry, targets in zip(catalog.entries, texts, strict=True):
        catalog.fill(entry, targets)
    assert catalog.to_bytes().decode() == (
        FILE.replace(
            r"Don\'t open <xliff:g id=\"f\" example=\"a\">%1$s</xliff:g> &amp; <b>go</b>".replace('\\"', '"'),
            r'<b>Los</b>, öffne \"<xliff:g id="f" example="a">%1$s</xliff:g>\" nicht',
        )
        .replace(r"\@home", r"\@Heim it\'s")
        .replace("%d file<", "%d Datei<")
        .replace("<b>files", "<b>Dateien")
        .replace("Monday", "Montag")
        .replace("Tuesday", "Dienstag")
    )


@pytest.mark.parametrize(
    ("language", "quantities"),
    [
        ("ja", ["other"]),
        ("ru", ["one", "few", "many", "other"]),
        ("ar", ["zero", "one", "two", "few", "many", "other"]),
    ],
)
def test_plurals_get_the_quantities_of_the_language(language: str, quantities: list[str]) -> None:
    """Items come and go, in CLDR's order, each on its line."""
    catalog = opened(FILE, language)
    files = catalog.entries[2]
    assert files.plural_forms == len(quantities)
    catalog.fill(
        files, [f"%d <b>{quantity}</b>" if q != "one" else "%d x" for q in quantities for quantity in [q]]
    )
    start = FILE.index('        <item quantity="one"')
    items = "".join(
        f'        <item quantity="{q}">%d {"x" if q == "one" else f"<b>{q}</b>"}</item>\n' for q in quantities
    )
    text = catalog.to_bytes().decode()
    assert f'<plurals name="files">\n{items}    </plurals>' in text and FILE[:start].count("\n") > text[
        :1
    ].count("\n")


def test_a_form_may_have_the_elements_of_either_source() -> None:
    """The form of 1 and 21 takes the placeholder of the plural; an element of neither is refused."""
    items = '<item quantity="one">one</item><item quantity="other"><x:g id="n">%d</x:g> b</item>'
    text = f'<resources xmlns:x="x"><plurals name="a">{items}</plurals></resources>'
    catalog = opened(text, "de")
    (entry,) = catalog.entries
    assert entry.sources == ["one", '<x:g id="n"/> b']
    catalog.fill(entry, ['<x:g id="n"/> &amp; ein', '<x:g id="n"/> viele'])
    assert '"one"><x:g id="n">%d</x:g> &amp; ein<' in catalog.to_bytes().decode()
    with pytest.raises(CatalogError, match="has a <i> that the source lacks"):
        catalog.fill(entry, ["<i>ein</i>", '<x:g id="n"/> viele'])


def test_what_is_not_filled_is_left_out() -> None:
    """A partly filled copy lacks the other strings; an array is a whole; a note is a comment."""
    catalog = opened(FILE, "de")
    catalog.fill(catalog.entries[1], ["Heim"], note="a -- b")
    catalog.fill(catalog.entries[3], ["Montag"])
    text = catalog.to_bytes().decode()
    assert text == (
        FILE[: FILE.index('\n    <string name="open"')]
        + "\n    <!-- a - - b -->"
        + FILE[FILE.index('\n    <string name="home"') : FILE.index("\n    <plurals")].replace(
            r"\@home", "Heim"
        )
        + FILE[FILE.index("\n    <string-array") :].replace("Monday", "Montag")
    )


def test_line_ends_of_both_kinds() -> None:
    """A line that is left out goes with its own line end, whatever the others are."""
    text = '<resources>\r\n  <string name="a">a</string>\n  <string name="b">b</string>\r\n</resources>\n'
    catalog = opened(text, "de")
    catalog.fill(catalog.entries[0], ["x"])
    assert catalog.to_bytes() == b'<resources>\r\n  <string name="a">x</string>\r\n</resources>\n'
    catalog = opened(text, "de")
    catalog.fill(catalog.entries[1], ["x"])
    assert catalog.to_bytes() == b'<resources>\n  <string name="b">x</string>\r\n</resources>\n'


def test_an_existing_file_is_kept_and_added_to() -> None:
    """Strings of the target language's file stay, empty and missing ones are filled; arrays may grow."""
    existing = (
        '<resources>\n  <string name="home">Heim</string>\n  <string name="open"/>\n'
        '  <string-array name="days">\n    <item>Mo</item>\n  </string-array>\n</resources>\n'
    )
    catalog = opened(FILE, "ja", existing)
    states = {entry.key: entry.state for entry in catalog.entries}
    assert states == {
        "open": "missing",
        "home": "done",
        "files": "missing",
        "days[0]": "done",
        "days[1]": "missing",
    }
    first, _, files, _, tuesday = catalog.entries
    catalog.fill(first, ['<xliff:g id="f"/> <b>a</b>'])
    catalog.fill(files, ["%d <b>b</b>"])
    catalog.fill(tuesday, ["Di"])
    assert catalog.to_bytes().decode() == (
        '<resources xmlns:xliff="urn:oasis:names:tc:xliff:document:1.2">\n'
        '  <string name="home">Heim</string>\n'
        '  <string name="open"><xliff:g id="f" example="a">%1$s</xliff:g> <b>a</b></string>\n'
        '  <string-array name="days">\n    <item>Mo</item>\n    <item>Di</item>\n  </string-array>\n'
        '  <plurals name="files">\n        <item quantity="other">%d <b>b</b></item>\n    </plurals>\n'
        "</resources>\n"
    )
    empty = opened(FILE, "de", "<resources/>")
    empty.fill(empty.entries[1], ["Heim"])
    assert empty.to_bytes() == b'<resources>\n    <string name="home">Heim</string>\n</resources>'


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"Don\'t", "Don't"),
        (r"say \"hi\"", 'say "hi"'),
        (r"a\nb\tc\\d", "a\nb\tc\\d"),
        (r"\u00e4\ud83d\udc36", "ä🐶"),
        ("  one\n    two  ", "one two"),
        ('"  one  two "', "  one  two "),
        (r"\u0020one\u0020", " one "),
        ("&quot;  a&quot;", "  a"),
        ("<![CDATA[<b>a</b> & b]]>", "<b>a</b> & b"),
        (r"\?a \@b", "?a @b"),
        ("a\\", "a\\"),
    ],
)
def test_escapes(raw: str, text: str) -> None:
    """Android's escapes, quotation marks and collapsed blanks are read as Android reads them."""
    assert AndroidText(raw).text == text


@given(st.text(st.sampled_from("ab '\"\\@?\n\t<&>ä犬n"), min_size=1))
@pytest.mark.parametrize("source", ["a", '"a"', "<![CDATA[a]]>"])
def test_any_translation_is_read_again(source: str, target: str) -> None:
    """Whatever is written is read again as the same text, whichever way the source is quoted."""
    written = AndroidText(source).write(target, escape_xml)
    assert AndroidText(written).text == target


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg/>", r"'strings.xml': is no strings.xml of Android: it begins with <svg>, not <resources>"),
        (
            b"<resources>\n<plurals name='a'><item quantity='one'>b</item></plurals></resources>",
            r"'strings.xml', line 2: plurals 'a' has no item for other; add one",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data: bytes, sentence: str) -> None:
    """Other XML, and plurals without their main form, are refused with a remedy."""
    with pytest.raises(CatalogError, match=sentence):
        open_catalog("strings.xml", data)


@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")
def test_xmllint_accepts_what_is_filled() -> None:
    """A filled file is well-formed for another parser, too."""
    catalog = opened(FILE, "ar")
    for entry in catalog.entries:
        catalog.fill(entry, entry.sources, note="a -- b & <c>-")
    subprocess.run(["xmllint", "--noout", "-"], input=catalog.to_bytes(), check=True)
