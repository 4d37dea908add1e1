"""Facts: how they are parsed, what the model reads, and the spans of every character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.data_to_text.facts import FactsForm, as_mapping, as_text
from seq2seq.text.attributes import Attribute, parse_attributes, unit_spans

FORM = FactsForm(
    ["name", "near"],
    {"eatType": ["pub", "coffee shop"], "food": ["French", "Fast food"], "area": ["riverside"]},
)
TEXT = "near[Café Rouge], food[french], name[The Eagle]"


def test_facts_are_read_with_their_places() -> None:
    """Facts have their spans in the text."""
    facts = parse_attributes("  name [ The  Eagle ] ,food[French]")
    assert facts[0] == Attribute("name", "The Eagle", 2, 8, 20) and facts[1][:2] == ("food", "French")
    assert as_text(as_mapping(facts)) == "name[The Eagle], food[French]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "'hello' is no fact"),
        ("name[The Eagle] food[French]", "'name.The Eagle. food.French.' is no fact"),
        ("name[a[b]]", "is no fact"),
        ("name]a[", "is no fact"),
        ("[The Eagle]", "is no fact"),
        ("name[The Eagle], ", None),
        ("food[French]", "lack name"),
        ("name[]", "name.. has no value"),
        ("name[a], name[b]", "'name' is given twice"),
        ("name[a], wifi[yes]", "'wifi' is unknown; this model knows name, eatType, food, area, near"),
        ("name[a], food[Thai]", r"food\[Thai\] is unknown to this model; it knows French, Fast food"),
    ],
)
def test_what_is_wrong_with_facts_is_said(text: str, said: str | None) -> None:
    """The error for wrong facts names the fact and what the model knows."""
    if said is None:
        assert FORM.check(text)
        return
    with pytest.raises(ValueError, match=said):
        FORM.check(text)


def test_many_brackets_take_linear_time() -> None:
    """Parsing is linear in the number of brackets."""
    for text in ("[" * 100_000, "a" * 100_000, "a[b]," * 30_000 + "[", " " * 100_000 + "["):
        with pytest.raises(ValueError, match="no fact"):
            parse_attributes(text, "fact")


def test_the_model_reads_one_order_and_no_names() -> None:
    """Facts in any order, case and spacing are the same to the model, with letters for names."""
    assert FORM.read(TEXT).text == "X food French near Y"
    assert FORM.read("Eat Type[ PUB ], name[x], area[Riverside]").text == "X eat type pub area riverside"


def test_each_character_knows_its_fact() -> None:
    """Each character the model reads has the span of its value or slot."""
    read = FORM.read(TEXT)
    places = {word: read.text.index(word) for word in ("X", "food", "French", "near", "Y")}
    shown = {word: TEXT[slice(*read.original_span(at, at + len(word)))] for word, at in places.items()}
    assert shown == {
        "X": "The Eagle",
        "food": "food",
        "French": "french",
        "near": "near",
        "Y": "Café Rouge",
    }


def test_a_sentence_loses_its_names_and_gets_them_back() -> None:
    """Names are replaced in any case as whole words, and restored."""
    facts = FORM.check(TEXT)
    sentence = "The eagle is near Café Rouge, the Eagles are not."
    left = FORM.leave_out(sentence, facts)
    assert left.text == "X is near Y, the Eagles are not."
    assert sentence[slice(*left.original_span(0, 1))] == "The eagle"
    assert FORM.put_in("X's place is near Y. X, XY or Xi?", facts) == (
        "The Eagle's place is near Café Rouge. The Eagle, XY or Xi?"
    )


def test_names_that_look_like_letters_stay_as_they_are() -> None:
    """A restored name is not replaced again, even if it looks like a letter."""
    facts = FORM.check("name[Y], near[X]")
    assert FORM.put_in("X is near Y.", facts) == "Y is near X."
    assert FORM.leave_out("Y is near X.", facts).text == "X is near Y."


@given(st.text(st.characters(codec="utf-8", exclude_characters="[],XYZxyz"), min_size=1).filter(str.strip))
def test_any_name_comes_through(name: str) -> None:
    """Names in any script come through unchanged."""
    facts = FORM.check(f"name[{name}]")
    assert FORM.put_in("X is a pub.", facts) == f"{' '.join(name.split())} is a pub."


def test_the_words_of_facts_are_the_facts() -> None:
    """Each fact is one unit of the alignment, whatever blanks its value has."""
    assert [TEXT[start:end] for start, end in unit_spans(TEXT, "words")] == TEXT.split(", ")
    assert len(unit_spans(TEXT, "blanks")) == 5
    assert len(unit_spans("Smith found it [1]", "words")) == 4
    assert len(unit_spans("let us take a[1], b[2]", "words")) == 5


@pytest.mark.parametrize(
    ("copied", "values"),
    [([], {}), (["a", "b", "c", "d"], {}), (["a"], {"b": "c"}), (["a"], ["b"]), ([1], {})],
)
def test_a_form_that_is_none_is_refused(copied: list, values: dict) -> None:
    """A damaged form in config.json is refused in a sentence."""
    with pytest.raises(ValueError, match="facts"):
        FactsForm(copied, values)
