"""Two contestants timed in turns on the same pieces of work, so that a busy moment hits both alike.

Each piece of work (a batch) is done by ours and by the peer, one right after the other, and who begins
changes every time. The figure is the median of these pairs' ratios, with the quartiles as its spread.
`processor_ratios` counts the processor's seconds in place of the clock's: on a machine that others use
too, what they take is not counted, though what they push out of the caches still is.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import torch

Work = TypeVar("Work")


@dataclass
class Comparison:
    """Seconds of ours and of the peer for the same pieces of work, and the amount of work of each."""

    name: str
    amounts: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def add(self, amount: float, ours: float, theirs: float) -> None:
        """Add one piece of work, timed on both sides."""
        self.amounts.append(amount)
        self.ours.append(ours)
        self.theirs.append(theirs)

    def line(self, unit: str) -> str:
        """Return one line: both speeds, the median ratio (ours relative to the peer) and its quartiles."""
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
    """Return the wall-clock seconds of one call."""
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
    """Time both on every piece, `rounds` times, after one piece that does not count."""
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


class Spread(NamedTuple):
    """Quartiles of a measurement."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def processor_ratios(
    first: Callable[[Work], object], other: Callable[[Work], object], pieces: Sequence[Work]
) -> Spread:
    """Return the speed of the other relative to the first on the pieces, by processor seconds."""
    first(pieces[0])
    other(pieces[0])
    found = []
    for number, piece in enumerate(pieces):
        taken = [0.0, 0.0]
        for turn in (number % 2, 1 - number % 2):
            start = time.process_time()
            (first, other)[turn](piece)
            taken[turn] = time.process_time() - start
        found.append(taken[0] / taken[1])
    return Spread(*statistics.quantiles(found, n=4))


def conditions() -> str:
    """Return one line on the machine and versions of the measurement."""
    import transformers

    return (
        f"torch {torch.__version__}, transformers {transformers.__version__}, "
        f"Python {platform.python_version()}, {torch.get_num_threads()} threads, {os.cpu_count()} cores, "
        "float32"
    )
