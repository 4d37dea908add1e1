"""The sliding window in blocks: the results of `window_mask`, at a cost linear in the length.

Positions are cut into blocks at least as long as the window. The keys that a query of block i may see then
lie in the blocks i - 1, i and, unless causal, i + 1. Each block is a small attention of its own, and all
blocks are one batch:

    keys      0 1 | 2 3 | 4 5 | 6 7          window 2, block 2
    block 2         2 3   4 5   6 7   <- read by the queries 4 5
"""

import torch
from torch import Tensor
from torch.nn import functional

from seq2seq.attention.attend import attend
from seq2seq.attention.mask import all_of, causal_mask, window_mask
from seq2seq.attention.score import ScoreFunction

SHORTEST_BLOCK = 16


def block_length(window: int) -> int:
    """Return the positions of a block: the window, but not so few that the number of blocks costs more."""
    return max(window, SHORTEST_BLOCK)


def attend_window(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score: ScoreFunction,
    window: int,
    present: Tensor | None = None,
    *,
    causal: bool = False,
    dropout: float = 0.0,
    block: int | None = None,
) -> Tensor:
    """Let each position read those less than `window` away from it.

    Shapes: query, key and value [B, H, T, D], present [B, T] (true = a real key) or None ->
    context [B, H, T, D]. `block` is at least `window`.
    """
    batch, length = query.shape[0], query.shape[2]
    block = block_length(window) if block is None else block
    blocks = -(-length // block)
    around = 1 if causal else 2  # neighbours that a block reads
    queries = functional.pad(query, (0, 0, 0, blocks * block - length)).unflatten(2, (blocks, block))
    keys, values = (_neighbourhoods(x, blocks, block, around) for x in (key, value))

    positions = torch.arange(block, device=query.device)
    places = torch.arange(-block, around * block, device=query.device)
    mask = all_of(window_mask(positions, places, window), causal_mask(positions, places) if causal else None)
    if present is None:
        present = torch.ones(1, length, dtype=torch.bool, device=query.device)
    real = _neighbourhoods(present[:, None, :, None].byte(), blocks, block, around).bool()
    mask = all_of(mask, real.mT)  # [B, 1, blocks, block, keys of a block]
    assert mask is not None

    mask = _fold(mask.expand(batch, -1, -1, -1, -1))
    folded = attend(_fold(queries), _fold(keys), _fold(values), score, mask, dropout=dropout).context
    context: Tensor = folded.unflatten(0, (batch, blocks)).transpose(1, 2).flatten(2, 3)
    return context[:, :, :length]


def _neighbourhoods(x: Tensor, blocks: int, block: int, around: int) -> Tensor:
    """Cut out blocks with neighbours, zeros beyond the ends: [B, H, T, D] -> [B, H, blocks, keys, D]."""
    after = (blocks + around - 1) * block - x.shape[2]
    return functional.pad(x, (0, 0, block, after)).unfold(2, (1 + around) * block, block).mT


def _fold(x: Tensor) -> Tensor:
    """Turn blocks into further rows of the batch: [B, H, blocks, ...] -> [B blocks, H, ...]."""
    return x.transpose(1, 2).flatten(0, 1)
