"""A model of nothing: what may come next is a function of what was written, looked up row by row.

Its state is the rows' histories in plain lists, and it checks that it is used as agreed.
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled, Candidates, Hypothesis, decode, stream

# The sentence's name and what was written -> the probabilities of all V next tokens.
Table = Callable[[str, tuple[int, ...]], list[float]]


@dataclass
class ToyState:
    """Sentences [B] by name and rows [N] by what they read; `rows_seen` counts the rows of every step."""

    names: list[str]
    rows: list[tuple[int, ...]] = field(default_factory=list)
    rows_seen: list[int] = field(default_factory=list)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        self.rows = [()] * len(self.names)

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Move rows, and check that each stays with its sentence and all sentences have equally many."""
        width = len(self.rows) // len(self.names)
        kept = list(range(len(self.names))) if sentences is None else sentences.tolist()
        assert sentences is None or len(kept) < len(self.names), "sentences are named though none leaves"
        assert len(rows) % len(kept) == 0, "sentences have unequally many rows"
        per_sentence = len(rows) // len(kept)
        for place, row in enumerate(rows.tolist()):
            assert row // width == kept[place // per_sentence], "a row moved to another sentence"
        self.rows = [self.rows[row] for row in rows.tolist()]
        self.names = [self.names[sentence] for sentence in kept]


@dataclass
class ToyModel:
    """`step` for a table."""

    table: Table

    def step(self, tokens: Tensor, state: ToyState) -> Tensor:
        """Return the logits [N, V] after one more token [N, 1] a row, up to a constant, like any logits."""
        assert tokens.shape == (len(state.rows), 1), "the tokens do not fit the rows"
        assert state.rows_seen or (tokens == BOS).all(), "the first token must be the start symbol"
        state.rows_seen.append(len(state.rows))
        state.rows = [(*row, token) for row, token in zip(state.rows, tokens.flatten().tolist(), strict=True)]
        width = len(state.rows) // len(state.names)
        probabilities = [
            self.table(state.names[place // width], row[1:]) for place, row in enumerate(state.rows)
        ]
        return torch.tensor(probabilities, dtype=torch.float64).log().float() + 7.0

    def decode(
        self,
        names: Sequence[str],
        limits: int | Sequence[int],
        options: DecodeOptions,
        prefixes: list[list[int]] | None = None,
        observer: Callable[[int, Candidates], None] | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[list[Hypothesis]]:
        """Search with a fresh state and one limit for all sentences."""
        state = ToyState(list(names))
        each = [limits] * len(names) if isinstance(limits, int) else limits
        return decode(self.step, state, len(names), each, options, prefixes, observer, cancelled)

    def stream(
        self, name: str, limit: int, options: DecodeOptions, prefix: list[int] | None = None
    ) -> tuple[list[int], list[float], Hypothesis]:
        """Return all tokens and log-probabilities of a stream, and the hypothesis it returns."""
        steps = stream(self.step, ToyState([name]), limit, options, prefix)
        tokens, log_probabilities = [], []
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                return tokens, log_probabilities, stop.value
            tokens.append(step.token)
            log_probabilities.append(step.log_probability)

    def enumerate(self, name: str, limit: int, options: DecodeOptions) -> list[tuple[float, list[int]]]:
        """Return every possible result by score: ended within the limit, or cut at it."""
        size = len(self.table(name, ()))
        content = [token for token in range(size) if token not in (PAD, BOS, EOS)]
        found = []
        for length in range(limit + 1):
            for tokens in itertools.product(content, repeat=length):
                written = tokens if length == limit else (*tokens, EOS)
                log_probability = self.log_probability(name, written)
                if log_probability > -math.inf:
                    score = log_probability / len(written) ** options.length_penalty
                    found.append((score, list(tokens)))
        return sorted(found, reverse=True)

    def log_probability(self, name: str, written: tuple[int, ...]) -> float:
        """Return the sum over the tokens of `written`, its end included where it ends."""
        return sum(
            math.log(p) if (p := self.table(name, written[:place])[token]) > 0 else -math.inf
            for place, token in enumerate(written)
        )


def random_table(size: int, seed: int = 1, end: float = 0.2) -> Table:
    """Return distributions drawn for each history, with a given probability of the end."""

    def table(name: str, written: tuple[int, ...]) -> list[float]:
        generator = random.Random(f"{seed} {name} {written}")
        weights = [generator.expovariate(1.0) ** 2 for _ in range(size)]
        weights[EOS] = 0.0
        total = sum(weights)
        probabilities = [(1 - end) * weight / total for weight in weights]
        probabilities[EOS] = end
        return probabilities

    return table


def fixed_table(size: int, given: dict[tuple[int, ...], dict[int, float]]) -> Table:
    """Return the given distributions; after any other history the end is certain."""

    def table(name: str, written: tuple[int, ...]) -> list[float]:
        chosen = given.get(written, {EOS: 1.0})
        return [chosen.get(token, 0.0) for token in range(size)]

    return table
