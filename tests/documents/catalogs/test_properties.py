r"""Java's .properties: escapes, continued lines and apostrophes both ways."""

import re

import pytest
from catalog_filling import filled, shout
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import CatalogError, open_catalog

SOURCE = rb"""# A program

! The title
title = Files of \
        the day
  spaced\ key : One\ttwo \u00fc
lines=First\n\
      second
empty=
url=http://example.org
"""


def read_properties(text: str) -> dict[str, str]:
    """Return keys and values as java.util.Properties reads them; a reader of the test's own."""
    joined = re.sub(r"(?<!\\)((?:\\\\)*)\\(?:\r\n|\n|\r)[ \t\f]*", r"\1", text)
    values = {}
    for line in re.split(r"\r\n|\n|\r", joined):
        line = line.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        key, value = re.fullmatch(r"((?:\\.|[^\\:= \t\f])*)[ \t\f]*[:=]?[ \t\f]*(.*)", line).groups()
        values[unescape(key)] = unescape(value)
    return values


def unescape(text: str) -> str:
    """Return a text without its escapes."""
    signs = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
    text = re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|(.))",
        lambda match: chr(int(match[1], 16)) if match[1] else signs.get(match[2], match[2]),
        text,
    )
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def test_values_are_unescaped() -> None:
    """Continued lines are one, escapes are characters; remarks above are comments."""
    entries = open_catalog("a.properties", SOURCE, "de").entries
    assert [(entry.key, entry.source, entry.comment, entry.line) for entry in entries] == [
        ("title", "Files of the day", "The title", 4),
        ("spaced key", "One\ttwo ü", "", 6),
        ("lines", "First\nsecond", "", 7),
    ]


def test_ascii_stays_ascii_and_lines_stay_lines() -> None:
    """Other letters are escapes; a line end of the text ends a line where it did."""
    text = filled("a.properties", SOURCE, "de")
    assert text == (
        "# A program\n\n! The title\ntitle = Files of the day \\u00c4\\u00d6!\n"
        "  spaced\\ key : One\\ttwo \\u00fc \\u00c4\\u00d6!\n"
        "lines=First\\n\\\n      second \\u00c4\\u00d6!\nempty=\nurl=http://example.org\n"
    )
    assert read_properties(text)["lines"] == "First\nsecond ÄÖ!"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "ü 狗 😀".encode()), ("latin-1", b"\xfc \\u72d7 \\ud83d\\ude00")],
)
def test_other_encodings_stay(encoding: str, expected: bytes) -> None:
    """UTF-8 holds every letter; Latin-1 has escapes for those that it lacks."""
    catalog = open_catalog("a.properties", "a = \xe4 text\n".encode(encoding), "zh")
    catalog.fill(catalog.entries[0], ["ü 狗 😀"], note="狗")
    note = "# 狗\n".encode() if encoding == "utf-8" else b"# \\u72d7\n"
    assert catalog.to_bytes() == note + b"a = " + expected + b"\n"


@pytest.mark.parametrize(
    ("source", "target", "written"),
    [
        ("a=Files of {0}", "l'{0}", "a=l''{0}"),
        ("a=It''s {0}", "l'{0}", "a=l''{0}"),
        ("a=It's {0}", "l'{0}", "a=l'{0}"),
        ("a=It's", "l'ami", "a=l'ami"),
        ("a='{'{0}'}' it", "'{'{0}'}' l", "a='{'{0}'}' l"),
    ],
)
def test_apostrophes_are_those_of_message_format(source: str, target: str, written: str) -> None:
    """Beside arguments they are doubled, unless the file itself does not."""
    catalog = open_catalog("a.properties", source.encode(), "fr")
    catalog.fill(catalog.entries[0], [target])
    assert catalog.to_bytes().decode() == written


def test_a_choice_is_filled_branch_by_branch() -> None:
    """The text around it moves inside."""
    source = "a=There {0,choice,0#are none|1#is one|1<are {0}} left\n"
    entries = open_catalog("a.properties", source.encode(), "de").entries
    assert [entry.source for entry in entries] == [
        "There are none left",
        "There is one left",
        "There are {0} left",
    ]
    text = filled("a.properties", source, "de", translate=str.upper)
    assert text == "a={0,choice,0#THERE ARE NONE LEFT|1#THERE IS ONE LEFT|1<THERE ARE {0} LEFT}\n"


def test_missing_keys_are_added_with_their_remarks() -> None:
    """Each behind the key that it follows in the source, in the line ends of the file."""
    text = filled("a.properties", SOURCE, "de", "# Meins\r\nlines=X\r\nurl=http://a.de\r\n", shout, "note")
    assert text == (
        "! The title\r\n# note\r\ntitle = Files of the day \\u00c4\\u00d6!\r\n"
        "  # note\r\n  spaced\\ key : One\\ttwo \\u00fc \\u00c4\\u00d6!\r\n"
        "# Meins\r\nlines=X\r\nurl=http://a.de\r\n"
    )


def test_what_is_not_filled_is_left_out_of_a_new_file() -> None:
    """With the remarks right above; those of the file stay."""
    catalog = open_catalog("a.properties", SOURCE, "de")
    catalog.fill(catalog.entries[1], ["Eins"])
    assert catalog.to_bytes() == (
        b"# A program\n\n! The title\n  spaced\\ key : Eins\nempty=\nurl=http://example.org\n"
    )


def test_duplicate_keys_are_filled_each() -> None:
    """Whichever the program takes is translated."""
    assert filled("a.properties", "a=x\na=y\n", "de", translate=str.upper) == "a=X\na=Y\n"


def test_hostile_values() -> None:
    """An escape that is not complete is refused with its line; a megabyte and lone surrogates are not."""
    with pytest.raises(CatalogError, match=r"'a.properties', line 2: the escape \\u needs four"):
        open_catalog("a.properties", b"a=b\nc=\\u12\n", "de")
    with pytest.raises(CatalogError, match="NUL"):
        open_catalog("a.properties", b"a=bc\0", "de")
    text = filled(
        "a.properties", "a=\\ud83d x\nb=" + "long " * 200_000, "de", translate=lambda text: text + "!"
    )
    assert text.startswith("a=\\ud83d x!\nb=long ") and text.endswith(" !")


@given(st.text(), st.sampled_from(["a = x", "a:x", "a=x\\:y\\=z", "é=x", "a x\r\n", "a=x\\n\\\n  y"]))
def test_any_value_is_read_by_another_reader(text: str, source: str) -> None:
    """The reader of the test finds the translation."""
    if not text:
        return
    data = source.encode()
    catalog = open_catalog("a.properties", data, "de")
    catalog.fill(catalog.entries[0], [text])
    assert read_properties(catalog.to_bytes().decode())["é" if source[0] == "é" else "a"] == text
