"""Apple's .strings: pairs are filled, remarks and layout stay, in UTF-8 and UTF-16."""

import re

import pytest
from catalog_filling import filled, shout
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import CatalogError, open_catalog

SOURCE = """/* A program */

/* Title of
   the window */
"title" = "Files of \\"%@\\"\\n";

/* No comment provided by engineer. */
"a b" = "A b"; 'c' = 'It\\'s'; // first
key = value;
"only";
"""


def read_strings(text: str) -> dict[str, str]:
    """Return keys and values in double quotes; a reader of the test's own."""
    pairs = re.findall(r'"((?:[^"\\]|\\.)*)"\s*=\s*"((?:[^"\\]|\\.)*)"', text, re.DOTALL)
    signs = {"n": "\n", "t": "\t", "r": "\r"}

    def unescape(raw: str) -> str:
        return re.sub(r"\\(.)", lambda match: signs.get(match[1], match[1]), raw, flags=re.DOTALL)

    return {unescape(key): unescape(value) for key, value in pairs}


def test_entries_have_key_source_and_comment() -> None:
    """The remark right above is the comment, but for the one that says nothing."""
    entries = open_catalog("a.strings", SOURCE.encode(), "de").entries
    assert [(entry.key, entry.source, entry.comment, entry.line) for entry in entries] == [
        ("title", 'Files of "%@"\n', "Title of the window", 5),
        ("a b", "A b", "", 8),
        ("c", "It's", "", 8),
        ("key", "value", "first", 9),
    ]
    assert entries[0].flags == {"objc-format"} and not entries[1].flags


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_only_values_change(encoding: str) -> None:
    """Quotes, escapes, remarks, blanks and the encoding stay."""
    catalog = open_catalog("a.strings", SOURCE.encode(encoding), "de")
    assert catalog.to_bytes() == SOURCE.encode(encoding)
    for entry in catalog.entries:
        catalog.fill(entry, [entry.source.upper() + "狗"])
    expected = (
        SOURCE.replace('"Files of \\"%@\\"\\n"', '"FILES OF \\"%@\\"\\n狗"')
        .replace('"A b"', '"A B狗"')
        .replace("'It\\'s'", "'IT\\'S狗'")
        .replace("value;", '"VALUE狗";')
    )
    assert catalog.to_bytes().decode(encoding) == expected


def test_missing_pairs_are_added_with_their_remarks() -> None:
    """Each behind the pair that it follows in the source; empty values are filled."""
    existing = '"key" = "";\r\n"mine" = "Meins";\r\n'
    text = filled("a.strings", SOURCE, "de", existing, shout, "sure */ not")
    assert text.startswith('/* Title of\r\n   the window */\r\n/* sure * / not */\r\n"title" = ')
    assert read_strings(text) == {
        "title": 'Files of "%@"\n ÄÖ!',
        "a b": "A b ÄÖ!",
        "key": "value ÄÖ!",
        "mine": "Meins",
    }


def test_what_is_not_filled_is_left_out_of_a_new_file() -> None:
    """With its remark and line."""
    catalog = open_catalog("a.strings", SOURCE.encode(), "de")
    catalog.fill(catalog.entries[3], ["Wert"])
    assert catalog.to_bytes().decode() == (
        '/* A program */\n\n/* Title of\n   the window */\nkey = "Wert";\n"only";\n'
    )


def test_braces_around_a_file_are_read() -> None:
    """Older files are a dictionary in braces."""
    assert filled("a.strings", '{\n  a = "x";\n}\n', "de", translate=str.upper) == '{\n  a = "X";\n}\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('"a" = "b', "line 1: the text that begins here is not closed"),
        ('"a" = "b"\n"c" = "d";', 'line 2: ";" is missing before'),
        ('"a" "b";', 'line 1: ";" is missing before'),
        ('\n"a" = ;', "line 2: a value is expected before ';'"),
        ("/* a", "line 1: the remark that begins here is not closed"),
        ('{ "a" = "b"; } x', "line 1: something follows the closing brace"),
        ("<?xml?><plist/>", "is XML; give the file of the project's sources"),
        ("bplist00", "is compiled; give the file"),
        ("\xff", "is not UTF-8 text"),
        ("\0", "NUL"),
    ],
)
def test_broken_files_are_refused(text: str, sentence: str) -> None:
    """One sentence with the line and a remedy."""
    with pytest.raises(CatalogError, match=f"'a.strings'.*{sentence}"):
        open_catalog("a.strings", text.encode("latin-1"), "de")


def test_escapes_and_long_values() -> None:
    """Code points are letters; a lone surrogate stays an escape; a megabyte is read at once."""
    source = '"a" = "\\U00e9 \\Ud83d\\Ude00 \\101 b"; "b" = "\\ud83d x"; "c" = "' + "\\n x" * 300_000 + '";'
    catalog = open_catalog("a.strings", source.encode(), "de")
    assert [entry.source[:8] for entry in catalog.entries[:2]] == ["é 😀 A b", "\ud83d x"]
    for entry in catalog.entries:
        catalog.fill(entry, [entry.source + "!"])
    assert catalog.to_bytes().decode().startswith('"a" = "é 😀 A b!"; "b" = "\\Ud83d x!"; "c" = "\\n x')


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_value_is_read_by_another_reader(text: str) -> None:
    """The reader of the test finds the translation."""
    catalog = open_catalog("a.strings", b'"a" = "x";', "de")
    catalog.fill(catalog.entries[0], [text])
    assert read_strings(catalog.to_bytes().decode()) == {"a": text}
