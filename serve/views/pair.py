"""Source and target in place: a word pointed at lights up its counterparts in the sentences themselves.

    source  words and what stands between them, as written
    target  the same, each word over a line as long as it is probable
    links   (target word, source word, weight): the weights of the alignment worth showing

A word's probability is the product of its pieces'.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from seq2seq.alignment.maps import Alignment, Span

from .view import View

FAINTEST = 0.04  # links with less weight are left out


class PairView(View):
    """Source and target in place. Event: `select` with `side` ("source" or "target") and `word`."""

    SCRIPT = "pair"


def pair_data(
    alignment: Alignment, log_probabilities: Sequence[float] = (), *, growing: bool = False
) -> dict[str, Any]:
    """The value of a PairView, from an alignment and log p of each target piece (ends among them).

    The two are what `Translation.forced` holds. Without probabilities there is no strip. `growing` says
    that the target is still being written.
    """
    grid = alignment.matrix("words")
    weights = grid.weights
    links = [[t, s, round(float(weights[t, s]), 4)] for t, s in (weights >= FAINTEST).nonzero().tolist()]
    return {
        "source": _cut(alignment.source, grid.source_spans),
        "target": _cut(alignment.target, grid.target_spans),
        "links": links,
        "pieces": _pieces(alignment, grid.target_spans, log_probabilities),
        "growing": growing,
    }


def _cut(text: str, spans: list[Span]) -> dict[str, list[str]]:
    """Words, and the n + 1 stretches before, between and after them; joined they are the text."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    gaps = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return {"words": [text[start:end] for start, end in spans], "gaps": gaps}


def _pieces(alignment: Alignment, words: list[Span], log_probabilities: Sequence[float]) -> list[list[Any]]:
    """[word, piece, p] of each target piece, in order; none where the numbers do not fit the pieces."""
    spans: list[Span | None] = []
    for part in alignment.parts:
        spans += [*part.target_spans, None]  # each part has an end of its own
    if len(spans) != len(log_probabilities) or not words:
        return []
    starts = [start for start, _ in words]
    found = []
    for span, value in zip(spans, log_probabilities, strict=True):
        if span is not None:
            word = max(0, bisect_right(starts, max(span[0], span[1] - 1)) - 1)
            found.append([word, alignment.target[slice(*span)], round(math.exp(value), 4)])
    return found
