"""Re-ranking of the n-best hypotheses of a search.

    rerank(source, hypotheses) -> order     indices of the hypotheses, best first

    NoisyChannel    log p(t | s) / |t| ** penalty  +  weight * log p(s | t) / |s|

The second term comes from a model of the reverse direction (Yee et al. 2019, "Simple and Effective Noisy
Channel Modeling for Neural Machine Translation"). It is low for a translation that omits or changes content.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from seq2seq.options import DecodeOptions

if TYPE_CHECKING:  # so that a command line can be read without torch
    from seq2seq.inference.results import Alternative, Score

WEIGHT = 0.5  # of the reverse model; choose it on validation texts


class Reranker(Protocol):
    """An object that orders the hypotheses for a text."""

    def rerank(self, source: str, hypotheses: "Sequence[Alternative]") -> list[int]:
        """Return the indices of all hypotheses, best first."""


def n_best(options: DecodeOptions, least: int = 1) -> DecodeOptions:
    """Return the options of a search for re-ranking: all of a beam of at least `least` hypotheses."""
    if options.search_kind != "beam":
        return options
    size = max(options.beam_size, least)
    return replace(options, beam_size=size, num_hypotheses=size)


class Scorer(Protocol):
    """An object that scores targets given their sources, such as a `Translator`."""

    def score(self, sources: list[str], targets: list[str]) -> "list[Score]":
        """Return one score for each pair."""


class NoisyChannel:
    """A re-ranker that adds the score of the source under a model of the reverse direction."""

    def __init__(self, reverse: Scorer, weight: float = WEIGHT) -> None:
        if not 0 <= weight <= 100:
            raise ValueError(f"the weight of re-ranking is {weight}; give a number from 0 to 100")
        self.reverse, self.weight = reverse, weight

    def rerank(self, source: str, hypotheses: "Sequence[Alternative]") -> list[int]:
        """Return the indices of the hypotheses, best first; equal ones keep the order of the search.

        The order of the search also stays where a side is longer than the reverse model reads.

        Raises:
            ValueError: The reverse model refuses the texts, such as without a chosen language.
        """
        from seq2seq.inference.forced_decoding import TooLongError

        texts = [hypothesis.text for hypothesis in hypotheses]
        try:
            reverse_scores = self.reverse.score(texts, [source] * len(texts))
        except TooLongError:
            return list(range(len(hypotheses)))
        totals = [
            hypothesis.score + self.weight * reverse.log_probability / len(reverse.tokens)
            for hypothesis, reverse in zip(hypotheses, reverse_scores, strict=True)
        ]
        return sorted(range(len(totals)), key=lambda place: -totals[place])
