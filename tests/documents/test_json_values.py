"""JSON: string values are translated; keys, numbers, order, blanks and escapes stay."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import identity, mirror, saying, upper

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


@pytest.mark.parametrize(
    "pair",
    [
        '"id": "a dog"', '"userId": "dog"', '"user_id": "a dog"', '"imageUrl": "dog"', '"slug": "a-dog"',
        '"class": ["a dog", "cat"]', '"@type": "Dog"', '"type": "dog"', '"language": "English"',
        '"a": "dog_1"', '"a": "DOG_RUNS"', '"a": "dogRuns"', '"a": "DogRuns"', '"a": "dog.png"',
        '"a": "app.title"',
        '"a": "en-US"', '"a": "550e8400-e29b-41d4-a716-446655440000"', '"a": "2024-01-01T10:00:00Z"',
        '"a": "#fff"', '"a": "dog()"', '"a": "a::b"', '"a": "${dog}"',
    ],
)  # fmt: skip
def test_identifiers_are_kept(pair: str) -> None:
    """Identifiers are known by their key or by their form."""
    assert translated(f"{{{pair}}}", upper) == f"{{{pair}}}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('{"name": "dog"}', '{"name": "DOG"}'),
        ('{"type": "a red dog"}', '{"type": "A RED DOG"}'),
        ('{"The type": "dog"}', '{"The type": "DOG"}'),
        ('{"id": {"text": "a dog"}}', '{"id": {"text": "A DOG"}}'),
        ('["well-known", "Mr. Dog"]', '["WELL-KNOWN", "MR. DOG"]'),
    ],
)
def test_words_are_translated(value: str, expected: str) -> None:
    """Words are translated under any key but one that names an identifier."""
    assert translated(value, upper) == expected


def test_html_in_a_value_keeps_its_tags() -> None:
    """Tags in a value stay, attributes that are texts are translated, and escapes are those of JSON."""
    text = '{"a": "<p class=\\"x\\">a <b>dog<\\/b><\\/p><img alt=\'two dogs\'>", "b": "a < b"}'
    assert translated(text, identity) == text
    value = json.loads(translated(text, mirror))
    assert value["a"] == "<p class=\"x\"><b>DOG</b> A</p><img alt='DOGS TWO'>"
