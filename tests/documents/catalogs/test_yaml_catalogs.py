"""Rails' and Symfony's YAML: values are filled in their styles; read by another parser."""

from io import StringIO

import pytest
from catalog_filling import filled
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from seq2seq.documents.catalogs import CatalogError, open_catalog

RAILS = """# A program
en:
  # Shown first
  hello: Hello %{name}   # trailing
  files:
    zero: none
    one: "%{count} file"
    other: "%{count} files"
  block: |
    Line one
    line two

  folded: >-
    A folded
    text here

    a second
  date:
    formats:
      default: "%Y-%m-%d"
    order:
    - :year
    - :month
    names: [~, January, "May"]
  yes: yes
  anchor: &a 'it''s'
  alias: *a
  flow: {a: Apple, b: "B c"}
  empty:
  last: Last one
"""


def load(text: str) -> dict:
    """Return a text's values by ruamel.yaml, a parser that the library does not use."""
    return YAML(typ="safe", pure=True).load(StringIO(text))


def test_rails_entries() -> None:
    """Texts and plurals; formats, symbols, booleans and aliases are none."""
    catalog = open_catalog("en.yml", RAILS.encode(), "de")
    assert catalog.source_language == "en"
    assert [(entry.key, entry.source) for entry in catalog.entries] == [
        ("hello", "Hello %{name}"),
        ("files", "%{count} file"),
        ("files.zero", "none"),
        ("block", "Line one\nline two\n"),
        ("folded", "A folded text here\na second"),
        ("date.names.1", "January"),
        ("date.names.2", "May"),
        ("anchor", "it's"),
        ("flow.a", "Apple"),
        ("flow.b", "B c"),
        ("last", "Last one"),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_values_and_the_language_change(line_end: str) -> None:
    """Styles, remarks, anchors and blanks stay; a plain value that needs quotes gets them."""
    text = filled("en.yml", RAILS.replace("\n", line_end), "cs", translate=lambda text: f"X: {text}")
    expected = """# A program
cs:
  # Shown first
  hello: 'X: Hello %{name}'   # trailing
  files:
    zero: 'X: none'
    one: "X: %{count} file"
    few: "X: %{count} files"
    many: "X: %{count} files"
    other: "X: %{count} files"
  block: |
    X: Line one
    line two

  folded: >-
    X: A folded text here

    a second
  date:
    formats:
      default: "%Y-%m-%d"
    order:
    - :year
    - :month
    names: [~, 'X: January', "X: May"]
  yes: yes
  anchor: &a 'X: it''s'
  alias: *a
  flow: {a: 'X: Apple', b: "X: B c"}
  empty:
  last: 'X: Last one'
"""
    assert text == expected.replace("\n", line_end)
    values = load(text)["cs"]
    assert (
        values["block"] == "X: Line one\nline two\n" and values["folded"] == "X: A folded text here\na second"
    )


@pytest.mark.parametrize(
    "existing", ["zh:\n", "zh: {}\n", "# mine\nzh:\n  date:\n    formats:\n      a: b\n"]
)
def test_missing_values_are_added(existing: str) -> None:
    """Each where the source has it, with mappings around it and lists whole."""
    text = filled("en.yml", RAILS, "zh", existing)
    values = load(text)["zh"]
    assert values["hello"] == "Hello %{name} ÄÖ!" and values["files"] == {
        "zero": "none ÄÖ!",
        "other": "%{count} files ÄÖ!",
    }
    assert values["date"]["names"] == [None, "January ÄÖ!", "May ÄÖ!"]
    assert values["block"] == "Line one\nline two\n ÄÖ!" and values["flow"] == {
        "a": "Apple ÄÖ!",
        "b": "B c ÄÖ!",
    }
    assert "mine" not in existing or values["date"]["formats"] == {"a": "b"}


def test_additions_stand_where_the_source_has_them() -> None:
    """In the indentation of the file, in braces where it has those, with a remark when asked."""
    existing = "de:\n    # mine\n    flow: {b: B}\n    last: Letzter"
    source = "en:\n  hello: Hello\n  flow: {a: Apple, b: Bee}\n"
    source += "  deep:\n    inner: Text\n  last: Last\n  end: End\n"
    assert filled("en.yml", source, "de", existing, str.upper, "note") == (
        "de:\n    # note\n    hello: HELLO\n    # mine\n    flow: {a: APPLE, b: B}\n"
        "    deep:\n      # note\n      inner: TEXT\n    last: Letzter\n    # note\n    end: END\n"
    )


def test_what_is_not_filled_is_left_out_of_a_new_file() -> None:
    """With mappings that have nothing else; a list stays whole."""
    catalog = open_catalog("en.yml", RAILS.encode(), "de")
    catalog.fill(catalog.entries[0], ["Hallo"])
    values = load(catalog.to_bytes().decode().replace("  alias: *a\n", ""))
    assert values == {
        "de": {
            "hello": "Hallo",
            "date": {
                "formats": {"default": "%Y-%m-%d"},
                "order": [":year", ":month"],
                "names": [None, "January", "May"],
            },
            "yes": "yes",
            "empty": None,
        }
    }


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "One FILE|%count% FILEs"),
        ("zh", "%count% FILEs"),
        ("pl", "One FILE|%count% FILEs|%count% FILEs"),
    ],
)
def test_symfony_s_bars_part_the_forms_of_whole_numbers(language: str, expected: str) -> None:
    """As many as the language has; words that are booleans for Ruby are texts."""
    source = "a.b: 'One file|%count% files'\nc: '{0} None|]0,Inf[ Some'\nd: Yes\ne: a|b\n"
    text = filled("messages.en.yaml", source, language, translate=lambda text: text.replace("file", "FILE"))
    assert load(text) == {"a.b": expected, "c": "{0} None|]0,Inf[ Some", "d": "Yes", "e": "a|b"}


