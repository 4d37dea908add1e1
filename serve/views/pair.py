"""Drawing of source and target in place: a word that is pointed at highlights the words it is aligned with.

    source  words and the text between them, as written
    target  the same, each word over a line as long as it is probable
    links   (target word, source word, weight): the larger weights of the alignment

A word's probability is the product of its tokens'.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from seq2seq.alignment.maps import Alignment, Span

from .view import View

SMALLEST_WEIGHT = 0.04  # links with less weight are left out


class PairView(View):
    """Source and target in place. Event: `select` with `side` ("source" or "target") and `word`."""

    SCRIPT = "pair"


def pair_data(
    alignment: Alignment, log_probabilities: Sequence[float] = (), *, growing: bool = False
) -> dict[str, Any]:
    """Return the value of a PairView.

    Args:
        alignment: The word alignment, such as that of `Translation.forced`.
        log_probabilities: That of each target token, ends included. Without them there are no lines.
        growing: Whether the target is still being written.
    """
    grid = alignment.matrix("words")
    weights = grid.weights
    links = [
        [t, s, round(float(weights[t, s]), 4)] for t, s in (weights >= SMALLEST_WEIGHT).nonzero().tolist()
    ]
    return {
        "source": _split(alignment.source, grid.source_spans),
        "target": _split(alignment.target, grid.target_spans),
        "links": links,
        "pieces": _pieces(alignment, grid.target_spans, log_probabilities),
        "growing": growing,
    }


def _split(text: str, spans: list[Span]) -> dict[str, list[str]]:
    """Return the n words, and the n + 1 gaps before, between and after them; joined they are the text."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    gaps = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return {"words": [text[start:end] for start, end in spans], "gaps": gaps}


def _pieces(alignment: Alignment, words: list[Span], log_probabilities: Sequence[float]) -> list[list[Any]]:
    """Return [word, token, p] of each target token; none where the numbers are those of another text."""
    spans: list[Span | None] = []
    for part in alignment.parts:
        spans += [*part.target_spans, None]  # each part has an end of its own
    if len(spans) != len(log_probabilities) or not words:
        return []
    starts = [start for start, _ in words]
    pieces: list[list[Any]] = []
    for span, value in zip(spans, log_probabilities, strict=True):
        if span is not None:
            word = max(0, bisect_right(starts, max(span[0], span[1] - 1)) - 1)
            pieces.append([word, alignment.target[slice(*span)], round(math.exp(value), 4)])
    return pieces
