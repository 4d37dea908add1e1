"""Two contestants timed in turns, so that a busy moment of the machine hits both.

Each round times both on the same work; the figure is the median of the rounds' ratios, with the
smallest and largest beside it.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch


@dataclass
class Comparison:
    """Seconds of ours and of the peer, a pair a round, all for the same `work`."""

    name: str
    work: float
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """How many times faster ours was, a number a round."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def line(self, unit: str) -> str:
        """One line: both speeds, the median ratio and its spread."""
        ours, theirs = (self.work / statistics.median(seconds) for seconds in (self.ours, self.theirs))
        ratio, low, high = statistics.median(self.ratios), min(self.ratios), max(self.ratios)
        return (
            f"{self.name:22} ours {ours:9.1f}  peer {theirs:9.1f} {unit}   "
            f"ratio {ratio:.2f} ({low:.2f} to {high:.2f}, {len(self.ratios)} rounds)"
        )


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(
    name: str, amount: float, ours: Callable[[], object], theirs: Callable[[], object], rounds: int
) -> Comparison:
    """Time both in turns, after one round that does not count; who begins changes every round."""
    comparison = Comparison(name, amount)
    ours(), theirs()
    for index in range(rounds):
        for mine in (True, False) if index % 2 else (False, True):
            (comparison.ours if mine else comparison.theirs).append(seconds(ours if mine else theirs))
    return comparison


def conditions() -> str:
    """One line on what the figures were taken with."""
    import transformers

    return (
        f"torch {torch.__version__}, transformers {transformers.__version__}, "
        f"Python {platform.python_version()}, {torch.get_num_threads()} threads, {os.cpu_count()} cores, "
        "float32"
    )
