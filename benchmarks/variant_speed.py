"""Training and decoding speed of models of several shapes, each relative to the first, in turns.

Each round a variant and the first do the same work, one right after the other, an update or a batch of
translations. The figure is how many times faster than the first, by processor seconds of one thread.
"""

import random
from typing import NamedTuple

import torch
from rounds import Spread, processor_ratios

from seq2seq.config import PAD, ModelConfig
from seq2seq.model.batch import Batch, make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode
from train.tasks.loss import fused_loss

ROWS, LENGTH, WRITTEN = 32, 16, 32  # captions in a batch, pieces of each, pieces decoded of each


class Speeds(NamedTuple):
    """Speeds relative to the first variant."""

    training: Spread
    decoding: Spread

    def cells(self) -> tuple[str, str]:
        """Return both as cells of a table."""
        training, decoding = (f"{Spread(*part)}" for part in self)
        return training, decoding


class Contestant:
    """Fresh model of a shape, with its optimizer."""

    def __init__(self, shape: ModelConfig):
        torch.manual_seed(1)
        self.model = Transformer(shape)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)

    def update(self, batch: Batch) -> None:
        """Run one update, in mixed precision as in the recipe."""
        assert batch.target_input is not None and batch.target_output is not None
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            states = self.model.states(batch.source, batch.target_input).states
            loss = fused_loss(states, self.model.output.table.weight, batch.target_output, 0.1)
        self.optimizer.zero_grad()
        (loss.total / loss.tokens).backward()
        self.optimizer.step()

    @torch.inference_mode()
    def translate(self, batch: Batch) -> None:
        """Encode, then write exactly WRITTEN tokens of each row, greedily."""
        self.model.eval()
        options = DecodeOptions(beam_size=1, min_length=WRITTEN, max_length=WRITTEN)
        state = self.model.start(self.model.encode(batch.source), batch.source != PAD, WRITTEN + 1)
        decode(self.model.step, state, ROWS, [WRITTEN] * ROWS, options)


def compare_speeds(shapes: dict[str, ModelConfig], rounds: int) -> dict[str, Speeds]:
    """Return the speeds of every shape, relative to those of the first."""
    torch.set_num_threads(1)
    contestants = {name: Contestant(shape) for name, shape in shapes.items()}
    first = next(iter(contestants.values()))
    vocabulary = next(iter(shapes.values())).vocabulary_size
    batches = [random_batch(vocabulary, number) for number in range(rounds)]
    return {
        name: Speeds(
            processor_ratios(first.update, each.update, batches),
            processor_ratios(first.translate, each.translate, batches),
        )
        for name, each in contestants.items()
    }


def random_batch(vocabulary: int, seed: int) -> Batch:
    """Return pairs as long as captions, of random ids."""
    generator = random.Random(seed)

    def sentence() -> list[int]:
        return [
            generator.randrange(4, vocabulary) for _ in range(generator.randint(LENGTH // 2, 3 * LENGTH // 2))
        ]

    return make_batch([sentence() for _ in range(ROWS)], [sentence() for _ in range(ROWS)])
