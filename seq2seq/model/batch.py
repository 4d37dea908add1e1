"""Batches: sentences of similar length, padded to a rectangle.

This is the one place that adds the special symbols and shifts the target:

    source         s1 s2 s3 </s>
    target input   <s> t1 t2 t3        read by the decoder
    target output  t1 t2 t3 </s>       predicted by it, one step ahead

The size of a batch is counted in tokens, rows x the longer padded side, because that is its cost.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD


@dataclass
class Batch:
    """Token ids padded with PAD: source [B, S], target input and output [B, T] (None without targets).

    `links` [E, 3] are the word links of guided alignment: row, target token, source token, counted from 0.
    """

    source: Tensor
    target_input: Tensor | None = None
    target_output: Tensor | None = None
    links: Tensor | None = None

    @property
    def tokens(self) -> int:
        """Real tokens on both sides, padding not counted."""
        tokens = int((self.source != PAD).sum())
        if self.target_output is not None:
            tokens += int((self.target_output != PAD).sum())
        return tokens

    def to(self, device: torch.device | str) -> "Batch":
        """Return the same batch on another device."""
        return Batch(
            self.source.to(device),
            None if self.target_input is None else self.target_input.to(device),
            None if self.target_output is None else self.target_output.to(device),
            None if self.links is None else self.links.to(device),
        )


def make_batch(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]] | None = None) -> Batch:
    """Build a batch from ids without special symbols."""
    source = pad([[*ids, EOS] for ids in sources])
    if targets is None:
        return Batch(source)
    return Batch(source, pad([[BOS, *ids] for ids in targets]), pad([[*ids, EOS] for ids in targets]))


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Pad rows of ids with PAD to one tensor [B, longest]."""
    longest = max((len(row) for row in rows), default=0)
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows], dtype=torch.int64).reshape(
        len(rows), longest
    )


def token_budget_batches(
    lengths: Sequence[tuple[int, int]], budget: int, *, seed: int | None, epoch: int = 0
) -> list[list[int]]:
    """Group indices of pairs so that rows x the longer padded side stays within a budget of tokens.

    Lengths are (source, target), special symbols counted. Groups and their order are a pure function of
    (seed, epoch), so that a resumed epoch sees the batches of the interrupted one. With seed None the
    batches go from short to long.

    Raises:
        ValueError: A pair is longer than the budget by itself.
    """
    order = list(range(len(lengths)))
    generator = random.Random(f"{seed} {epoch}")
    if seed is not None:
        generator.shuffle(order)  # the sort is stable: pairs of one length stay shuffled
    order.sort(key=lambda index: (max(lengths[index]), min(lengths[index])))
    batches: list[list[int]] = []
    batch: list[int] = []
    for index in order:
        longest = max(lengths[index])  # sorted, so the newest is the longest
        if longest > budget:
            raise ValueError(
                f"pair {index} has {longest} tokens on one side, more than the batch budget of {budget}; "
                "raise the budget or drop long pairs"
            )
        if (len(batch) + 1) * longest > budget:
            batches.append(batch)
            batch = []
        batch.append(index)
    if batch:
        batches.append(batch)
    if seed is not None:
        generator.shuffle(batches)
    return batches
