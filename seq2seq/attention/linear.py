"""Linear attention: features in place of the softmax, so that cost grows with length, not its square.

    softmax      sum_s exp(q . k_s) v_s / sum_s exp(q . k_s)
    linear       f(q) . sum_s f(k_s) v_s / f(q) . sum_s f(k_s),      f(x) = elu(x) + 1 > 0

The sums do not depend on the query: they are made once for all queries, or, where each query sees
its own past, grow token by token into a state of constant size, [D, D] and [D] a head (`LinearState`).
Source: Katharopoulos et al. 2020, equations 5 to 8.

Forms of one formula, held equal by tests: the explicit one writes the weights [B, H, T, S] down (for
maps, and for masks that differ from query to query); the parallel one sums over all keys, in the same
call or, for later queries, once and for all (`summed`, `read_sums`); the causal one walks over chunks
of tokens, explicit within a chunk, by the state before it.
Dropout falls on the keys' features above the line, so that the mean is the result without it.
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
    """Every query reads all keys: self-attention and cross-attention.

    Shapes: query [B, H, T, D], key and value [B, H, S, D], mask boolean and broadcastable to
    [B, H, T, S] -> context [B, H, T, D], weights [B, H, T, S] or None. A mask of keys, such as
    padding's [B, 1, 1, S], costs nothing; one that differs between queries costs T S.

    Raises:
        ValueError: a mask that is not boolean or does not broadcast.
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
    """Keys and values [B, H, S, D] as their sums, for queries that come later and may see all of them.

    A mask of keys, broadcastable to [B, H, 1, S], leaves some out for good.

    Raises:
        ValueError: a mask that is not boolean, does not broadcast, or differs between queries.
    """
    check_mask(mask, key[..., :1, :], key)
    key, value = feature(key), _at_least_single(value)
    rows, heads, _, width = key.shape
    state = LinearState(rows, heads, width, dtype=key.dtype, device=key.device)
    state.append(_hide(key, mask), value)
    return state


def read_sums(query: Tensor, state: LinearState) -> Tensor:
    """What `linear_attention` gives for queries [B, H, T, D] and the keys summed: context [B, H, T, D]."""
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
    """Every query reads the keys up to its own and, through the state, those of earlier calls.

    Shapes: query, key and value [B, H, T, D] -> context [B, H, T, D], weights [B, H, T, T] or None.
    The state is appended to in place; a mask then concerns the T new keys.

    Raises:
        ValueError: a mask that is not boolean or does not broadcast; weights asked for, or a mask
            that differs between queries, beside a state: earlier keys are only in its sums.
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
    """f(x) = elu(x) + 1, positive everywhere, in no less than single precision: long sums are made of it.

    Written out, because torch (2.13), compiling, mistakes how the gradient of its elu lies in memory.
    """
    x = _at_least_single(x)
    return functional.relu(x) + x.clamp(max=0).exp()


def _at_least_single(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _explicit(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float, dtype: torch.dtype
) -> Attended:
    """The plain form, its weights written down."""
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
    """sum over s <= t of (q_t . k_s) v_s, on top of the state's sums: [B, H, T, D]."""
    tokens = query.shape[-2]
    chunk = min(chunk, max(1, tokens))
    spare = -tokens % chunk
    q, k, v = (
        functional.pad(x, (0, 0, 0, spare)).unflatten(-2, (-1, chunk)) for x in (query, key, value)
    )  # [B, H, chunks, chunk, D]
    own = k.transpose(-2, -1) @ v
    first = torch.zeros_like(own[:, :, :1]) if state is None else state.sums[:, :, None]
    earlier = torch.cat([first, own[:, :, :-1]], dim=2).cumsum(dim=2)
    mixed = q @ earlier + (q @ k.transpose(-2, -1)).tril() @ v
    return mixed.flatten(2, 3)[:, :, :tokens]


def _read(query: Tensor, sums: Tensor, totals: Tensor) -> Tensor:
    """Features of queries [B, H, T, D] and sums [B, H, D, D], [B, H, D] -> context [B, H, T, D]."""
    return _divide(query @ sums, (query * totals[..., None, :]).sum(dim=-1))


def _divide(numerators: Tensor, totals: Tensor) -> Tensor:
    """Normalised; where the total is 0 (nothing may be seen) so is every numerator, and the result."""
    return numerators / totals.where(totals > 0, 1.0)[..., None]


def _of_keys(mask: Tensor | None) -> bool:
    """Whether all queries may see the same keys."""
    return mask is None or mask.ndim < 2 or mask.shape[-2] == 1


def _hide(key: Tensor, mask: Tensor | None) -> Tensor:
    """The keys' features, 0 where a mask [..., 1, S] hides them."""
    if mask is None:
        return key
    return key.masked_fill(~torch.atleast_2d(mask).transpose(-2, -1), 0.0)