def test_a_bar_in_a_translation_is_refused_where_bars_part_forms() -> None:
    """It would be one form more."""
    catalog = open_catalog("messages.en.yaml", b"a: One file|%count% files\n", "de")
    with pytest.raises(CatalogError, match="change the branches"):
        catalog.fill(catalog.entries[0], ["Eine|Datei", "Dateien"])


def test_symfony_s_icu_messages() -> None:
    """By the name of the file or by a choice, with apostrophes that quote nothing."""
    source = 'a: "{n, plural, one {# file} other {# files}} of {user}"\nb: of {user}\n'
    text = filled("messages+intl-icu.en.yaml", source, "fr", translate=lambda text: text.replace("of ", "d'"))
    assert load(text) == {
        "a": "{n, plural, one {# file d’{user}} many {# files d’{user}} other {# files d’{user}}}",
        "b": "d’{user}",
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: b: c", "line 1: is not valid YAML .mapping values are not allowed in this context.; correct it"),
        ("a: [b", "is not valid YAML"),
        ("x: y\na: %x", "line 2: is not valid YAML"),
        ("a: \x07", "is not valid YAML .*control characters are not allowed"),
        ("- a", "line 1: a catalog is a mapping of keys to values"),
        ("? [a]\n: b", "line 1: a key is no text"),
        ("a: " + "[" * 500, "nested too deeply"),
        ("a: " + "{b: " * 500, "nested too deeply"),
        ("a: *b", "is not valid YAML|^$"),
        ("\xff", "is not UTF-8"),
    ],
)
def test_broken_files_are_refused(text: str, sentence: str) -> None:
    """One sentence with the line and a remedy; an alias of nothing is no text."""
    if text == "a: *b":
        assert open_catalog("a.yml", text.encode(), "de").entries == []
        return
    with pytest.raises(CatalogError, match=f"'a.yml'.*{sentence}"):
        open_catalog("a.yml", text.encode("latin-1"), "de")


def test_duplicates_aliases_and_long_values() -> None:
    """Each of two values is filled, an anchored one once; a megabyte is read at once."""
    bomb = "a: &a x\nb: [*a, *a]\nc: &c y\nd: *c\na: z\n"
    assert filled("a.yml", bomb, "de", translate=str.upper) == (
        "a: &a X\nb: [*a, *a]\nc: &c 'Y'\nd: *c\na: Z\n"
    )
    text = filled("a.yml", "a: " + "long " * 200_000 + "x\n", "de", translate=lambda text: text + "!")
    assert text == "a: " + "long " * 200_000 + "x!\n"


STYLES = [
    "a: x\n",
    "a: 'x'\n",
    'a: "x"\n',
    "a: |\n  x\n",
    "a: >-\n  x\n\nb: 1\n",
    "{a: x, b: y}\n",
    "a:\n  x\n",
]


@given(st.text(min_size=1) | st.text("ab 1:#-'\"\\{}[],&*!|>%@`?~\n\t", min_size=1), st.sampled_from(STYLES))
def test_any_value_is_read_by_another_parser(text: str, source: str) -> None:
    """Each style holds every text, or another style is taken."""
    catalog = open_catalog("a.yaml", source.encode(), "de")
    catalog.fill(catalog.entries[0], [text])
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    result = catalog.to_bytes().decode()
    if "\r" not in text:
        assert load(result)["a"] == text
    again = open_catalog("a.yaml", source.encode(), "de", result.encode())
    assert again.entries[0].targets == [text]
