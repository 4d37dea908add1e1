"""Axis 3, what may be compared: masks, boolean, true = may attend.

A mask is a function of positions, so it is the same thing in a full pass (all queries) and in one
step of decoding (the newest query against everything before). Masks combine by "and".
"""

import torch
from torch import Tensor


def padding_mask(present: Tensor) -> Tensor:
    """Hide the filler: keys present [B, S] (true = a real token) -> [B, 1, 1, S]."""
    return present[:, None, None, :]


def causal_mask(query_positions: Tensor, key_positions: Tensor) -> Tensor:
    """Hide the future: positions [T] and [S] -> [T, S], true where the key is not after the query."""
    return key_positions[None, :] <= query_positions[:, None]


def all_of(*masks: Tensor | None) -> Tensor | None:
    """What every given mask allows; None hides nothing."""
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    combined = given[0]
    for mask in given[1:]:
        combined = torch.logical_and(combined, mask)
    return combined
