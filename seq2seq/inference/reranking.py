"""The order of several hypotheses by more than the score of the search.

    rerank(source, hypotheses) -> order     places of the hypotheses, the best first

    NoisyChannel    log p(t | s) / |t| ** penalty  +  weight * log p(s | t) / |s|

The second half is a model of the other direction (Yee et al. 2019): a translation that leaves something out,
or says something else, does not lead back to its source. What is compared are the n best of a search.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from seq2seq.options import DecodeOptions

if TYPE_CHECKING:  # so that a command line can be read without torch
    from seq2seq.inference.results import Alternative, Score
    from seq2seq.search import Hypothesis

WEIGHT = 0.5  # of the reverse model; to be chosen on validation texts


class Reranker(Protocol):
    """Whatever can put the hypotheses for a text in order."""

    def rerank(self, source: str, hypotheses: "Sequence[Alternative]") -> list[int]:
        """The places of the hypotheses, best first; each of them once."""


def n_best(options: DecodeOptions, least: int = 1) -> DecodeOptions:
    """The options of a search whose results are re-ranked: the whole beam is, and it is at least so wide."""
    if options.search_kind != "beam":
        return options
    size = max(options.beam_size, least)
    return replace(options, beam_size=size, num_hypotheses=size)


def reranked(
    reranker: Reranker,
    source: str,
    alternatives: "Sequence[Alternative]",
    hypotheses: "Sequence[Hypothesis]",
) -> "list[Hypothesis]":
    """Return the hypotheses of a source in the order of a re-ranker; `alternatives` are their texts."""
    order = reranker.rerank(source, alternatives) if len(alternatives) > 1 else range(len(alternatives))
    return [hypotheses[place] for place in order]


class Scorer(Protocol):
    """What says how probable targets are, given their sources: a Translator."""

    def score(self, sources: list[str], targets: list[str]) -> "list[Score]":
        """One score a pair."""


class NoisyChannel:
    """Ranks by how well a hypothesis leads back to its source under a model of the other direction."""

    def __init__(self, reverse: Scorer, weight: float = WEIGHT) -> None:
        if not 0 <= weight <= 100:
            raise ValueError(f"the weight of re-ranking is {weight}; give a number from 0 to 100")
        self.reverse, self.weight = reverse, weight

    def rerank(self, source: str, hypotheses: "Sequence[Alternative]") -> list[int]:
        """The places of the hypotheses, best first; of equals the one that the search put first.

        Where a side is longer than the reverse model reads, the order of the search stays; whatever else it
        refuses, as a language that was not chosen, is its ValueError.
        """
        from seq2seq.inference.forced_decoding import TooLongError

        try:
            back = self.reverse.score([each.text for each in hypotheses], [source] * len(hypotheses))
        except TooLongError:
            return list(range(len(hypotheses)))
        totals = [
            each.score + self.weight * found.log_probability / len(found.tokens)
            for each, found in zip(hypotheses, back, strict=True)
        ]
        return sorted(range(len(totals)), key=lambda place: -totals[place])
