"""Ranking by facts: errors first, then likeness to what else might be said."""

from dataclasses import dataclass

import pytest

from seq2seq.data_to_text.facts import FactsForm
from seq2seq.data_to_text.ranking import SlotRanking, agreements, similarity
from seq2seq.data_to_text.ranking import _grams as grams

FORM = FactsForm(["name"], {"food": ["French", "Italian"], "area": ["riverside"]})


@dataclass
class Found:
    """A hypothesis as the search found it."""

    text: str
    log_probability: float
    finish: str = "end"


def order(*found: Found) -> list[int]:
    """The order of hypotheses for one set of facts."""
    return SlotRanking(FORM).rerank("name[The Eagle], food[French], area[riverside]", found)  # type: ignore[arg-type]


def test_a_fact_left_out_costs_more_than_probability() -> None:
    """The likeliest sentence is often the one that says less."""
    assert order(
        Found("The Eagle serves French food.", -1.0),
        Found("The Eagle serves Italian food by the riverside.", -2.0),
        Found("The Eagle serves French food by the riverside.", -9.0),
    ) == [2, 0, 1]


def test_a_sentence_cut_off_is_worse_than_a_whole_one() -> None:
    """It may have stated its facts and then not come to an end."""
    whole = "The Eagle serves French food by the riverside."
    assert order(Found(whole + " and", -1.0, "length"), Found(whole, -9.0)) == [1, 0]


def test_the_sentence_most_like_all_comes_first() -> None:
    """Of sentences that say the same, the odd one is not chosen, even where it is the likeliest."""
    texts = [
        "riverside French The Eagle",
        "The Eagle is French, riverside",
        "The Eagle is French on the riverside",
    ]
    assert order(*[Found(text, -1.0 - number / 100) for number, text in enumerate(texts)])[0] == 1


def test_agreement_weighs_by_probability() -> None:
    """One sure hypothesis outweighs several unlikely ones that agree."""
    values = agreements(["a b c", "d e f", "d e f g"], [0.0, -20.0, -20.0], 1.0)
    assert values[0] == pytest.approx(1.0) and max(values[1:]) < 1e-6
    flat = agreements(["a b c", "d e f", "d e f g"], [0.0, -20.0, -20.0], 1000.0)
    assert flat[1] > flat[0]


def test_similarity_is_smoothed_bleu() -> None:
    """By hand: 3 of 4 words, and with 1 added to both 2 of 4 pairs, 1 of 3 triples, 1 of 2 fours."""
    expected = (3 / 4 * 2 / 4 * 1 / 3 * 1 / 2) ** 0.25
    assert similarity(grams("a b x d"), grams("a b c d")) == pytest.approx(expected)
    assert similarity(grams("a b c d"), grams("A b c d")) == pytest.approx(1.0)
    assert similarity(grams("a"), grams("b")) == 0.0
