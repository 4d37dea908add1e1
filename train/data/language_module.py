"""Data of a language model's run: text -> vocabulary -> tokens in files of the run's folder -> windows.

Training windows come without end, in an order that a checkpoint can hold; validation reads the whole
validation text in windows of the context that carry nothing over, one after the other.
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
from .windows import WindowBatch, WindowOrder, Windows, read_tokens, window, write_tokens

LEARNED_FROM = 50_000_000  # characters that a vocabulary is learned from; of more text, drawn by lines


@dataclass(frozen=True)
class TextSettings(TextCorpus):
    """A text, and how it becomes batches of windows.

    Args:
        vocabulary_size: pieces of the vocabulary; with subwords char the most characters it may have.
        subwords: how the vocabulary is made; char takes every character for itself.
        windows: random draws each window's place anew, packed goes through all of the text each epoch.
        batch_tokens: tokens of a batch, windows x context.
        valid_tokens: validate on only so many tokens while training; 0 for all.
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
    """The order's windows, read from the text."""

    def __init__(self, tokens: Tensor, order: WindowOrder):
        self.tokens, self.order = tokens, order

    def __iter__(self) -> Iterator[WindowBatch]:
        for starts in self.order:
            yield window(self.tokens, starts, self.order.length)


class WindowRow(IterableDataset[WindowBatch]):
    """Windows one after the other, which carry nothing over; the last may be shorter."""

    def __init__(self, tokens: Tensor, length: int, rows: int):
        self.tokens, self.length, self.rows = tokens, length, rows

    def __iter__(self) -> Iterator[WindowBatch]:
        foretold = len(self.tokens) - 1
        whole = range(0, foretold - self.length + 1, self.length)
        for first in range(0, len(whole), self.rows):
            yield window(self.tokens, whole[first : first + self.rows], self.length)
        if rest := foretold % self.length:
            yield window(self.tokens, [foretold - rest], rest)


class LanguageData(LightningDataModule):
    """A text, its tokenizer and its windows; `context` is what the model reads at once."""

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
            raise ValueError("the vocabulary knows no line breaks, so it is none of a language model's")
        paths = [self.folder / f"{name}.tokens" for name in ("train", "valid")]
        # A further process of several finds them written; who wrote again would cut what others read.
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
        # Two texts may differ in how many characters a token has; this is the validation text's.
        self.characters_a_token = read[1] / len(self.validation)
        self.report = (
            f"corpus: {read[0]:,} characters, {len(self.training):,} tokens; validation: "
            f"{read[1]:,} characters, {len(self.validation):,} tokens; vocabulary: {len(self.tokenizer):,}"
        )
        self._order()  # a text that is too short is said now

    def state_dict(self) -> dict[str, Any]:
        """Which windows come next."""
        place = self.order.place(self.taken)
        return {"epoch": place.epoch, "position": place.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with those windows."""
        self.start, self.taken = BatchPosition(state["epoch"], state["position"]), 0

    def train_dataloader(self) -> DataLoader[WindowBatch]:
        """Training windows without end, from where the run stands."""
        self.order = self._order()
        return self._loader(WindowStream(self.training, self.order))

    def val_dataloader(self) -> DataLoader[WindowBatch]:
        """The judged part of the validation text."""
        most = self.settings.valid_tokens
        return self._loader(self.judged(self.validation[: most + 1] if most else self.validation))

    def judged(self, tokens: Tensor) -> WindowRow:
        """A text in windows that carry nothing over, as many side by side as there is no gradient to keep."""
        return WindowRow(tokens, self.context, 4 * self.rows)

    def transfer_batch_to_device(
        self, batch: WindowBatch, device: torch.device, dataloader_idx: int
    ) -> WindowBatch:
        """Lightning does not know our batches."""
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
        # A window is a slice of a file in memory: a process of its own would only cost.
        return DataLoader(windows, batch_size=None, collate_fn=_as_it_is, generator=torch.Generator())


def drawn_lines(texts: Iterable[str], seed: int, most: int = LEARNED_FROM) -> list[str]:
    """Lines to learn a vocabulary from: all, or of more characters than `most` lines drawn at random."""
    chance = random.Random(seed)
    kept: list[str] = []
    size, share = 0, 1.0
    for text in texts:
        for line in text.split("\n"):
            if share < 1 and chance.random() > share:
                continue
            kept.append(f"{line}\n")
            size += len(line) + 1
        if size > most:  # keep every second line, and from here on draw half as often
            kept = [line for line in kept if chance.random() < 0.5]
            size, share = sum(map(len, kept)), share / 2
    return kept


def _as_it_is(batch: Any) -> Any:
    """What a loader collates: nothing, the batch is made already."""
    return batch
