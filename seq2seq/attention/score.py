"""Axis 1, the score: comparison of queries with keys.

    scaled dot-product   q . k / sqrt(D)                        Vaswani et al. 2017, eq. 1
    additive             v . tanh(W_q q + W_k k)                Bahdanau et al. 2015, appendix A.1.2
    target-aware         MLP([q, k, q - k, q * k])              Zhou et al. 2018 (DIN), figure 2

The dot product of two independent vectors of variance 1 has variance D. Without the root, the scores of a
wide head are so large that the softmax gives all weight to one key and the gradient vanishes. The dot
product is a plain matrix product; the other two compute a hidden layer for each pair of query and key,
[B, H, T, S, hidden]. They do so for a few queries at a time and, if gradients are recorded, compute it again
in the backward pass, so that memory grows with T S and not with T S hidden.

A score of your own is any `ScoreFunction`; docs/own_attention.md puts one into a whole model.
"""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from seq2seq.attention.transforms import transformed
from seq2seq.config import AttentionConfig

# The most numbers of a hidden layer held at once: 64 MiB in float32.
BLOCK = 2**24


class ScoreFunction(Protocol):
    """A score: queries [B, H, T, D] and keys [B, H, S, D] -> scores [B, H, T, S].

    In self-attention the last query and the last key stand at the same position, whether the text is read
    at once or step by step. In cross-attention the order of queries means nothing: the rows of a beam come
    as further queries.
    """

    def __call__(self, query: Tensor, key: Tensor) -> Tensor:
        """Score every query with every key."""


ScoreFactory = Callable[[int], ScoreFunction]  # D, the width of queries and keys -> a score of that width


class ScaledDotScore(nn.Module):
    """q . k / sqrt(D): matrix products without parameters."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Score queries [B, H, T, D] and keys [B, H, S, D] -> [B, H, T, S]."""
        # Dividing the queries takes T D divisions, dividing the scores T S.
        return (query / math.sqrt(query.shape[-1])) @ key.transpose(-2, -1)


class AdditiveScore(nn.Module):
    """v . tanh(W_q q + W_k k): queries and keys may differ in width.

    Shapes: query [B, H, T, query width], key [B, H, S, key width] -> [B, H, T, S]. One set of weights
    serves all heads, which differ by their projections. `block` bounds the numbers of the hidden layer
    held at once.
    """

    def __init__(self, query_width: int, key_width: int, hidden: int, *, block: int = BLOCK):
        super().__init__()
        self.query_projection = nn.Linear(query_width, hidden, bias=False)
        self.key_projection = nn.Linear(key_width, hidden, bias=False)
        self.direction = nn.Parameter(torch.empty(hidden))
        self.block = block
        nn.init.xavier_uniform_(self.query_projection.weight)
        nn.init.xavier_uniform_(self.key_projection.weight)
        if not self.direction.is_meta:  # there torch's normal_ would import its compiler
            nn.init.normal_(self.direction, std=hidden**-0.5)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Score every query with every key."""
        query, key = self.query_projection(query), self.key_projection(key)
        return in_blocks(self._compare, query, key, self.block // len(self.direction))

    def _compare(self, query: Tensor, key: Tensor) -> Tensor:
        return torch.tanh(query[..., :, None, :] + key[..., None, :, :]) @ self.direction


class TargetAwareScore(nn.Module):
    """DIN's activation unit: a small net of q, k, their difference and their product.

    Shapes: query [B, H, T, D], key [B, H, S, D] -> [B, H, T, S]. `block` bounds the numbers held at once
    of the net's input or, if that is wider, of its hidden layer. Source: Zhou et al. 2018, figure 2. It says
    "out product"; the code of its authors takes difference and product.
    """

    def __init__(self, width: int, hidden: int, *, block: int = BLOCK):
        super().__init__()
        self.widen = nn.Linear(4 * width, hidden)
        self.activation = nn.PReLU()
        self.narrow = nn.Linear(hidden, 1)
        self.block = block
        for linear in (self.widen, self.narrow):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Score every query with every key."""
        widest = max(self.widen.in_features, self.widen.out_features)
        return in_blocks(self._compare, query, key, self.block // widest)

    def _compare(self, query: Tensor, key: Tensor) -> Tensor:
        q, k = torch.broadcast_tensors(query[..., :, None, :], key[..., None, :, :])
        pairs = torch.cat([q, k, q - k, q * k], dim=-1)
        scores: Tensor = self.narrow(self.activation(self.widen(pairs)))
        return scores.squeeze(-1)


def in_blocks(compare: Callable[[Tensor, Tensor], Tensor], query: Tensor, key: Tensor, pairs: int) -> Tensor:
    """Compute `compare(query, key)` for at most so many pairs at a time, but for whole queries."""
    batch = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2]).numel()
    queries = max(1, pairs // max(1, batch * key.shape[-2]))
    if queries >= query.shape[-2]:
        return compare(query, key)
    # torch.func's transforms follow the call themselves and refuse a checkpoint.
    if not torch.is_grad_enabled() or transformed():
        return torch.cat([compare(part, key) for part in query.split(queries, dim=-2)], dim=-2)
    # The generator of random numbers need not be saved: no comparison has dropout.
    parts = (
        checkpoint(compare, part, key, use_reentrant=False, preserve_rng_state=False)
        for part in query.split(queries, dim=-2)
    )
    return torch.cat(list(parts), dim=-2)


def is_scaled_dot(score: ScoreFunction) -> bool:
    """Return whether a score is the scaled dot product itself, which kernels and latents may compute."""
    # The exact type counts, for a subclass may compute something else.
    return type(score) is ScaledDotScore


def is_pairwise(score: ScoreFunction) -> bool:
    """Return whether a score is one of this file: every pair by itself, all heads alike, in a new tensor.

    Only such scores may be grouped, cut into blocks or overwritten. A score written elsewhere may depend on
    heads and positions; it gets all pairs of all heads at once.
    """
    return type(score) in (ScaledDotScore, AdditiveScore, TargetAwareScore)


def make_score(config: AttentionConfig, width: int) -> ScoreFunction:
    """Return the score that a config names, for queries and keys [.., width]; hidden layers are as wide."""
    match config.score:
        case "scaled_dot":
            return ScaledDotScore()
        case "additive":
            return AdditiveScore(width, width, width)
        case "target_aware":
            return TargetAwareScore(width, width)
