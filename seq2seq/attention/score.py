"""Axis 1, the score: how well does a key answer a query?

Scaled dot-product (Vaswani et al. 2017, eq. 1): score(q, k) = q . k / sqrt(D). The dot product of
two independent vectors of variance 1 has variance D; without the root, a wide head would hand the
softmax such large numbers that one key takes everything and the gradient vanishes.
"""

import math
from typing import Protocol

from torch import Tensor, nn


class Score(Protocol):
    """Queries [B, H, T, D] and keys [B, H, S, D] -> scores [B, H, T, S]."""

    def __call__(self, query: Tensor, key: Tensor) -> Tensor: ...


class ScaledDotScore(nn.Module):
    """q . k / sqrt(D): plain matrix products, nothing to learn."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
