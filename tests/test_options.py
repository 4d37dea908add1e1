"""DecodeOptions: published defaults, types and ranges of every field, refused contradictions."""

import argparse
import dataclasses
import math
from typing import Any

import pytest
from tables import check_rows

from seq2seq.options import DecodeOptions, OptionField, option_fields


def test_the_defaults_are_the_published_ones() -> None:
    """The defaults stay: other people's scripts depend on them."""
    assert dataclasses.asdict(DecodeOptions()) == {
        "beam_size": 5,
        "num_hypotheses": 1,
        "length_penalty": 1.0,
        "max_length": None,
        "min_length": 1,
        "sampling_temperature": 1.0,
        "sampling_topk": 1,
        "sampling_topp": 1.0,
        "sampling_minp": 0.0,
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "disable_unk": False,
        "target_prefix": None,
        "seed": None,
        "stop": None,
        "banned_words": None,
        "forced_words": None,
        "glossary": None,
        "keep_words": None,
        "keep_placeholders": True,
        "keep_numbers": False,
        "check_numbers": True,
        "keep_wordless": True,
        "keep_markers": True,
        "keep_signs": True,
        "keep_capitals": True,
    }


WRONG = [
    {"beam_size": 0},
    {"beam_size": 65},
    {"beam_size": True},
    {"beam_size": 2.0},
    {"beam_size": "5"},
    {"beam_size": None},
    {"num_hypotheses": 0},
    {"length_penalty": math.nan},
    {"length_penalty": math.inf},
    {"length_penalty": True},
    {"length_penalty": "1"},
    {"max_length": 0},
    {"max_length": 10**9},
    {"min_length": -1},
    {"sampling_temperature": 0.0},
    {"sampling_temperature": -1.0},
    {"sampling_temperature": math.nan},
    {"sampling_topk": -1},
    {"sampling_topp": 1.5},
    {"sampling_topp": -0.1},
    {"repetition_penalty": 0},
    {"no_repeat_ngram_size": -1},
    {"disable_unk": 1},
    {"target_prefix": 5},
    {"target_prefix": ["a", 5]},
    {"seed": "one"},
    {"seed": -1},
    {"seed": 2**63},
    {"seed": 1.5},
    {"sampling_minp": -0.1},
    {"sampling_minp": 1.5},
    {"stop": "a"},
    {"banned_words": ["a", 1]},
    {"glossary": "terms.tsv"},
    {"glossary": [["a", "b", "c"]]},
    {"glossary": {"a": 1}},
    {"keep_numbers": 1},
]


def test_a_wrong_value_is_refused_by_name() -> None:
    """A value of the wrong type or range is refused in one line with its name and what to give."""

    def check(values: dict[str, Any]) -> None:
        ((name, _),) = values.items()
        with pytest.raises(ValueError, match=rf"^{name} is .*; give ") as caught:
            DecodeOptions(**values)
        assert "\n" not in str(caught.value)

    check_rows(check, ((values,) for values in WRONG))


CONTRADICTIONS = [
    ({"num_hypotheses": 6}, ["num_hypotheses is 6", "beam_size, 5"]),
    ({"num_hypotheses": 2, "beam_size": 1}, ["num_hypotheses is 2", "beam_size, 1"]),
    ({"sampling_topk": 10, "beam_size": 8}, ["beam_size is 8", "sampling_topk 10"]),
    ({"sampling_temperature": 0.7}, ["sampling_temperature is 0.7", "sampling_topk"]),
    ({"sampling_topp": 0.9}, ["sampling_topp is 0.9", "sampling_topk"]),
    ({"min_length": 9, "max_length": 8}, ["min_length is 9", "max_length, 8"]),
    ({"sampling_minp": 0.1}, ["sampling_minp is 0.1", "sampling_topk"]),
    ({"stop": ["a", ""]}, ["stop has an empty text"]),
    ({"forced_words": [" "]}, ["forced_words has an empty text"]),
    ({"forced_words": ["\u200b"]}, ["forced_words has an empty text, '\\u200b'"]),
    ({"keep_words": ["\ufeff"]}, ["keep_words has an empty text"]),
    ({"glossary": {"dog": "\u00ad"}}, ["empty side", "'dog'"]),
    ({"glossary": {"\0": "Hund"}}, ["empty side", "'Hund'"]),
    ({"glossary": {"café": "a", "cafe\u0301": "b"}}, ["twice"]),
    ({"banned_words": ["a", "a"]}, ["banned_words has 'a' twice"]),
    ({"banned_words": ["é", "e\u0301"]}, ["banned_words has 'é' twice"]),
    ({"banned_words": ["狗"], "forced_words": ["一只狗"]}, ["'狗' is in banned_words"]),
    ({"banned_words": ["a b"], "forced_words": ["a b"]}, ["'a b' is in banned_words"]),
    ({"banned_words": ["a"], "forced_words": ["a"]}, ["'a' is in banned_words", "to be written"]),
    ({"banned_words": ["Hund"], "glossary": {"dog": "Hund"}}, ["'Hund' is in banned_words"]),
    ({"banned_words": ["Peter"], "keep_words": ["Peter"]}, ["'Peter' is in banned_words"]),
    ({"stop": ["D"], "glossary": {"dogs": "Dackel"}}, ["ends before 'D'", "'Dackel' is to be written"]),
    ({"stop": [" H"], "forced_words": ["Helm"]}, ["ends before ' H'", "'Helm' is to be written"]),
    ({"stop": ["i H"], "target_prefix": "Zwei Hunde"}, ["ends before 'i H'", "'Zwei Hunde'"]),
    ({"banned_words": ["Hunde"], "target_prefix": "Zwei Hunde"}, ["'Hunde' is in", "'Zwei Hunde'"]),
    ({"banned_words": ["Hunde"], "target_prefix": "Zwei (Hunde"}, ["'Hunde' is in banned_words"]),
    (
        {"banned_words": ["Hunde"], "target_prefix": ["\u2581Zwei", "\u2581Hun", "de"]},
        ["'Hunde' is in banned_words"],
    ),
    ({"glossary": {"dog": " "}}, ["empty side", "'dog'"]),
    ({"glossary": [["dog", "Hund"], ["Dog", "Hund"]]}, ["the term 'Dog' twice"]),
]


