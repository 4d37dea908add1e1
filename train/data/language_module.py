"""Data of a language model's training: text -> vocabulary -> token files in the run's folder -> windows.

Training windows are endless, in an order whose position a checkpoint stores. Validation reads the whole
validation text in consecutive windows of the context length, each without the context of the one before.
"""

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from seq2seq.text.tokenizer import Subwords, Tokenizer

from .batch_order import BatchPosition
from .documents import TextCorpus, open_texts
from .loader import as_it_is
from .windows import WindowBatch, WindowOrder, Windows, read_tokens, window, write_tokens

VOCABULARY_TEXT = 50_000_000  # characters that a vocabulary is learned from; of more text a sample of lines


@dataclass(frozen=True)
class TextSettings(TextCorpus):
    """A text, its vocabulary and its batches of windows.

    Args:
        vocabulary_size: tokens of the vocabulary; with subwords char the most characters it may have.
        subwords: the kind of vocabulary; char makes every character a token.
        windows: random draws each window's start at random, packed goes through all of the text each epoch.
        batch_tokens: tokens of a batch, windows x context.
        valid_tokens: validate on only this many tokens while training; 0 for all.
    """

    vocabulary_size: int = 8000
    subwords: Subwords = "bpe"
    windows: Windows = "packed"
    batch_tokens: int = 4096
    valid_tokens: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_tokens < 1:
            raise ValueError(f"data.batch_tokens is {self.batch_tokens}; give at least the context")
        if self.valid_tokens < 0:
            raise ValueError(f"data.valid_tokens is {self.valid_tokens}; give 0 (all) or more")


class WindowStream(IterableDataset[WindowBatch]):
    """The training windows, in their order."""

    def __init__(self, tokens: Tensor, order: WindowOrder):
        self.tokens, self.order = tokens, order

    def __iter__(self) -> Iterator[WindowBatch]:
        for starts in self.order:
            yield window(self.tokens, starts, self.order.length)


class WindowRow(IterableDataset[WindowBatch]):
    """Consecutive windows of a text, each without the context before it; the last may be shorter."""

    def __init__(self, tokens: Tensor, length: int, rows: int):
        self.tokens, self.length, self.rows = tokens, length, rows

    def __iter__(self) -> Iterator[WindowBatch]:
        predicted = len(self.tokens) - 1
        whole = range(0, predicted - self.length + 1, self.length)
        for first in range(0, len(whole), self.rows):
            yield window(self.tokens, whole[first : first + self.rows], self.length)
        if rest := predicted % self.length:
            yield window(self.tokens, [predicted - rest], rest)


class LanguageData(LightningDataModule):
    """A text, its tokenizer and its windows of `context` tokens."""

    def __init__(self, settings: TextSettings, context: int, seed: int, folder: Path):
        super().__init__()
        if settings.batch_tokens < context:
            raise ValueError(
                f"data.batch_tokens is {settings.batch_tokens}, less than one window of model.max_length, "
                f"{context}; raise it or lower that"
            )
        self.settings, self.context, self.seed, self.folder = settings, context, seed, folder
        self.rows = settings.batch_tokens // context
        self.start, self.taken = BatchPosition(), 0

    def load(self, tokenizer: Tokenizer | None = None) -> None:
        """Learn the vocabulary unless one is given, and write the text as tokens."""
        settings = self.settings
        training, validation = open_texts(settings)
        self.tokenizer = tokenizer or Tokenizer.train(
            drawn_lines(training(), self.seed),
            settings.vocabulary_size,
            settings.subwords,
            self.seed,
            verbatim=True,
        )
        if not self.tokenizer.verbatim:
            raise ValueError(
                "the vocabulary has no line breaks, so it is not of a language model; give --init one"
            )
        paths = [self.folder / f"{name}.tokens" for name in ("train", "valid")]
        # Of several processes only the first writes: writing again would truncate what others have mapped.
        write = "LOCAL_RANK" not in os.environ
        read = [
            write_tokens(path, texts(), self.tokenizer, ends=settings.ends)
            if write
            else sum(map(len, texts()))
            for path, texts in zip(paths, (training, validation), strict=True)
        ]
        self.training, self.validation = map(read_tokens, paths)
        if len(self.validation) < 2:
            raise ValueError(
                f"{settings.where} leaves {len(self.validation)} tokens for validation; give more text, "
                "raise data.valid_share or name data.valid_files"
            )
        # Characters per token differ from text to text; nats per character are measured on validation text.
        self.characters_a_token = read[1] / len(self.validation)
        self.report = (
            f"corpus: {read[0]:,} characters, {len(self.training):,} tokens; validation: "
            f"{read[1]:,} characters, {len(self.validation):,} tokens; vocabulary: {len(self.tokenizer):,}"
        )
        self._order()  # raises for a text that is too short, before training begins

    def state_dict(self) -> dict[str, Any]:
        """Return the position of the next windows."""
        place = self.order.position_after(self.taken)
        return {"epoch": place.epoch, "position": place.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from that position."""
        self.start, self.taken = BatchPosition(state["epoch"], state["position"]), 0

    def train_dataloader(self) -> DataLoader[WindowBatch]:
        """Return the endless training windows, from the current position."""
        self.order = self._order()
        return self._loader(WindowStream(self.training, self.order))

    def val_dataloader(self) -> DataLoader[WindowBatch]:
        """Return the part of the validation text that is read while training."""
        most = self.settings.valid_tokens
        return self._loader(self.eval_windows(self.validation[: most + 1] if most else self.validation))

    def eval_windows(self, tokens: Tensor) -> WindowRow:
        """Return consecutive windows of a text."""
        # Without gradients a batch of four times the size fits.
        return WindowRow(tokens, self.context, 4 * self.rows)

    def transfer_batch_to_device(
        self, batch: WindowBatch, device: torch.device, dataloader_idx: int
    ) -> WindowBatch:
        """Move a batch; Lightning does not know its type."""
        return batch.to(device)

    def _order(self) -> WindowOrder:
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        return WindowOrder(
            self.settings.windows,
            len(self.training),
            self.context,
            self.rows,
            self.seed,
            rank=rank,
            world=world,
            start=self.start,
        )

    def _loader(self, windows: IterableDataset[WindowBatch]) -> DataLoader[WindowBatch]:
        # A window is a slice of a memory-mapped file: loader processes would only add overhead.
        return DataLoader(windows, batch_size=None, collate_fn=as_it_is, generator=torch.Generator())


def drawn_lines(texts: Iterable[str], seed: int, most: int = VOCABULARY_TEXT) -> list[str]:
    """Return all lines of texts or, of more than `most` characters, a random sample of lines."""
    chance = random.Random(seed)
    lines: list[str] = []
    size, share = 0, 1.0
    for text in texts:
        for line in text.split("\n"):
            if share < 1 and chance.random() > share:
                continue
            lines.append(f"{line}\n")
            size += len(line) + 1
        if size > most:  # halve the sample, and sample half as often from here on
            lines = [line for line in lines if chance.random() < 0.5]
            size, share = sum(map(len, lines)), share / 2
    return lines
