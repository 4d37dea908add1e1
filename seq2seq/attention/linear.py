"""Linear attention: features in place of the softmax, at a cost linear in the length.

    softmax      sum_s exp(q . k_s) v_s / sum_s exp(q . k_s)
    linear       f(q) . sum_s f(k_s) v_s / f(q) . sum_s f(k_s),      f(x) = elu(x) + 1 > 0

The sums do not depend on the query. One pass computes them for all queries; where each query sees its own
past, they grow token by token into a state of constant size, [D, D] and [D] a head (`LinearState`).
Source: Katharopoulos et al. 2020, equations 5 to 8.

There are three forms of the formula, which tests hold equal. The explicit form stores the weights
[B, H, T, S], for maps and for masks that differ between queries. The parallel form sums over all keys, in
the same call or in advance for later queries (`summed`, `read_sums`). The causal form walks over chunks of
tokens: explicit within a chunk, by the state for the tokens before it.
Dropout falls on the keys' features in the numerator alone, so that the mean is the result without dropout.
"""

import torch
from torch import Tensor
from torch.nn import functional

from seq2seq.attention.attend import Attended, check_mask
from seq2seq.attention.cache import LinearState
from seq2seq.attention.mask import all_of, causal_mask

CHUNK = 64


def linear_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    dropout: float = 0.0,
    need_weights: bool = False,
) -> Attended:
    """Let every query read all keys, as in self-attention and cross-attention.

    Shapes: query [B, H, T, D], key and value [B, H, S, D], mask boolean and broadcastable to
    [B, H, T, S] -> context [B, H, T, D], weights [B, H, T, S] or None. A mask of keys, such as
    padding's [B, 1, 1, S], costs nothing; one that differs between queries costs T S.

    Raises:
        ValueError: The mask is not boolean or does not broadcast.
    """
    check_mask(mask, query, key)
    dtype = value.dtype
    query, key, value = feature(query), feature(key), _at_least_single(value)
    if need_weights or not _of_keys(mask):
        return _explicit(query, key, value, mask, dropout, dtype)
    key = _hide(key, mask)
    sums = functional.dropout(key, dropout).transpose(-2, -1) @ value
    return Attended(_read(query, sums, key.sum(dim=-2)).to(dtype), None)


def summed(key: Tensor, value: Tensor, mask: Tensor | None = None) -> LinearState:
    """Sum up keys and values [B, H, S, D] for later queries, all of which may see all of them.

    A mask of keys, broadcastable to [B, H, 1, S], leaves keys out for good.

    Raises:
        ValueError: The mask is not boolean, does not broadcast, or differs between queries.
    """
    check_mask(mask, key[..., :1, :], key)
    key, value = feature(key), _at_least_single(value)
    rows, heads, _, width = key.shape
    state = LinearState(rows, heads, width, dtype=key.dtype, device=key.device)
    state.append(_hide(key, mask), value)
    return state


def read_sums(query: Tensor, state: LinearState) -> Tensor:
    """Return the context [B, H, T, D] of `linear_attention` for queries [B, H, T, D] and summed keys."""
    return _read(feature(query), state.sums, state.totals).to(query.dtype)


def causal_linear_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    state: LinearState | None = None,
    dropout: float = 0.0,
    need_weights: bool = False,
    chunk: int = CHUNK,
) -> Attended:
    """Let every query read the keys up to its own and, through the state, those of earlier calls.

    Shapes: query, key and value [B, H, T, D] -> context [B, H, T, D], weights [B, H, T, T] or None.
    The state is appended to in place; a mask then concerns the T new keys.

    Raises:
        ValueError: The mask is not boolean or does not broadcast. Or a state is given beside
            `need_weights` or a mask that differs between queries: earlier keys are only in its sums.
    """
    check_mask(mask, query, key)
    dtype = value.dtype
    query, key, value = feature(query), feature(key), _at_least_single(value)
    if need_weights or not _of_keys(mask):
        if state is not None:
            raise ValueError(
                "a LinearState has no single keys to weigh or to mask; "
                "give need_weights or this mask in one pass without memory"
            )
        places = torch.arange(query.shape[-2], device=query.device)
        return _explicit(query, key, value, all_of(mask, causal_mask(places, places)), dropout, dtype)
    key = _hide(key, mask)
    mixed = _running(query, functional.dropout(key, dropout), value, state, chunk)
    seen = key.cumsum(dim=-2) if state is None else state.totals[..., None, :] + key.cumsum(dim=-2)
    if state is not None:
        state.append(key, value)
    return Attended(_divide(mixed, (query * seen).sum(dim=-1)).to(dtype), None)


def feature(x: Tensor) -> Tensor:
    """Return f(x) = elu(x) + 1, positive everywhere, in at least single precision."""
    x = _at_least_single(x)
    # Written out: compiling, torch (2.13) mistakes the memory layout of the gradient of its own elu.
    return functional.relu(x) + x.clamp(max=0).exp()


def _at_least_single(x: Tensor) -> Tensor:
    # A sum of a thousand features in bfloat16 stops growing at 256.
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _explicit(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float, dtype: torch.dtype
) -> Attended:
    """Compute the explicit form, which stores its weights."""
    products = query @ key.transpose(-2, -1)
    if mask is not None:
        products = products.masked_fill(~mask, 0.0)
    totals = products.sum(dim=-1)
    weights = mixing = _divide(products, totals)
    if dropout:
        dropped = query @ functional.dropout(key, dropout).transpose(-2, -1)
        mixing = _divide(dropped if mask is None else dropped.masked_fill(~mask, 0.0), totals)
    return Attended((mixing @ value).to(dtype), weights.to(dtype))


def _running(query: Tensor, key: Tensor, value: Tensor, state: LinearState | None, chunk: int) -> Tensor:
    """Compute the sum over s <= t of (q_t . k_s) v_s, added to the state's sums: [B, H, T, D]."""
    tokens = query.shape[-2]
    chunk = min(chunk, max(1, tokens))
    spare = -tokens % chunk
    q, k, v = (
        functional.pad(x, (0, 0, 0, spare)).unflatten(-2, (-1, chunk)) for x in (query, key, value)
    )  # [B, H, chunks, chunk, D]
    own = k.transpose(-2, -1) @ v
    first = torch.zeros_like(own[:, :, :1]) if state is None else state.sums[:, :, None]
    earlier = torch.cat([first, own[:, :, :-1]], dim=2).cumsum(dim=2)
    mixed: Tensor = q @ earlier + (q @ k.transpose(-2, -1)).tril() @ v
    return mixed.flatten(2, 3)[:, :, :tokens]


def _read(query: Tensor, sums: Tensor, totals: Tensor) -> Tensor:
    """Read sums [B, H, D, D] and [B, H, D] by features of queries [B, H, T, D] -> context [B, H, T, D]."""
    return _divide(query @ sums, (query * totals[..., None, :]).sum(dim=-1))


def _divide(numerators: Tensor, totals: Tensor) -> Tensor:
    """Divide each numerator by its total."""
    # A total of 0 means that nothing may be seen. The numerators are then 0 as well, and so is the result.
    return numerators / totals.where(totals > 0, 1.0)[..., None]


def _of_keys(mask: Tensor | None) -> bool:
    """Return whether all queries may see the same keys."""
    return mask is None or mask.ndim < 2 or mask.shape[-2] == 1


def _hide(key: Tensor, mask: Tensor | None) -> Tensor:
    """Return the keys' features, set to 0 where a mask [..., 1, S] hides them."""
    if mask is None:
        return key
    return key.masked_fill(~torch.atleast_2d(mask).transpose(-2, -1), 0.0)
