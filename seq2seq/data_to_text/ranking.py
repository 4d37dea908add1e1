"""Hypotheses about facts in order: fewest slot errors first, among those the one most like all others.

    order by   slot errors of a hypothesis against the facts                              (slots.py)
    then by    sum over hypotheses k of p(k) similarity(hypothesis, k),  p(k) ~ exp(log p / temperature)

The second line is minimum Bayes risk: of sentences that all say the facts, the one that agrees best with
what else might be said is the least odd (Kumar and Byrne 2004). Similarity is BLEU of two sentences, 1 added
to all counts but those of single words.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from seq2seq.data_to_text.e2e_slots import slot_errors
from seq2seq.data_to_text.facts import FactsForm, as_mapping

ORDERS = 4  # n-grams up to so many words
Grams = list[Counter[tuple[str, ...]]]


class SlotRanking:
    """Ranks the hypotheses for facts of a form."""

    name = "slots"  # in cards

    def __init__(self, form: FactsForm, temperature: float = 1.0) -> None:
        self.form, self.temperature = form, temperature

    def rerank(self, source: str, hypotheses: Sequence[Any]) -> list[int]:
        """The places of the hypotheses, best first; of equals the one that the search put first."""
        facts = as_mapping(self.form.check(source))
        errors = [slot_errors(facts, each.text).total + (each.finish != "end") for each in hypotheses]
        agreement = agreements(
            [each.text for each in hypotheses],
            [each.log_probability for each in hypotheses],
            self.temperature,
        )
        return sorted(range(len(hypotheses)), key=lambda place: (errors[place], -agreement[place]))


def agreements(texts: Sequence[str], log_probabilities: Sequence[float], temperature: float) -> list[float]:
    """How much each text is like all of them, weighed by their probabilities: from 0 to 1."""
    most = max(log_probabilities)
    weights = [math.exp((value - most) / temperature) for value in log_probabilities]
    grams = [_grams(text) for text in texts]
    pairs = list(zip(weights, grams, strict=True))
    return [sum(weight * similarity(one, other) for weight, other in pairs) / sum(weights) for one in grams]


def similarity(one: Grams, other: Grams) -> float:
    """Smoothed sentence BLEU of one text with the other as reference."""
    logarithm = 0.0
    for order, (mine, others) in enumerate(zip(one, other, strict=True)):
        same = sum((mine & others).values())
        smooth = 1 if order else 0
        if same + smooth == 0:
            return 0.0
        logarithm += math.log((same + smooth) / (sum(mine.values()) + smooth)) / ORDERS
    lengths = sum(one[0].values()), sum(other[0].values())
    return math.exp(logarithm + min(0.0, 1 - lengths[1] / max(1, lengths[0])))


def _grams(text: str) -> Grams:
    words = text.lower().replace(".", " .").replace(",", " ,").split()
    return [
        Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))
        for order in range(1, ORDERS + 1)
    ]
