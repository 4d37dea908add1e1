"""Fluent's .ftl: values, attributes and branches are filled; read by Mozilla's own parser."""

import pytest
from catalog_filling import filled, shout
from fluent.syntax import FluentParser, FluentSerializer, ast
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import CatalogError, open_catalog

SOURCE = """### A program

# The title
hello = Hello, { $name }!
    .title = Greeting
    .accesskey = H

-brand = Our Tool
    .gender = masculine
lines =
    First line
      second line

    third
count =
    You have { $n ->
        [0] no files
        [one] one file
       *[other] { $n } files
    } here.
inline = { $who ->
    [female] her dog
   *[other] a dog
}
placed = { NUMBER($n, type: "ordinal") ->
   *[other] { $n }th place
}
number = { $n }
"""


def messages_of(text: str) -> dict[str, str]:
    """Return messages as Mozilla's tools write them; junk fails."""
    found = {}
    for entry in FluentParser().parse(text).body:
        assert not isinstance(entry, ast.Junk), entry.content
        if isinstance(entry, ast.Message | ast.Term):
            entry.comment = None
            found[entry.id.name] = FluentSerializer().serialize_entry(entry)
    return found


def test_entries_are_texts() -> None:
    """Values, attributes and branches; keys, metadata of terms and placeholders alone are none."""
    entries = open_catalog("a.ftl", SOURCE.encode(), "de").entries
    assert [(entry.key, entry.source, entry.source_plural) for entry in entries] == [
        ("hello", "Hello, { $name }!", None),
        ("hello.title", "Greeting", None),
        ("-brand", "Our Tool", None),
        ("lines", "First line\n  second line\n\nthird", None),
        ("count[0]", "You have no files here.", None),
        ("count", "You have one file here.", "You have { $n } files here."),
        ("inline[female]", "her dog", None),
        ("inline[other]", "a dog", None),
        ("placed", "{ $n }th place", "{ $n }th place"),
    ]
    assert entries[0].comment == "The title" and entries[0].line == 4


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_texts_change(line_end: str) -> None:
    """Layout, keys and remarks stay; a plural has the categories of the language."""
    source = SOURCE.replace("\n", line_end)
    text = filled("a.ftl", source, "cs", translate=lambda text: f"X {text}")
    expected = (
        SOURCE.replace("= Hello", "= X Hello")
        .replace("= Greeting", "= X Greeting")
        .replace("Our Tool", "X Our Tool")
        .replace("First line", "X First line")
        .replace("her dog", "X her dog")
        .replace("a dog", "X a dog")
        .replace("{ $n }th", "X { $n }th")
        .replace(
            """    You have { $n ->
        [0] no files
        [one] one file
       *[other] { $n } files
    } here.
""",
            """    { $n ->
        [0] X You have no files here.
        [one] X You have one file here.
        [few] X You have { $n } files here.
        [many] X You have { $n } files here.
       *[other] X You have { $n } files here.
    }
""",
        )
    )
    assert text == expected.replace("\n", line_end)
    assert len(messages_of(text)) == 7


def test_missing_messages_are_added_whole() -> None:
    """With remarks and keys; a message that lacks an attribute gets it."""
    existing = "lines = Zeilen\r\nhello = Hallo\r\n    .accesskey = H\r\n"
    text = filled("a.ftl", SOURCE, "de", existing, shout, "memory 90 %")
    assert text.startswith(
        "lines = Zeilen\r\n# memory 90 %\r\ncount =\r\n    { $n ->\r\n        [0] You have"
    )
    assert (
        "# memory 90 %\r\nhello = Hallo\r\n    .title = Greeting ÄÖ!\r\n    .accesskey = H\r\n"
        "# memory 90 %\r\n-brand = Our Tool ÄÖ!\r\n    .gender = masculine\r\n"
        in text.replace("\r\n\r\n", "\r\n")
    )
    assert list(messages_of(text)) == ["lines", "count", "inline", "placed", "hello", "brand"]


def test_what_is_not_filled_is_left_out_of_a_new_file() -> None:
    """A message is whole or not there."""
    catalog = open_catalog("a.ftl", SOURCE.encode(), "de")
    catalog.fill(catalog.entries[0], ["Hallo"])
    catalog.fill(catalog.entries[2], ["Werkzeug"])
    assert catalog.to_bytes().decode() == (
        "### A program\n\n# The title\n\n-brand = Werkzeug\n    .gender = masculine\nnumber = { $n }\n"
    )


@pytest.mark.parametrize("text", ["{", "a }", "{ $n", "{ $n -> [a] b }", "{ $n ->\n *[a] b\n}"])
def test_a_translation_that_breaks_its_message_is_refused(text: str) -> None:
    """Braces that are no placeable, and choices that the source has not."""
    catalog = open_catalog("a.ftl", b"a = b\n", "de")
    with pytest.raises(CatalogError, match=r"'a\.ftl', line 1: the translation of 'a' cannot be"):
        catalog.fill(catalog.entries[0], [text])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = b\nfoo bar\n", 'line 2: Expected token: "=" .E0003.; correct the message'),
        ("a = {\n", "line [12]: .*correct the message"),
        ("a =\n", "line 1: .*correct the message"),
        ("a = { $n ->\n    [one] b\n}\n", "line [123]: .*default"),
        ("a = " + "{" * 5000, "nested too deeply"),
    ],
)
def test_broken_files_are_refused(text: str, sentence: str) -> None:
    """One sentence with the line and a remedy."""
    with pytest.raises(CatalogError, match=f"'a.ftl'.*{sentence}"):
        open_catalog("a.ftl", text.encode(), "de")


def test_duplicates_and_long_values() -> None:
    """Each of two messages of one name is filled; so is a text of 100,000 letters."""
    assert filled("a.ftl", "a = x\na = y\n", "de", translate=str.upper) == "a = X\na = Y\n"
    text = filled("a.ftl", "a = " + "long " * 20_000 + "x\n", "de", translate=lambda text: text + "!")
    assert text.endswith(" x!\n")


@given(st.lists(st.text('ab [*."\\#é', min_size=1), min_size=1, max_size=3).map("\n".join), st.booleans())
def test_any_lines_are_read_by_mozilla(text: str, in_branch: bool) -> None:
    """Blanks and special letters at the ends of lines are kept, but for lines of blanks alone."""
    lines = text.split("\n")
    if any(not line.strip() for line in lines) or any(line != line.rstrip() for line in lines[:-1]):
        return
    source = b"a = { $n ->\n    [b] x\n   *[c] y\n}\n" if in_branch else b"a = x\n"
    catalog = open_catalog("a.ftl", source, "de")
    for entry in catalog.entries:
        catalog.fill(entry, [text])
    filled_text = catalog.to_bytes().decode()
    (message,) = FluentParser().parse(filled_text).body
    patterns = [message.value]
    if in_branch:
        patterns = [variant.value for variant in message.value.elements[0].expression.variants]
    for pattern in patterns:
        parts = [getattr(part, "value", None) or part.expression.value for part in pattern.elements]
        value = "".join(parts)
        # The blanks that all further lines begin with are the file's, if the first begins with none.
        assert [line.split() for line in value.split("\n")] == [line.split() for line in lines]
        assert value.split("\n")[0] == lines[0] and (len(lines) > 1 or value == text)
