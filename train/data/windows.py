"""Text as one long sequence of tokens in a file, and the order of its training windows.

    documents --tokenizer--> t0 t1 t2 </s> t3 t4 ...   int32, in a memory-mapped file
    window    t[s : s + T + 1]                         T input tokens, and the targets one step ahead

Like the order of sentences, the order of windows is a pure function of a seed and a position, which a
checkpoint stores. "random" draws each window's start at random; "packed" cuts the text into blocks and goes
through all of them, each epoch in another order and from another offset.
"""

import os
import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from seq2seq.config import EOS
from seq2seq.text.tokenizer import Tokenizer

from ..callbacks.checkpoint_io import write_beside
from .batch_order import BatchPosition

Windows = Literal["random", "packed"]
PORTION = 1 << 16  # characters that are tokenized at once


@dataclass
class WindowBatch:
    """Windows [B, T + 1] of a text."""

    ids: Tensor

    @property
    def read(self) -> Tensor:
        """The input tokens [B, T]."""
        return self.ids[:, :-1]

    @property
    def target(self) -> Tensor:
        """The tokens to predict [B, T]."""
        return self.ids[:, 1:]

    @property
    def tokens(self) -> int:
        """The number of predicted tokens."""
        return self.target.numel()

    def to(self, device: torch.device | str) -> "WindowBatch":
        """Return the same windows on another device."""
        return WindowBatch(self.ids.to(device))


def write_tokens(path: Path, texts: Iterable[str], tokenizer: Tokenizer, *, ends: bool) -> int:
    """Write the tokens of texts, with an end symbol after each if `ends`; return the count of characters."""
    characters = 0

    def portions() -> Iterator["array[int]"]:
        nonlocal characters
        for text in texts if ends else _joined(texts):
            characters += len(text)
            yield array("i", [*tokenizer.encode(text), EOS] if ends else tokenizer.encode(text))

    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, lambda file: [file.write(part.tobytes()) for part in portions()])
    return characters


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines joined to larger portions; no piece crosses a line break, so tokens stay the same."""
    portion: list[str] = []
    size = 0
    for line in lines:
        portion.append(line)
        size += len(line)
        if size >= PORTION:
            yield "".join(portion)
            portion, size = [], 0
    if portion:
        yield "".join(portion)


def read_tokens(path: Path) -> Tensor:
    """Return the tokens of a file [n], memory-mapped."""
    count = os.path.getsize(path) // 4
    if not count:
        return torch.empty(0, dtype=torch.int32)
    return torch.from_file(str(path), shared=False, size=count, dtype=torch.int32)


def window(tokens: Tensor, starts: Sequence[int], length: int) -> WindowBatch:
    """Return the windows of `length` + 1 tokens that begin at `starts`."""
    return WindowBatch(torch.stack([tokens[start : start + length + 1] for start in starts]).long())


class WindowOrder:
    """The starts of the windows of each batch, without end.

    Of `world` processes each takes every world-th batch.

    Raises:
        ValueError: a text that is too short.
    """

    def __init__(
        self,
        kind: Windows,
        tokens: int,
        length: int,
        rows: int,
        seed: int,
        *,
        rank: int = 0,
        world: int = 1,
        start: BatchPosition | None = None,
    ):
        least = length + 1 if kind == "random" else (rows * world + 1) * length + 1
        if tokens < least:
            raise ValueError(
                f"the training text has {tokens} tokens, fewer than the {least} that one batch of "
                f"{rows} {kind} windows of {length} needs; give more text, or lower model.max_length or "
                "data.batch_tokens"
            )
        self.kind, self.count, self.length, self.rows, self.seed = kind, tokens, length, rows, seed
        self.rank, self.world, self.start = rank, world, start or BatchPosition()

    def __iter__(self) -> Iterator[list[int]]:
        epoch, position = self.start.epoch, self.start.position
        if self.kind == "random":
            while True:
                yield self._draw(position)
                position += 1
        while True:
            yield from self._blocks(epoch)[position:]
            epoch, position = epoch + 1, 0

    def position_after(self, taken: int) -> BatchPosition:
        """Return the position after `taken` batches from `start` on."""
        done = self.start.position + taken
        if self.kind == "random":
            return BatchPosition(0, done)
        return BatchPosition(self.start.epoch + done // self._share, done % self._share)

    def _draw(self, number: int) -> list[int]:
        # Seeded by the batch's number among all processes: no state to store, and no two draw the same.
        chance = random.Random(f"{self.seed} {number * self.world + self.rank}")
        return [chance.randrange(self.count - self.length) for _ in range(self.rows)]

    @property
    def _share(self) -> int:
        """Batches of an epoch; one block is lost to the random offset."""
        return ((self.count - 1) // self.length - 1) // (self.rows * self.world)

    def _blocks(self, epoch: int) -> list[list[int]]:
        chance = random.Random(f"{self.seed} {epoch}")
        # Another offset each epoch, so that the same tokens do not always stand at a window's start.
        offset = chance.randrange(self.length)
        blocks = (self.count - 1) // self.length - 1
        starts = list(range(offset, offset + blocks * self.length, self.length))
        chance.shuffle(starts)
        batches = [
            starts[first : first + self.rows] for first in range(0, len(starts) - self.rows + 1, self.rows)
        ]
        return batches[self.rank : self._share * self.world : self.world]
