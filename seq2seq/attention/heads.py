"""Axis 3, how heads share what they remember: multi-head, grouped-query, multi-query.

Attention reads in two moves. *Compress* makes one vector of each token attended to, [B, S, C]:
that is all a cache has to hold. *Expand* turns it into the keys and values of the H heads,
[B, H, S, D]. The family differs by one number, C = 2 K D:

    H = 4 query heads       q1 q2 q3 q4     q1 q2 q3 q4     q1 q2 q3 q4
                             |  |  |  |      \\ /   \\ /       \\  \\ /  /
    K key/value heads       k1 k2 k3 k4      k1     k2           k1
                            multi-head       grouped         multi-query
                            K = H            1 < K < H       K = 1
"""

import torch
from torch import Tensor, nn

from seq2seq.positions import rotate


class SharedHeads(nn.Module):
    """H query heads over K key/value heads: MHA (K = H), GQA, MQA (K = 1).

    Sources: Vaswani et al. 2017, section 3.2.2; Shazeer 2019; Ainslie et al. 2023.

    Raises:
        ValueError: heads that do not divide the width, key/value heads that do not divide the heads.
    """

    def __init__(self, width: int, heads: int, kv_heads: int, memory_width: int, *, rotary: bool = False):
        super().__init__()
        if width % heads:
            raise ValueError(f"heads is {heads}, which does not divide width {width}; choose a divisor")
        if heads % kv_heads:
            raise ValueError(f"kv_heads is {kv_heads}; choose a divisor of heads ({heads})")
        self.heads, self.kv_heads, self.head_width, self.rotary = heads, kv_heads, width // heads, rotary
        self.query_projection = nn.Linear(width, width)
        self.key_value_projection = nn.Linear(memory_width, self.compressed_width)
        self.output_projection = nn.Linear(width, width)
        self._initialise(width)

    @property
    def compressed_width(self) -> int:
        """C, the numbers to remember a token."""
        return 2 * self.kv_heads * self.head_width

    def query(self, x: Tensor, positions: Tensor | None = None) -> Tensor:
        """What each token asks, one question a head: [B, T, M] -> [B, H, T, D]."""
        query = self.query_projection(x).unflatten(-1, (self.heads, self.head_width))
        if self.rotary and positions is not None:
            query = rotate(query, positions)
        return query.transpose(1, 2)

    def compress(self, source: Tensor, positions: Tensor | None = None) -> Tensor:
        """What is worth remembering of each token: [B, S, M] -> [B, S, C], keys already rotated."""
        compressed = self.key_value_projection(source)
        if self.rotary and positions is not None:
            key, value = compressed.chunk(2, dim=-1)
            key = rotate(key.unflatten(-1, (self.kv_heads, self.head_width)), positions).flatten(-2)
            compressed = torch.cat([key, value], dim=-1)
        return compressed

    def expand(self, compressed: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values for every head: [B, S, C] -> twice [B, H, S, D]."""
        pairs = compressed.unflatten(-1, (2, self.kv_heads, self.head_width))
        key, value = pairs.permute(2, 0, 3, 1, 4)  # each [B, K, S, D], a view
        if self.kv_heads == self.heads:
            return key, value
        group = self.heads // self.kv_heads
        return key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)

    def merge(self, context: Tensor) -> Tensor:
        """The heads' findings as one vector a token: [B, H, T, D] -> [B, T, M]."""
        return self.output_projection(context.transpose(1, 2).flatten(-2))

    def _initialise(self, width: int) -> None:
        # Keys and values lie in one matrix; Glorot's bound counts the outputs of one projection.
        nn.init.xavier_uniform_(self.query_projection.weight)
        nn.init.xavier_uniform_(self.output_projection.weight)
        for projection in self.key_value_projection.weight.chunk(2):
            nn.init.xavier_uniform_(projection)
        for linear in (self.query_projection, self.key_value_projection, self.output_projection):
            nn.init.zeros_(linear.bias)
