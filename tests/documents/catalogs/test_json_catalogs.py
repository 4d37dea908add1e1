"""i18next, ARB and WebExtension JSON: filled value by value, all else byte for byte."""

import json

import pytest
from catalog_filling import filled
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import CatalogError, open_catalog
from seq2seq.documents.catalogs.json_syntax import JsonSyntax
from seq2seq.documents.catalogs.nodes import decode_catalog

I18NEXT = """{
  "menu": {
    "title": "My \\u201cfiles\\u201d",
    "file_one": "{{count}} file",
    "file_other": "{{count}} files",
    "size": 3, "url": "https://example.org/a"
  },
  "days": ["Monday", 3, "Sunday"],
  "friend_male": "A boyfriend",
  "none": "{{count}}",
  "place_ordinal_one": "{{count}}st place",
  "place_ordinal_other": "{{count}}th place"
}
"""
VALUES = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_i18next_has_the_plural_forms_of_the_language() -> None:
    """Forms stand beside each other; numbers, addresses and placeholders alone are kept."""
    text = filled("en.json", I18NEXT, "cs", translate=lambda text: text + "!")
    assert '"title": "My \\u201cfiles\\u201d!"' in text
    assert '"size": 3, "url": "https://example.org/a"' in text
    values = json.loads(text)
    forms = [f"file_{category}" for category in ("one", "few", "many", "other")]
    assert list(values["menu"]) == ["title", *forms, "size", "url"]
    assert values["days"] == ["Monday!", 3, "Sunday!"]
    assert values["none"] == "{{count}}"
    assert "place_ordinal_one" not in values and values["place_ordinal_other"] == "{{count}}th place!"


def test_a_language_of_one_form_loses_the_others() -> None:
    """Chinese has the form `other` alone; German has those of English."""
    chinese = json.loads(filled("en.json", I18NEXT, "zh"))
    assert "file_one" not in chinese["menu"] and "file_other" in chinese["menu"]
    assert list(json.loads(filled("en.json", I18NEXT, "de"))["menu"]) == list(json.loads(I18NEXT)["menu"])


def test_what_an_existing_file_lacks_is_added_where_the_source_has_it() -> None:
    """Its own values, order and indentation stay."""
    existing = '{\r\n    "friend_male": "Freund",\r\n    "menu": {"size": 3}\r\n}\r\n'
    text = filled("en.json", I18NEXT, "de", existing)
    assert text == (
        '{\r\n    "friend_male": "Freund",\r\n    "place_ordinal_other": "{{count}}th place ÄÖ!",\r\n'
        '    "menu": {"title": "My “files” ÄÖ!", "file_one": "{{count}} file ÄÖ!", '
        '"file_other": "{{count}} files ÄÖ!", "size": 3},\r\n'
        '    "days": [\r\n        "Monday ÄÖ!",\r\n        3,\r\n        "Sunday ÄÖ!"\r\n    ]\r\n}\r\n'
    )
    assert json.loads(text)["menu"]["size"] == 3


def test_a_zero_is_a_text_of_its_own() -> None:
    """It serves the number 0, in languages without such a category, too."""
    source = '{"file_zero": "No files", "file_one": "A file", "file_other": "Files"}'
    keys = [entry.key for entry in open_catalog("en.json", source.encode(), "de").entries]
    assert keys == ["file_zero", "file"]
    assert list(json.loads(filled("en.json", source, "de"))) == ["file_zero", "file_one", "file_other"]


def test_what_is_not_filled_is_left_out_of_a_new_file() -> None:
    """Programs take it from the source's file, and the next run finds it missing."""
    catalog = open_catalog("en.json", I18NEXT.encode(), "de")
    catalog.fill(catalog.entries[0], ["Titel"])
    assert json.loads(catalog.to_bytes()) == {
        "menu": {"title": "Titel", "size": 3, "url": "https://example.org/a"},
        "days": ["Monday", 3, "Sunday"],
        "none": "{{count}}",
    }


def test_arb_has_its_language_and_messages() -> None:
    """Metadata stays, a choice is filled branch by branch, the language is written."""
    source = """{
  "@@locale": "en",
  "count": "{n, plural, =0{No dogs} one{# dog} other{# dogs}} here",
  "@count": {"description": "Dogs that were found", "placeholders": {"n": {"type": "int"}}},
  "by": "by {name}"
}"""
    catalog = open_catalog("app_en.arb", source.encode(), "fr")
    assert catalog.source_language == "en"
    assert [entry.comment for entry in catalog.entries] == ["Dogs that were found"] * 2 + [""]
    assert [(entry.key, entry.plural_forms) for entry in catalog.entries[:2]] == [
        ("count[=0]", 1),
        ("count", 3),
    ]
    text = filled("app_en.arb", source, "pt-BR", translate=lambda text: "d'" + text)
    values = json.loads(text)
    assert values["@@locale"] == "pt_BR" and values["by"] == "d'by {name}"
    assert values["count"] == (
        "{n, plural, =0{d'No dogs here} one{d’# dog here} many{d’# dogs here} other{d’# dogs here}}"
    )
    assert values["@count"] == json.loads(source)["@count"]


