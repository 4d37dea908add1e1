"""Ranking by facts: slot errors first, then agreement with the other hypotheses."""

from dataclasses import dataclass

import pytest

from seq2seq.data_to_text.facts import FactsForm
from seq2seq.data_to_text.ranking import SlotRanking, agreements, similarity
from seq2seq.data_to_text.ranking import _grams as grams

FORM = FactsForm(["name"], {"food": ["French", "Italian"], "area": ["riverside"]})


@dataclass
class Found:
    """A hypothesis of the search."""

    text: str
    log_probability: float
    finish: str = "end"


def order(*found: Found) -> list[int]:
    """Return the order of hypotheses for one set of facts."""
    return SlotRanking(FORM).rerank("name[The Eagle], food[French], area[riverside]", found)  # type: ignore[arg-type]


def test_a_fact_left_out_costs_more_than_probability() -> None:
    """A hypothesis that leaves out a fact comes after a less probable complete one."""
    assert order(
        Found("The Eagle serves French food.", -1.0),
        Found("The Eagle serves Italian food by the riverside.", -2.0),
        Found("The Eagle serves French food by the riverside.", -9.0),
    ) == [2, 0, 1]


def test_a_sentence_cut_off_is_worse_than_a_whole_one() -> None:
    """A hypothesis cut at its limit comes after a complete one."""
    whole = "The Eagle serves French food by the riverside."
    assert order(Found(whole + " and", -1.0, "length"), Found(whole, -9.0)) == [1, 0]


def test_the_sentence_most_like_all_comes_first() -> None:
    """Among hypotheses without errors the one most similar to all others comes first."""
    texts = [
        "riverside French The Eagle",
        "The Eagle is French, riverside",
        "The Eagle is French on the riverside",
    ]
    assert order(*[Found(text, -1.0 - number / 100) for number, text in enumerate(texts)])[0] == 1


def test_agreement_weighs_by_probability() -> None:
    """Agreement is weighted by probability."""
    values = agreements(["a b c", "d e f", "d e f g"], [0.0, -20.0, -20.0], 1.0)
    assert values[0] == pytest.approx(1.0) and max(values[1:]) < 1e-6
    flat = agreements(["a b c", "d e f", "d e f g"], [0.0, -20.0, -20.0], 1000.0)
    assert flat[1] > flat[0]


def test_similarity_is_smoothed_bleu() -> None:
    """Similarity is smoothed BLEU: 3/4 words and, with 1 added, 2/4 pairs, 1/3 triples, 1/2 fours."""
    expected = (3 / 4 * 2 / 4 * 1 / 3 * 1 / 2) ** 0.25
    assert similarity(grams("a b x d"), grams("a b c d")) == pytest.approx(expected)
    assert similarity(grams("a b c d"), grams("A b c d")) == pytest.approx(1.0)
    assert similarity(grams("a"), grams("b")) == 0.0
