"""Training and decoding speed of models of several shapes, each beside the first, in turns.

A piece of work is done by a variant and by the first, one right after the other, who begins changing every
time. The clock counts this process's processor seconds on one thread, so that what else the machine does
counts little; the figure is how many times faster than the first, median and quartiles over the rounds.
"""

import random
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from seq2seq.batch import Batch, make_batch
from seq2seq.config import PAD, ModelConfig
from seq2seq.options import DecodeOptions
from seq2seq.search import decode
from seq2seq.transformer import Transformer
from train.loss import smoothed_cross_entropy

ROWS, LENGTH, WRITTEN = 32, 16, 32  # captions in a batch, pieces of each, pieces decoded of each

Spread = tuple[float, float, float]  # lower quartile, median, upper quartile


class Speeds(NamedTuple):
    """How many times as fast as the first variant."""

    training: Spread
    decoding: Spread

    def cells(self) -> tuple[str, str]:
        """Both as they stand in a table."""
        training, decoding = (f"{mid:.2f} ({low:.2f} to {high:.2f})" for low, mid, high in self)
        return training, decoding


class Contestant:
    """A fresh model of a shape, with its optimiser."""

    def __init__(self, shape: ModelConfig):
        torch.manual_seed(1)
        self.model = Transformer(shape)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)

    def update(self, batch: Batch) -> None:
        """One update, in mixed precision as the recipe has it."""
        assert batch.target_input is not None and batch.target_output is not None
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(batch.source, batch.target_input).logits
            loss = smoothed_cross_entropy(logits, batch.target_output, 0.1)
        self.optimizer.zero_grad()
        (loss.smoothed / loss.tokens).backward()
        self.optimizer.step()

    @torch.inference_mode()
    def translate(self, batch: Batch) -> None:
        """Encode, then write WRITTEN pieces of each row greedily, neither fewer nor more."""
        self.model.eval()
        options = DecodeOptions(beam_size=1, min_length=WRITTEN, max_length=WRITTEN)
        state = self.model.start(self.model.encode(batch.source), batch.source != PAD, WRITTEN + 1)
        decode(self.model.step, state, ROWS, [WRITTEN] * ROWS, options)


def compare_speeds(shapes: dict[str, ModelConfig], rounds: int) -> dict[str, Speeds]:
    """The speeds of every shape, times those of the first."""
    torch.set_num_threads(1)
    contestants = {name: Contestant(shape) for name, shape in shapes.items()}
    first = next(iter(contestants.values()))
    vocabulary = next(iter(shapes.values())).vocabulary_size
    batches = [random_batch(vocabulary, number) for number in range(rounds)]
    return {
        name: Speeds(
            ratios(first.update, each.update, batches), ratios(first.translate, each.translate, batches)
        )
        for name, each in contestants.items()
    }


def ratios(first: Callable[[Batch], None], other: Callable[[Batch], None], batches: list[Batch]) -> Spread:
    """How many times faster than the first the other is: quartiles over the batches."""
    found = []
    first(batches[0])
    other(batches[0])
    for number, batch in enumerate(batches):
        taken = {}
        for work in (first, other) if number % 2 else (other, first):
            start = time.process_time()
            work(batch)
            taken[work] = time.process_time() - start
        found.append(taken[first] / taken[other])
    low, middle, high = statistics.quantiles(found, n=4)
    return low, middle, high


def random_batch(vocabulary: int, seed: int) -> Batch:
    """Pairs as long as captions, of random ids."""
    generator = random.Random(seed)

    def sentence() -> list[int]:
        return [
            generator.randrange(4, vocabulary) for _ in range(generator.randint(LENGTH // 2, 3 * LENGTH // 2))
        ]

    return make_batch([sentence() for _ in range(ROWS)], [sentence() for _ in range(ROWS)])