def test_a_message_is_written_once_all_its_texts_are_there() -> None:
    """Half a message would be in two languages."""
    source = b'{"a": "{n, plural, =0{No dogs} other{# dogs}}", "b": "Cats"}'
    catalog = open_catalog("a.arb", source, "de", b"{}")
    catalog.fill(catalog.entries[0], ["Keine Hunde"])
    assert catalog.to_bytes() == b"{}"
    catalog.fill(catalog.entries[1], ["# Hund", "# Hunde"])
    assert json.loads(catalog.to_bytes()) == {"a": "{n, plural, =0{Keine Hunde} one{# Hund} other{# Hunde}}"}


@pytest.mark.parametrize("text", ["# Hund}", "{n", "{x, select, other{y}}"])
def test_a_translation_that_breaks_its_message_is_refused(text: str) -> None:
    """Braces that do not close, or that begin another choice."""
    catalog = open_catalog("a.arb", b'{"a": "{n, plural, other{# dogs}}", "b": "dogs"}', "zh")
    for entry in catalog.entries:
        with pytest.raises(
            CatalogError, match=f"'a.arb', line 1: the translation of '{entry.key}' cannot be"
        ):
            catalog.fill(entry, [text])


def test_a_translation_with_other_choices_is_left_as_it_is() -> None:
    """Its texts are not those of the source."""
    catalog = open_catalog("a.arb", b'{"a": "{n, plural, other{# dogs}}"}', "de", b'{"a": "Hunde"}')
    assert catalog.entries == []


def test_a_web_extension_keeps_its_placeholders() -> None:
    """Only messages are filled; one that is added brings description and placeholders."""
    source = """{
  // The name
  "name": {"message": "My Tool", "description": "The name"},
  "hello": {
    "message": "Hello $USER$",
    "placeholders": {"user": {"content": "$1", "example": "Ann"}}
  }
}"""
    text = filled("messages.json", source, "de")
    assert text == source.replace("My Tool", "My Tool ÄÖ!").replace("$USER$", "$USER$ ÄÖ!")
    added = json.loads(filled("messages.json", source, "de", '{"name": {"message": "Werkzeug"}}'))
    assert added["name"] == {"message": "Werkzeug"}
    assert added["hello"] == {
        "message": "Hello $USER$ ÄÖ!",
        "placeholders": {"user": {"content": "$1", "example": "Ann"}},
    }
    keys = [(entry.key, entry.comment) for entry in open_catalog("messages.json", source.encode()).entries]
    assert keys == [("name", "The name"), ("hello", "")]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('{\n"a": "b",\n}', 3, "a key in quotes is expected"),
        ('{\n"a": "b"\n"c": "d"}', 3, "a comma or `}` is expected"),
        ('{\n"a" "b"}', 2, "a colon is expected after the key 'a'"),
        ('{"a": "b\n"}', 1, "not closed on its line"),
        ('{"a": "\\x"}', 1, "wrong escape"),
        ('{"a": nul}', 1, "a value is expected"),
        ('{"a": "b"}\n{}', 2, "more after the end"),
        ('["a"]', 1, "a catalog is a JSON object"),
        ('{"a":' * 5000, 1, "nested too deeply"),
        ('{"a": "b"', 1, "before the end"),
        ("", 1, "a value is expected before the end"),
    ],
)
def test_broken_files_are_refused_with_their_line(text: str, line: int, sentence: str) -> None:
    """One sentence with the line and a remedy."""
    with pytest.raises(CatalogError, match=f"'a.json', line {line}: .*{sentence}"):
        open_catalog("a.json", text.encode(), "de")


def test_hostile_values_survive() -> None:
    """Duplicate keys, lone surrogates, escaped zeros and a megabyte on one line."""
    source = '{"a": "x \\ud83d", "a": "y\\u0000", "b": "' + "long " * 200_000 + '"}'
    catalog = open_catalog("a.json", source.encode(), "de")
    assert [entry.key for entry in catalog.entries] == ["a", "a", "b"]
    for entry in catalog.entries:
        catalog.fill(entry, [entry.source + "!"])
    expected = source.replace("x \\ud83d", "x \\ud83d!").replace("y\\u0000", "y\\u0000!")
    assert catalog.to_bytes().decode() == expected.replace('long "', 'long !"')


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_values_are_those_of_json(value: object, indent: int | None, ascii_only: bool) -> None:
    """The reader finds what Python's finds, at the places where it stands."""
    text = json.dumps({"root": value}, indent=indent, ensure_ascii=ascii_only)
    data = text.encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    tree = JsonSyntax().read(decode_catalog(data, "a"), "a")
    for node in tree.nodes.values():
        found = json.loads(text[node.start : node.end])
        assert node.text == found if isinstance(found, str) else node.text is None
        assert len(node.children or []) == (len(found) if isinstance(found, dict | list) else 0)
