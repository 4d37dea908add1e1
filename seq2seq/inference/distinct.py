"""Different texts in an n-best list.

A beam may end with one text in several segmentations, and texts that differ in a final mark alone become one
when marks are mended. Of equal texts the best stays. Where fewer remain than were asked for, a wider search
fills the list:

    first   [A 0.9, A 0.8, B 0.5]          three asked for, two different
    wider   [A 0.9, D 0.95, C 0.6, B 0.5]
    result  [A 0.9, C 0.6, B 0.5]          D scores above A, the translation whatever the length of the list
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from seq2seq.inference.results import Alternative
from seq2seq.options import DecodeOptions
from seq2seq.search import Hypothesis

# The wider search, for the few texts that need one: 4 times as many hypotheses, as far as options allow.
WIDER, LARGEST = 4, 64


class Ranked(NamedTuple):
    """A hypothesis with its text as it is given back."""

    hypothesis: Hypothesis
    alternative: Alternative


def different(ranked: Sequence[Ranked], is_right: Callable[[str], bool]) -> list[Ranked]:
    """Return the first, and each later one whose text is right and occurred in none before it."""
    by_text: dict[str, Ranked] = {}
    for each in ranked:
        text = each.alternative.text
        if text not in by_text and (not by_text or is_right(text)):
            by_text[text] = each
    return list(by_text.values())


def wider(options: DecodeOptions) -> DecodeOptions | None:
    """Return the options of a wider search; None where there is none."""
    count = min(LARGEST, WIDER * options.num_hypotheses)
    if count == options.num_hypotheses:
        return None
    if options.search_kind == "sampling":
        return replace(options, num_hypotheses=count)
    return replace(options, num_hypotheses=count, beam_size=min(LARGEST, WIDER * options.beam_size))


def fill(first: Sequence[Ranked], more: Sequence[Ranked], *, by_score: bool) -> list[Ranked]:
    """Return a list with what a wider search found in addition; `by_score` keeps it sorted.

    The first stays the first: a translation does not depend on how many are asked for.
    """
    texts = {each.alternative.text for each in first}
    new = [each for each in more if each.alternative.text not in texts]
    if not by_score:
        return [*first, *new]
    most = first[0].alternative.score
    rest = [*first[1:], *(each for each in new if each.alternative.score <= most)]
    return [first[0], *sorted(rest, key=lambda each: each.alternative.score, reverse=True)]
