"""JSON: string values are translated; keys, numbers, order, blanks and escapes stay."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import identity, saying, upper

from seq2seq.documents import translate_document


def translated(text: str, model) -> str:
    """Return a JSON text with its values translated by a model."""
    return translate_document("a.json", text.encode(), model).content.decode()


def test_only_values_change() -> None:
    """String values are translated; keys, numbers and layout are kept."""
    text = '{\n\t"a dog" : "a dog",  "b": [1.50e+3, 123, true, null, ""],\n "c": {"d" :"a\\ncat"}}\n'
    expected = text.replace(': "a dog"', ': "A DOG"').replace("a\\ncat", "A\\nCAT")
    assert translated(text, upper) == expected


def test_duplicate_keys_stay() -> None:
    """Duplicate keys are kept."""
    assert translated('{"a": "b", "a": "c"}', upper) == '{"a": "B", "a": "C"}'


@pytest.mark.parametrize("value", ["https://a.b/c", "a@b.c", "/usr/lib", "C:\\\\x", "#main", "12:30", "  "])
def test_what_is_no_language_is_kept(value: str) -> None:
    """Addresses, paths and values without letters are kept."""
    assert translated(f'["{value}"]', saying("Hund")) == f'["{value}"]'


def test_escapes_as_in_the_source() -> None:
    """An ASCII document stays ASCII, one with other characters has no new escapes."""
    assert translated('["a\\u00e9"]', saying("Käse")) == '["K\\u00e4se"]'
    assert translated('["é dog"]', saying('Käse "x"')) == '["Käse \\"x\\""]'
    assert json.loads(translated('["\\ud800 a", "é"]', saying("\ud800"))) == ["\ud800", "\ud800"]


def test_a_long_number() -> None:
    """A number of more digits than Python parses (4,300) is kept."""
    assert translated("[" + "9" * 5000 + ', "a"]', upper) == "[" + "9" * 5000 + ', "A"]'


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_any_json_keeps_its_structure(value: object, ascii_only: bool, indent: int | None) -> None:
    """The result has the structure of the source, whatever the translations."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    text = text.encode("utf-8", "replace").decode()
    assert translated(text, identity) == text

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [shape(inner) for inner in value]
        return "" if isinstance(value, str) else value

    assert shape(json.loads(translated(text, saying('"],\\\n')))) == shape(json.loads(text))
