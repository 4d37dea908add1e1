"""Axis 3, what may be compared: masks, boolean, true = may attend.

    causal . . .    window 2 . .   1 global . . .   stride 2 . .     q down, k across
    x . . . .       x x . . .      x x x x x        x . x . x
    x x . . .       x x x . .      x . . . .        . x . x .
    x x x . .       . x x x .      x . . . .        x . x . x
    x x x x .       . . x x x      x . . . .        . x . x .
    x x x x x       . . . x x      x . . . .        x . x . x

A mask is a function of positions, so it is the same thing in a full pass (all queries) and in one
step of decoding (the newest query against everything before). `all_of` takes away (padding, the
future), `any_of` joins: window or global is Longformer's (Beltagy et al. 2020), window or stride
the Sparse Transformer's (Child et al. 2019). In cross-attention each query stands opposite the key
of its own position, as in local-m attention (Luong et al. 2015).
"""

from functools import reduce

import torch
from torch import Tensor

from seq2seq.config import AttentionConfig


def padding_mask(present: Tensor) -> Tensor:
    """Hide the filler: keys present [B, S] (true = a real token) -> [B, 1, 1, S]."""
    return present[:, None, None, :]


def causal_mask(query_positions: Tensor, key_positions: Tensor) -> Tensor:
    """Hide the future: positions [T] and [S] -> [T, S], true where the key is not after the query."""
    return key_positions[None, :] <= query_positions[:, None]


def window_mask(query_positions: Tensor, key_positions: Tensor, window: int) -> Tensor:
    """Show the near: positions [T] and [S] -> [T, S], true where they are less than `window` apart."""
    return (query_positions[:, None] - key_positions[None, :]).abs() < window


def global_mask(query_positions: Tensor, key_positions: Tensor, tokens: int) -> Tensor:
    """The first `tokens` positions see all and are seen by all: positions [T] and [S] -> [T, S]."""
    return (query_positions[:, None] < tokens) | (key_positions[None, :] < tokens)


def strided_mask(query_positions: Tensor, key_positions: Tensor, stride: int) -> Tensor:
    """Show every `stride`-th, counted from the query: positions [T] and [S] -> [T, S]."""
    return (query_positions[:, None] - key_positions[None, :]) % stride == 0


def sparse_mask(config: AttentionConfig, query_positions: Tensor, key_positions: Tensor) -> Tensor | None:
    """What any of the config's window, global tokens and stride shows, [T, S]; None where it has none."""
    return any_of(
        None if config.window is None else window_mask(query_positions, key_positions, config.window),
        global_mask(query_positions, key_positions, config.global_tokens) if config.global_tokens else None,
        None if config.stride is None else strided_mask(query_positions, key_positions, config.stride),
    )


def all_of(*masks: Tensor | None) -> Tensor | None:
    """What every given mask allows; None hides nothing.

    Raises:
        ValueError: a mask that is not boolean.
    """
    given = [boolean(mask) for mask in masks if mask is not None]
    return reduce(torch.logical_and, given) if given else None


def any_of(*masks: Tensor | None) -> Tensor | None:
    """What at least one of the given masks allows; None is left out.

    Raises:
        ValueError: a mask that is not boolean.
    """
    given = [boolean(mask) for mask in masks if mask is not None]
    return reduce(torch.logical_or, given) if given else None


def boolean(mask: Tensor) -> Tensor:
    """The mask, which must be boolean: zeros and minus infinities would be read the wrong way round.

    Raises:
        ValueError: it is not.
    """
    if mask.dtype != torch.bool:
        raise ValueError(f"the mask is of {mask.dtype}; give a boolean one, true where a query may attend")
    return mask


def newest(mask: Tensor | None, keys: int, read: int) -> Tensor | None:
    """The columns of a mask of all tokens read that concern the newest keys, which are all a memory shows."""
    return mask[..., -keys:] if mask is not None and mask.shape[-1:] == (read,) else mask


def group_queries(mask: Tensor, sizes: tuple[int, int, int]) -> Tensor:
    """A mask broadcastable to [B, H, T, S] for the queries of each group in one row, [B, K, H / K T, S].

    The sizes are K, H / K and T.
    """
    shared, group, queries = sizes
    mask = torch.atleast_2d(mask)
    if mask.ndim > 2 and mask.shape[-3] > 1:  # it differs between heads
        mask = mask.expand(*mask.shape[:-2], queries, mask.shape[-1])
        return mask.unflatten(-3, (shared, group)).flatten(-3, -2)
    return mask if mask.shape[-2] == 1 else torch.cat([mask] * group, dim=-2)