def test_contradictions_are_refused() -> None:
    """Options of which one would be ignored are refused, both by name and value."""

    def check(values: dict[str, Any], named: list[str]) -> None:
        with pytest.raises(ValueError) as caught:
            DecodeOptions(**values)
        assert all(part in str(caught.value) for part in named), str(caught.value)

    check_rows(check, CONTRADICTIONS)


def test_a_banned_word_inside_another_contradicts_nothing() -> None:
    """A banned word contradicts only words that begin with it."""
    DecodeOptions(banned_words=("und",), target_prefix="Zwei Hunde", keep_words=("Hund",))


def test_words_are_compared_in_one_form() -> None:
    """Texts are compared in NFC: an accent may come as a character of its own."""
    apart = "Ca\u0308fe\u0301"
    for name in ("stop", "banned_words", "forced_words", "keep_words"):
        assert getattr(DecodeOptions(**{name: [apart]}), name) == ("Cäfé",)
    assert DecodeOptions(target_prefix=apart).target_prefix == "Cäfé"
    assert DecodeOptions(glossary={apart: apart}).glossary == (("Cäfé", "Cäfé"),)


def test_a_long_wrong_value_is_not_repeated_in_full() -> None:
    """The message for a wrong value is short, however long the value."""
    with pytest.raises(ValueError) as caught:
        DecodeOptions(seed="9" * 10_000)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 250


SEARCH_KINDS = [
    ({}, "beam"),
    ({"beam_size": 1}, "greedy"),
    ({"sampling_topk": 0}, "sampling"),
    ({"sampling_topk": 40, "beam_size": 1}, "sampling"),
    ({"sampling_topk": 40, "num_hypotheses": 20}, "sampling"),
]


def test_which_search_is_asked_for() -> None:
    """`sampling_topk` and `beam_size` select the search; the default beam is no contradiction to sampling."""

    def check(values: dict[str, Any], kind: str) -> None:
        assert DecodeOptions(**values).search_kind == kind

    check_rows(check, SEARCH_KINDS)


def test_whole_numbers_are_numbers() -> None:
    """A whole number is taken for a real one, as JSON writes it, and kept as a float."""
    options = DecodeOptions(length_penalty=1, sampling_topp=1)
    assert isinstance(options.length_penalty, float)
    assert options == DecodeOptions()


def test_pieces_as_a_list_are_taken() -> None:
    """A list is taken, since JSON has no tuples, and the options stay hashable."""
    options = DecodeOptions(target_prefix=["a", "b"])
    assert options.target_prefix == ("a", "b")
    assert hash(options) == hash(DecodeOptions(target_prefix=("a", "b")))


def test_every_field_can_be_shown() -> None:
    """Each field has what a flag, a schema entry or a slider needs: a sentence, a default, a range."""

    def check(field: OptionField) -> None:
        assert field.help.endswith(".")
        field.check(field.default)
        if field.type in (int, float):
            assert field.minimum is not None and field.maximum is not None
            field.check(field.type(field.minimum))
            field.check(field.type(field.maximum))

    check_rows(check, ((field,) for field in option_fields()))


def test_fields_are_all_and_in_order() -> None:
    """`option_fields` describes every field of the options, in order."""
    assert [field.name for field in option_fields()] == [f.name for f in dataclasses.fields(DecodeOptions)]


def test_flags_made_of_the_fields_parse() -> None:
    """Flags made of the fields parse to values that the options accept."""
    parser = argparse.ArgumentParser()
    for field in option_fields():
        if field.type is bool:
            parser.add_argument(
                f"--{field.name}", action="store_true", default=field.default, help=field.help
            )
        else:
            parser.add_argument(f"--{field.name}", type=field.type, default=field.default, help=field.help)
    line = "--beam_size 1 --length_penalty 0.5 --max_length 9 --seed 3 --disable_unk --target_prefix Ein"
    options = DecodeOptions(**vars(parser.parse_args(line.split())))
    assert options == DecodeOptions(
        beam_size=1, length_penalty=0.5, max_length=9, seed=3, disable_unk=True, target_prefix="Ein"
    )
