"""The formula: score, mask, softmax, mix.

    weights = softmax(score(Q, K) masked)        [B, H, T, S]   the map: weights of keys for each query
    context = weights V                          [B, H, T, D]   the weighted means of the values

Every attention of this package ends here, whatever its score, its flow and its heads. If the weights are not
needed and the score is the scaled dot product, torch's fused kernel computes the same context without
storing them.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seq2seq.attention.mask import boolean, causal_mask
from seq2seq.attention.score import ScoreFunction, is_pairwise, is_scaled_dot
from seq2seq.attention.transforms import transformed


class Attended(NamedTuple):
    """The result of an attention: the context and, on request, the map."""

    context: Tensor
    weights: Tensor | None


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score: ScoreFunction,
    mask: Tensor | None = None,
    *,
    dropout: float = 0.0,
    need_weights: bool = False,
    is_causal: bool = False,
) -> Attended:
    """Compute the mean of the values, weighted by the softmax of their keys' scores.

    Shapes: query [B, H, T, D], key and value [B, H, S, D], mask boolean and broadcastable to
    [B, H, T, S], true = may attend -> context [B, H, T, D], weights [B, H, T, S] or None.
    A query that may attend to nothing gets zeros. Dropout falls on the weights; the returned
    weights are those before it. `is_causal` stands for a causal mask where T = S, and for no other beside it:
    the kernel then skips the hidden half. Source: Vaswani et al. 2017, eq. 1.

    Raises:
        ValueError: The mask is not boolean or does not broadcast, or stands beside `is_causal`.
    """
    if is_causal and mask is not None:
        raise ValueError("is_causal is True beside a mask; leave it out, and give both masks joined")
    check_mask(mask, query, key)
    if mask is not None and mask.ndim < 2:
        mask = torch.atleast_2d(mask)  # torch's kernel takes nothing smaller
    # The kernel has no forward derivative, and under vmap it runs once for each example.
    if is_scaled_dot(score) and not need_weights and not transformed():
        context = fused(query, key, value, mask, dropout, is_causal=is_causal)
        return Attended(context, None)
    if is_causal:
        positions = torch.arange(key.shape[-2], device=key.device)
        mask = causal_mask(positions, positions)
    weights = masked_softmax(score(query, key), mask, overwrite=is_pairwise(score))
    context = functional.dropout(weights, dropout) @ value
    return Attended(context, weights if need_weights else None)


def check_mask(mask: Tensor | None, query: Tensor, key: Tensor) -> None:
    """Refuse a mask that is not boolean, or that does not broadcast to every query with every key.

    Raises:
        ValueError: The mask is not boolean or does not broadcast.
    """
    if mask is None:
        return
    expected, shape = (*query.shape[:-1], key.shape[-2]), boolean(mask).shape
    fits = len(shape) <= len(expected)
    # A plain loop: torch.broadcast_shapes takes some sixty times as long, and every layer of a step asks.
    for size, full in zip(shape[::-1], expected[::-1], strict=False):
        fits = fits and (size == 1 or size == full)
    if not fits:
        raise ValueError(
            f"the mask is of shape {tuple(shape)}; give one that broadcasts to {expected}, "
            "rows, heads, queries and keys"
        )


def fused(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout: float,
    *,
    is_causal: bool = False,
) -> Tensor:
    """Compute the context of scaled dot-product attention by torch's kernel, which stores no weights."""
    if torch.is_autocast_enabled("cpu") and query.device.type == "cpu":
        # Backward, the CPU kernel takes some twenty times longer in bfloat16 than in float32.
        with torch.autocast("cpu", enabled=False):
            query, key, value = query.float(), key.float(), value.float()
            return functional.scaled_dot_product_attention(query, key, value, mask, dropout, is_causal)
    return functional.scaled_dot_product_attention(query, key, value, mask, dropout, is_causal)


def masked_softmax(scores: Tensor, mask: Tensor | None, *, overwrite: bool = True) -> Tensor:
    """Return the softmax over the keys that may be attended to; zeros where there are none.

    With `overwrite` the scores that need no gradient are overwritten.
    """
    if overwrite and not scores.requires_grad and not transformed():
        return softmax_in_place(scores, mask)
    if mask is None:
        return scores.softmax(dim=-1)
    # A large number stands in for infinity: a row of minus infinities would turn into NaN, also backward.
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, lowest).softmax(dim=-1).masked_fill(~mask, 0.0)


def softmax_in_place(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Compute `masked_softmax` into the scores themselves.

    Fresh memory for each step would cost more than the step.
    """
    if mask is not None:
        # The mask becomes numbers to add while it is small, before it broadcasts. Half the lowest number is
        # low enough; the lowest itself, added to a score, could overflow.
        hidden = torch.zeros(mask.shape, dtype=scores.dtype, device=scores.device)
        scores += hidden.masked_fill_(~mask, torch.finfo(scores.dtype).min / 2)
    weights = torch.softmax(scores, dim=-1, out=scores)
    return weights if mask is None else weights.mul_(mask.any(dim=-1, keepdim=True))
