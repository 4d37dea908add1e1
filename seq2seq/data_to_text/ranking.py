"""Re-ranking of hypotheses about facts: fewest slot errors first, then minimum Bayes risk.

    order by   slot errors of a hypothesis against the facts                          (e2e_slots.py)
    then by    sum over hypotheses k of p(k) similarity(hypothesis, k),  p(k) ~ exp(log p / temperature)

The second line is minimum Bayes risk decoding (Kumar and Byrne 2004): among hypotheses with equal errors it
prefers the one that agrees best with all others. Similarity is sentence BLEU with add-one smoothing of all
orders but unigrams.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from seq2seq.data_to_text.e2e_slots import slot_errors
from seq2seq.data_to_text.facts import FactsForm, as_mapping

ORDERS = 4  # the longest n-grams
Grams = list[Counter[tuple[str, ...]]]


class SlotRanking:
    """A re-ranker of hypotheses for facts of one form.

    `temperature` above 1 flattens the probabilities p(k) of the hypotheses, below 1 sharpens them.
    """

    name = "slots"  # in cards

    def __init__(self, form: FactsForm, temperature: float = 1.0) -> None:
        self.form, self.temperature = form, temperature

    def rerank(self, source: str, hypotheses: Sequence[Any]) -> list[int]:
        """Return the indices of the hypotheses, best first; equal ones keep the order of the search.

        Raises:
            ValueError: The source has no facts of this form.
        """
        facts = as_mapping(self.form.check(source))
        # A hypothesis cut off at its limit counts as one error.
        errors = [
            slot_errors(facts, hypothesis.text).total + (hypothesis.finish != "end")
            for hypothesis in hypotheses
        ]
        agreement = agreements(
            [hypothesis.text for hypothesis in hypotheses],
            [hypothesis.log_probability for hypothesis in hypotheses],
            self.temperature,
        )
        return sorted(range(len(hypotheses)), key=lambda place: (errors[place], -agreement[place]))


def agreements(texts: Sequence[str], log_probabilities: Sequence[float], temperature: float) -> list[float]:
    """Compute the expected similarity of each text to all, under their probabilities: from 0 to 1."""
    # Relative to the largest: exp of a long text's log-probability would underflow.
    largest = max(log_probabilities)
    weights = [math.exp((value - largest) / temperature) for value in log_probabilities]
    grams = [_grams(text) for text in texts]
    pairs = list(zip(weights, grams, strict=True))
    return [
        sum(weight * similarity(candidate, other) for weight, other in pairs) / sum(weights)
        for candidate in grams
    ]


def similarity(candidate: Grams, reference: Grams) -> float:
    """Compute the smoothed sentence BLEU of a candidate against a reference: from 0 to 1."""
    log_precision = 0.0
    for order, (own, others) in enumerate(zip(candidate, reference, strict=True)):
        matches = sum((own & others).values())
        smooth = 1 if order else 0
        if matches + smooth == 0:
            return 0.0
        log_precision += math.log((matches + smooth) / (sum(own.values()) + smooth)) / ORDERS
    lengths = sum(candidate[0].values()), sum(reference[0].values())
    brevity = min(0.0, 1 - lengths[1] / max(1, lengths[0]))
    return math.exp(log_precision + brevity)


def _grams(text: str) -> Grams:
    words = text.lower().replace(".", " .").replace(",", " ,").split()
    return [
        Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))
        for order in range(1, ORDERS + 1)
    ]
