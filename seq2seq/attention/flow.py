"""Axis 2, the flow: where queries, keys and values come from.

    self            x asks x                 every position sees every other at once
    causal self     x asks x's past          a decoder may not read what it has yet to write
    cross           x asks another source    queries from one sequence, keys and values from another

All three are the same four moves: query, compress, expand, attend.
"""

import torch
from torch import Tensor, nn

from seq2seq.attention.attend import Attended, attend
from seq2seq.attention.cache import KeyValueCache
from seq2seq.attention.heads import SharedHeads
from seq2seq.attention.mask import all_of, causal_mask
from seq2seq.attention.score import ScaledDotScore
from seq2seq.config import AttentionConfig


class Attention(nn.Module):
    """The parts every flow shares: heads, a score, and the formula between them."""

    def __init__(self, width: int, config: AttentionConfig, memory_width: int):
        super().__init__()
        self.heads = SharedHeads(width, config.heads, config.shared_heads, memory_width, rotary=config.rotary)
        self.score = ScaledDotScore()
        self.dropout = config.dropout

    def read(self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool) -> Attended:
        """Queries [B, H, T, D] read a compressed memory [B, S, C] -> context [B, T, M]."""
        key, value = self.heads.expand(compressed)
        dropout = self.dropout if self.training else 0.0
        attended = attend(query, key, value, self.score, mask, dropout=dropout, need_weights=need_weights)
        return Attended(self.heads.merge(attended.context), attended.weights)


class SelfAttention(Attention):
    """Each position of a sequence asks every position of it."""

    def __init__(self, width: int, config: AttentionConfig):
        super().__init__(width, config, width)

    def forward(self, x: Tensor, mask: Tensor | None = None, *, need_weights: bool = False) -> Attended:
        """x [B, T, M], mask broadcastable to [B, H, T, T] -> context [B, T, M], weights [B, H, T, T]."""
        positions = torch.arange(x.shape[1], device=x.device)
        query, compressed = self.heads.query(x, positions), self.heads.compress(x, positions)
        return self.read(query, compressed, mask, need_weights)


class CausalSelfAttention(Attention):
    """Each position asks itself and what came before it, in this call or, remembered, in earlier ones."""

    def __init__(self, width: int, config: AttentionConfig):
        super().__init__(width, config, width)

    def empty_memory(self, rows: int, capacity: int) -> KeyValueCache:
        """A memory for so many rows and tokens, to be given back as `memory=`."""
        weight = self.heads.query_projection.weight
        return KeyValueCache(
            rows, capacity, self.heads.compressed_width, dtype=weight.dtype, device=weight.device
        )

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        memory: KeyValueCache | None = None,
        need_weights: bool = False,
    ) -> Attended:
        """The T newest tokens ask all S so far (S = T without a memory).

        Shapes: x [B, T, M], mask broadcastable to [B, H, T, S] -> context [B, T, M],
        weights [B, H, T, S]. The memory is appended to in place.
        """
        read = 0 if memory is None else memory.length
        positions = torch.arange(read, read + x.shape[1], device=x.device)
        query, compressed = self.heads.query(x, positions), self.heads.compress(x, positions)
        if memory is not None:
            compressed = memory.append(compressed)
        if x.shape[1] > 1:  # a single newest token has no future to hide
            everything = torch.arange(compressed.shape[1], device=x.device)
            mask = all_of(mask, causal_mask(positions, everything))
        return self.read(query, compressed, mask, need_weights)


class CrossAttention(Attention):
    """Each position of one sequence asks a memory made from another: a text, an image, anything [B, S, *]."""

    def __init__(self, width: int, config: AttentionConfig, memory_width: int | None = None):
        super().__init__(width, config, width if memory_width is None else memory_width)
        if config.rotary:
            raise ValueError(
                "rotary is True in cross-attention, where queries and keys count "
                "positions of different sequences; set it to False"
            )

    def remember(self, source: Tensor) -> Tensor:
        """Compress the source once, for every later question: [B, S, memory width] -> [B, S, C]."""
        return self.heads.compress(source)

    def forward(
        self, x: Tensor, remembered: Tensor, mask: Tensor | None = None, *, need_weights: bool = False
    ) -> Attended:
        """x [B, T, M] asks remembered [B, S, C]; mask to [B, H, T, S] -> context [B, T, M], weights."""
        return self.read(self.heads.query(x), remembered, mask, need_weights)
