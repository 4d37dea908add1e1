"""Two contestants timed in turns on the same pieces of work, so that a busy moment hits both alike.

Each piece of work (a batch) is done by ours and by the peer, one right after the other, and who begins
changes every time. The figure is the median of these pairs' ratios, with the quartiles as its spread.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch

Work = TypeVar("Work")


@dataclass
class Comparison:
    """Seconds of ours and of the peer for the same pieces of work, and how much was done in each."""

    name: str
    amounts: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def add(self, amount: float, ours: float, theirs: float) -> None:
        """One piece of work, timed on both sides."""
        self.amounts.append(amount)
        self.ours.append(ours)
        self.theirs.append(theirs)

    def line(self, unit: str) -> str:
        """One line: both speeds, the median ratio (how many times faster ours is) and its quartiles."""
        ratios = [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        low, ratio, high = statistics.quantiles(ratios, n=4)
        ours, theirs = (
            statistics.median(amount / taken for amount, taken in zip(self.amounts, seconds, strict=True))
            for seconds in (self.ours, self.theirs)
        )
        return (
            f"{self.name:16} ours {ours:8.1f}  peer {theirs:8.1f} {unit}   "
            f"ratio {ratio:.2f} (quartiles {low:.2f} to {high:.2f}, {len(ratios)} pairs)"
        )


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(
    name: str,
    pieces: Sequence[Work],
    amount: Callable[[Work], float],
    ours: Callable[[Work], object],
    theirs: Callable[[Work], object],
    rounds: int,
) -> Comparison:
    """Time both on every piece, `rounds` times over, after one piece that does not count."""
    comparison = Comparison(name)
    ours(pieces[0])
    theirs(pieces[0])
    for number in range(rounds * len(pieces)):
        piece = pieces[number % len(pieces)]
        mine, other = 0.0, 0.0
        for turn in (0, 1):
            if (turn + number) % 2:
                mine = seconds(lambda piece=piece: ours(piece))
            else:
                other = seconds(lambda piece=piece: theirs(piece))
        comparison.add(amount(piece), mine, other)
    return comparison


def conditions() -> str:
    """One line on what the figures were taken with."""
    import transformers

    return (
        f"torch {torch.__version__}, transformers {transformers.__version__}, "
        f"Python {platform.python_version()}, {torch.get_num_threads()} threads, {os.cpu_count()} cores, "
        "float32"
    )
