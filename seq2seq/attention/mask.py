"""Axis 3, the pairs that may be compared: masks, boolean, true = may attend.

    causal . . .    window 2 . .   1 global . . .   stride 2 . .     q down, k across
    x . . . .       x x . . .      x x x x x        x . x . x
    x x . . .       x x x . .      x . . . .        . x . x .
    x x x . .       . x x x .      x . . . .        x . x . x
    x x x x .       . . x x x      x . . . .        . x . x .
    x x x x x       . . . x x      x . . . .        x . x . x

A mask is a function of positions. It is therefore the same in a full pass (all queries) and in one step
of decoding (the newest query and all keys before it). `all_of` intersects masks (padding, the future) and
`any_of` unites them: window or global is Longformer's pattern (Beltagy et al. 2020), window or stride the
Sparse Transformer's (Child et al. 2019). In cross-attention each query stands opposite the key of its own
position, as in local-m attention (Luong et al. 2015).
"""

from functools import reduce

import torch
from torch import Tensor

from seq2seq.config import AttentionConfig


def padding_mask(present: Tensor) -> Tensor:
    """Hide padding: keys present [B, S] (true = a real token) -> [B, 1, 1, S]."""
    return present[:, None, None, :]


def causal_mask(query_positions: Tensor, key_positions: Tensor) -> Tensor:
    """Hide the future: positions [T] and [S] -> [T, S], true where the key is not after the query."""
    return key_positions[None, :] <= query_positions[:, None]


def window_mask(query_positions: Tensor, key_positions: Tensor, window: int) -> Tensor:
    """Show close keys: positions [T] and [S] -> [T, S], true where they are less than `window` apart."""
    return (query_positions[:, None] - key_positions[None, :]).abs() < window


def global_mask(query_positions: Tensor, key_positions: Tensor, tokens: int) -> Tensor:
    """Let the first `tokens` positions see all and be seen by all: positions [T] and [S] -> [T, S]."""
    return (query_positions[:, None] < tokens) | (key_positions[None, :] < tokens)


def strided_mask(query_positions: Tensor, key_positions: Tensor, stride: int) -> Tensor:
    """Show every `stride`-th key, counted from the query: positions [T] and [S] -> [T, S]."""
    return (query_positions[:, None] - key_positions[None, :]) % stride == 0


def sparse_mask(config: AttentionConfig, query_positions: Tensor, key_positions: Tensor) -> Tensor | None:
    """Return the union of the config's window, global tokens and stride, [T, S]; None without the three."""
    return any_of(
        None if config.window is None else window_mask(query_positions, key_positions, config.window),
        global_mask(query_positions, key_positions, config.global_tokens) if config.global_tokens else None,
        None if config.stride is None else strided_mask(query_positions, key_positions, config.stride),
    )


def all_of(*masks: Tensor | None) -> Tensor | None:
    """Return the intersection of the given masks; None hides nothing.

    Raises:
        ValueError: A mask is not boolean.
    """
    given = [boolean(mask) for mask in masks if mask is not None]
    return reduce(torch.logical_and, given) if given else None


def any_of(*masks: Tensor | None) -> Tensor | None:
    """Return the union of the given masks; None is left out.

    Raises:
        ValueError: A mask is not boolean.
    """
    given = [boolean(mask) for mask in masks if mask is not None]
    return reduce(torch.logical_or, given) if given else None


def boolean(mask: Tensor) -> Tensor:
    """Return the mask itself if it is boolean.

    Raises:
        ValueError: It is not.
    """
    # An additive mask of zeros and minus infinities, taken as booleans, would be read the wrong way round.
    if mask.dtype != torch.bool:
        raise ValueError(f"the mask is of {mask.dtype}; give a boolean one, true where a query may attend")
    return mask


def newest(mask: Tensor | None, keys: int, read: int) -> Tensor | None:
    """Cut a mask over all tokens read down to the newest keys, the only ones that a memory still holds."""
    return mask[..., -keys:] if mask is not None and mask.shape[-1:] == (read,) else mask


def group_queries(mask: Tensor, sizes: tuple[int, int, int]) -> Tensor:
    """Rearrange a mask for queries stacked by group: [B, H, T, S] or smaller -> [B, K, H / K T, S].

    The sizes are K, H / K and T.
    """
    shared, group, queries = sizes
    mask = torch.atleast_2d(mask)
    if mask.ndim > 2 and mask.shape[-3] > 1:  # it differs between heads
        stacked: Tensor = mask.expand(*mask.shape[:-2], queries, mask.shape[-1]).unflatten(
            -3, (shared, group)
        )
        return stacked.flatten(-3, -2)
    return mask if mask.shape[-2] == 1 else torch.cat([mask] * group, dim=-2)
