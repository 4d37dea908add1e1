r"""Axis 3, the sharing of keys and values: multi-head, grouped-query, multi-query, multi-head latent.

Attention reads in two moves. *Compress* turns each token attended to into one vector, [B, S, C]; a cache
holds nothing else. *Expand* turns these vectors into the keys and values of the H heads, [B, H, S, D]. The
layouts differ by one number, C: 2 K D for shared heads, the latent's own width where every head expands
its keys and values from one latent c.

    H = 4 query heads       q1 q2 q3 q4     q1 q2 q3 q4     q1 q2 q3 q4     q1 q2 q3 q4
                             |  |  |  |      \ /   \ /       \  \ /  /       |  |  |  |
    K key/value heads       k1 k2 k3 k4      k1     k2           k1         k1 k2 k3 k4
                                                                              \  \ /  /
                                                                                  c
                            multi-head       grouped         multi-query     multi-head latent
                            K = H            1 < K < H       K = 1
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from seq2seq.attention.positions import rotate
from seq2seq.config import AttentionConfig


class SharedHeads(nn.Module):
    """H query heads over K key/value heads: MHA (K = H), GQA, MQA (K = 1).

    Sources: Vaswani et al. 2017, section 3.2.2; Shazeer 2019; Ainslie et al. 2023.

    Raises:
        ValueError: The heads do not divide the width, the key/value heads do not divide the heads, or
            rotary heads have an odd width.
    """

    def __init__(self, width: int, heads: int, kv_heads: int, memory_width: int, *, rotary: bool = False):
        super().__init__()
        if width % heads:
            raise ValueError(f"heads is {heads}, which does not divide width {width}; choose a divisor")
        if heads % kv_heads:
            raise ValueError(f"kv_heads is {kv_heads}; choose a divisor of heads ({heads})")
        if rotary and width // heads % 2:
            raise ValueError(
                f"width {width} over {heads} heads gives an odd head width, {width // heads}, but rotary "
                "turns pairs; choose another number of heads or set rotary to False"
            )
        self.heads, self.kv_heads, self.head_width, self.rotary = heads, kv_heads, width // heads, rotary
        self.query_projection = nn.Linear(width, width)
        self.key_value_projection = nn.Linear(memory_width, self.compressed_width)
        self.output_projection = nn.Linear(width, width)
        self._initialise()

    @property
    def compressed_width(self) -> int:
        """C, the cached numbers a token."""
        return 2 * self.kv_heads * self.head_width

    @property
    def key_width(self) -> int:
        """D, the width of queries and keys."""
        return self.head_width

    def query(self, x: Tensor, positions: Tensor | None = None) -> Tensor:
        """Compute the queries of each token, one a head: [B, T, M] -> [B, H, T, D]."""
        query: Tensor = self.query_projection(x).unflatten(-1, (self.heads, self.head_width))
        if self.rotary and positions is not None:
            query = rotate(query, positions)
        return query.transpose(1, 2)

    def compress(self, source: Tensor, positions: Tensor | None = None) -> Tensor:
        """Compute keys and values side by side: [B, S, M] -> [B, S, C], keys already rotated."""
        compressed: Tensor = self.key_value_projection(source)
        if self.rotary and positions is not None:
            key, value = compressed.chunk(2, dim=-1)
            key = rotate(key.unflatten(-1, (self.kv_heads, self.head_width)), positions).flatten(-2)
            compressed = torch.cat([key, value], dim=-1)
        return compressed

    def pairs(self, compressed: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values of the shared heads, as views: [B, S, C] -> twice [B, K, S, D]."""
        key, value = compressed.unflatten(-1, (2, self.kv_heads, self.head_width)).permute(2, 0, 3, 1, 4)
        return key, value

    def expand(self, compressed: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values of every head: [B, S, C] -> twice [B, H, S, D]."""
        key, value = self.pairs(compressed)
        if self.kv_heads == self.heads:
            return key, value
        group = self.heads // self.kv_heads
        return key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)

    def merge(self, context: Tensor) -> Tensor:
        """Project the contexts of all heads to one vector a token: [B, H, T, D] -> [B, T, M]."""
        merged: Tensor = self.output_projection(context.transpose(1, 2).flatten(-2))
        return merged

    def _initialise(self) -> None:
        # Keys and values lie in one matrix; Glorot's bound counts the outputs of one projection.
        nn.init.xavier_uniform_(self.query_projection.weight)
        nn.init.xavier_uniform_(self.output_projection.weight)
        for projection in self.key_value_projection.weight.chunk(2):
            nn.init.xavier_uniform_(projection)
        for linear in (self.query_projection, self.key_value_projection, self.output_projection):
            nn.init.zeros_(linear.bias)


class LatentHeads(nn.Module):
    """H heads whose keys and values are all linear maps of one latent vector a position: MLA.

        c = norm(W_c x)          [B, S, latent]         cached
        k, v = W_k c, W_v c      [B, H, S, D] each
        r = rotate(W_r x)        [B, S, R]              in rotary self-attention, cached beside c

    A rotated key cannot be expanded from a latent later. Position therefore has a key of its own, r, half as
    wide as a head and shared by all heads; queries and keys are then [D | R] wide. Since k and v are linear
    in c, queries may read the latents directly (`absorb`): (W_k^T q) . c equals q . (W_k c), and the mean
    of the W_v c equals W_v times the mean of the c. There are no biases, as in the paper.
    Source: DeepSeek-V2, 2024, section 2.1.

    Raises:
        ValueError: The heads do not divide the width.
    """

    def __init__(self, width: int, heads: int, latent: int, memory_width: int, *, rotary: bool = False):
        super().__init__()
        if width % heads:
            raise ValueError(f"heads is {heads}, which does not divide width {width}; choose a divisor")
        self.heads, self.latent, self.head_width = heads, latent, width // heads
        self.rotary_width = 2 * math.ceil(self.head_width / 4) if rotary else 0
        self.query_projection = nn.Linear(width, heads * self.key_width, bias=False)
        self.latent_projection = nn.Linear(memory_width, latent, bias=False)
        self.latent_norm = nn.RMSNorm(latent, eps=1e-6)
        self.key_value_projection = nn.Linear(latent, 2 * width, bias=False)
        self.rotary_projection = nn.Linear(memory_width, self.rotary_width, bias=False) if rotary else None
        self.output_projection = nn.Linear(width, width, bias=False)
        key, value = self.key_value_projection.weight.chunk(2)
        outer = [self.query_projection.weight, self.latent_projection.weight, self.output_projection.weight]
        for weight in [*outer, key, value]:
            nn.init.xavier_uniform_(weight)
        if self.rotary_projection is not None:
            nn.init.xavier_uniform_(self.rotary_projection.weight)

    @property
    def compressed_width(self) -> int:
        """C, the cached numbers a token."""
        return self.latent + self.rotary_width

    @property
    def key_width(self) -> int:
        """D + R, the width of queries and keys."""
        return self.head_width + self.rotary_width

    def query(self, x: Tensor, positions: Tensor | None = None) -> Tensor:
        """Compute the queries of each token, one a head: [B, T, M] -> [B, H, T, D + R]."""
        query: Tensor = self.query_projection(x).unflatten(-1, (self.heads, self.key_width))
        if self.rotary_width and positions is not None:
            content, place = query.split([self.head_width, self.rotary_width], dim=-1)
            query = torch.cat([content, rotate(place, positions)], dim=-1)
        return query.transpose(1, 2)

    def compress(self, source: Tensor, positions: Tensor | None = None) -> Tensor:
        """Compute the latent of each token and, if rotary, its rotated key: [B, S, M] -> [B, S, C]."""
        latent: Tensor = self.latent_projection(source)
        # Autocast leaves the projection in 16 bit; torch's norm warns of two types and takes a slow way.
        latent = self.latent_norm(latent.to(self.latent_norm.weight.dtype))
        if self.rotary_projection is None:
            return latent
        place = self.rotary_projection(source)
        if positions is not None:
            place = rotate(place[..., None, :], positions).squeeze(-2)
        return torch.cat([latent, place], dim=-1)

    def expand(self, compressed: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys [B, H, S, D + R] and values [B, H, S, D] of every head, from [B, S, C]."""
        latent, place = compressed.split([self.latent, self.rotary_width], dim=-1)
        pairs = self.key_value_projection(latent).unflatten(-1, (2, self.heads, self.head_width))
        key, value = pairs.permute(2, 0, 3, 1, 4)
        if self.rotary_width:
            key = torch.cat([key, place[:, None].expand(-1, self.heads, -1, -1)], dim=-1)
        return key, value

    def absorb(self, query: Tensor) -> Tensor:
        """Turn queries into queries for the latents themselves: [B, H, T, D + R] -> [B, H, T, C]."""
        content, place = query.split([self.head_width, self.rotary_width], dim=-1)
        key_weight, _ = self._expansion()
        absorbed = torch.cat([content @ key_weight, place], dim=-1)
        # The score divides by sqrt(C), the width it sees, in place of sqrt(D + R).
        return absorbed * math.sqrt(self.compressed_width / self.key_width)

    def release(self, context: Tensor) -> Tensor:
        """Compute each head's context from its mean of compressed vectors: [B, H, T, C] -> [B, H, T, D]."""
        _, value_weight = self._expansion()
        return context[..., : self.latent] @ value_weight.transpose(-2, -1)

    def merge(self, context: Tensor) -> Tensor:
        """Project the contexts of all heads to one vector a token: [B, H, T, D] -> [B, T, M]."""
        merged: Tensor = self.output_projection(context.transpose(1, 2).flatten(-2))
        return merged

    def _expansion(self) -> tuple[Tensor, Tensor]:
        """Return W_k and W_v, [H, D, latent] each."""
        weight = dense_weight(self.key_value_projection)
        key, value = weight.unflatten(0, (2, self.heads, self.head_width))
        return key, value


def dense_weight(linear: nn.Module) -> Tensor:
    """Return the weight of a linear layer as floating-point numbers.

    In a layer that torch has quantized (`torch.ao.quantization.quantize_dynamic`) `weight` is a method.
    """
    weight: Tensor | Callable[[], Tensor] = linear.weight
    return weight if isinstance(weight, Tensor) else weight().dequantize()


def make_heads(width: int, config: AttentionConfig, memory_width: int) -> SharedHeads | LatentHeads:
    """Build the heads that a config describes."""
    if config.latent is not None:
        return LatentHeads(width, config.heads, config.latent, memory_width, rotary=config.rotary)
    return SharedHeads(width, config.heads, config.shared_heads, memory_width, rotary=config.rotary)
