"""Drawing of the softmax with and without division by the square root of d, as heads grow wider.

    python docs/figures/draw_saturation.py > docs/figures/saturation.svg
    python docs/figures/draw_saturation.py --table

Queries, keys and values are independent normal numbers of variance 1, as a fresh layer makes them; q . k
then has variance d. Each query asks 32 keys through `attend`. Shown are the largest of its weights, and the
length of the gradient that a loss of slope 1 in the context sends back to the scores.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import torch
from line_chart import Line, Panel, draw
from torch import Tensor

from seq2seq.attention import ScaledDotScore, attend
from seq2seq.attention.score import ScoreFunction

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
KEYS = 32


class Spread(NamedTuple):
    """Quartiles over the queries."""

    low: float
    median: float
    high: float


class Behaviour(NamedTuple):
    """Softmax over scores of width d: its largest weight, and the gradient that passes."""

    largest: Spread
    gradient: Spread


class Watched:
    """Score that records its output and gradient; `scaled` or the bare dot product."""

    def __init__(self, scaled: bool):
        self.scaled = scaled
        self.scores = torch.empty(0)

    def __call__(self, query: Tensor, key: Tensor) -> Tensor:
        bare = query @ key.transpose(-2, -1)
        self.scores = (ScaledDotScore()(query, key) if self.scaled else bare).requires_grad_()
        self.scores.retain_grad()
        return self.scores


def behaviour(width: int, scaled: bool, queries: int = 2000) -> Behaviour:
    """Return quartiles over random queries, the same for both scores."""
    generator = torch.Generator().manual_seed(1)
    query, key, value, slope = (
        torch.randn(queries, 1, count, width, generator=generator) for count in (1, KEYS, KEYS, 1)
    )
    score = Watched(scaled)
    asked: ScoreFunction = score
    context, weights = attend(query, key, value, asked, need_weights=True)
    assert weights is not None
    (context * slope / slope.norm(dim=-1, keepdim=True)).sum().backward()
    gradient = score.scores.grad
    assert gradient is not None
    return Behaviour(quartiles(weights.amax(dim=-1)), quartiles(gradient.norm(dim=-1)))


def quartiles(values: Tensor) -> Spread:
    """Return lower quartile, median, upper quartile."""
    return Spread(*values.detach().flatten().quantile(torch.tensor([0.25, 0.5, 0.75])).tolist())


def figure(widths: Sequence[int], queries: int) -> str:
    """Return the drawing: largest weight and gradient against d, with and without the root."""
    names = {True: "with the root", False: "without"}
    found = {scaled: [behaviour(d, scaled, queries) for d in widths] for scaled in names}

    def lines(which: int) -> list[Line]:
        return [
            Line(
                name,
                [(d, b[which].median) for d, b in zip(widths, found[scaled], strict=True)],
                [b[which].low for b in found[scaled]],
                [b[which].high for b in found[scaled]],
                colour=number,
            )
            for number, (scaled, name) in enumerate(names.items())
        ]

    return draw(
        [
            Panel(f"The largest of {KEYS} weights", "width of a head, d", lines(0), y_range=(0, 1)),
            Panel("Gradient that reaches the scores", "width of a head, d", lines(1)),
        ],
        "Softmax saturation: without the square root the largest weight goes to 1 and the gradient to 0",
    )


def table(widths: Sequence[int], queries: int) -> str:
    """Return the medians as lines of text."""
    rows = ["d      largest weight with, without      gradient with, without"]
    for d in widths:
        w, o = behaviour(d, True, queries), behaviour(d, False, queries)
        rows.append(
            f"{d:<6} {w.largest.median:.3f} {o.largest.median:.3f}   "
            f"{w.gradient.median:.2e} {o.gradient.median:.2e}"
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    """Draw, or print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the medians instead")
    parser.add_argument("--queries", type=int, default=2000)
    arguments = parser.parse_args()
    show = table if arguments.table else figure
    sys.stdout.write(show(WIDTHS, arguments.queries))


if __name__ == "__main__":
    main()
