"""Masks as small tables: true = may attend, and the same in one step as in a full pass."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

from seq2seq.attention import (
    AttentionConfig,
    CausalSelfAttention,
    ScaledDotScore,
    SelfAttention,
    all_of,
    any_of,
    attend,
    causal_mask,
    global_mask,
    padding_mask,
    strided_mask,
    window_mask,
)
from seq2seq.attention.mask import sparse_mask


def test_causal_table() -> None:
    """A position sees itself and its past, never its successor."""
    positions = torch.arange(4)
    expected = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert causal_mask(positions, positions).int().tolist() == expected


def test_causal_step_is_the_full_pass_last_rows() -> None:
    """The newest queries alone get the last rows of the full mask."""
    everything = torch.arange(7)
    full = causal_mask(everything, everything)
    for first in range(7):
        assert torch.equal(causal_mask(everything[first:], everything), full[first:])


def test_padding_table() -> None:
    """Each sentence hides its own padding, from all heads and queries alike."""
    present = torch.tensor([[True, True, False], [True, False, False]])
    mask = padding_mask(present)
    assert mask.shape == (2, 1, 1, 3)
    assert torch.equal(mask.expand(2, 5, 7, 3)[1, 4, 6], present[1])


def test_all_of_is_and() -> None:
    """A key hidden by one mask stays hidden when another allows it."""
    positions = torch.arange(3)
    causal = causal_mask(positions, positions)
    padding = padding_mask(torch.tensor([[False, True, True]]))
    combined = all_of(causal, None, padding)
    assert combined is not None and combined.shape == (1, 1, 3, 3)
    assert combined[0, 0].int().tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert all_of(causal, None) is causal
    assert all_of() is None and all_of(None, None) is None


def test_all_of_leaves_its_masks_alone() -> None:
    """Joining masks writes into none of them, for every layer uses the source's mask."""
    one, other = torch.tensor([True, True]), torch.tensor([True, False])
    all_of(one, other)
    assert one.tolist() == [True, True]


def test_window_table() -> None:
    """Window 2 shows a position itself and one neighbour on either side."""
    positions = torch.arange(4)
    expected = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    assert window_mask(positions, positions, 2).int().tolist() == expected
    assert torch.equal(window_mask(positions, positions, 1), torch.eye(4, dtype=torch.bool))
    assert window_mask(positions, positions, 4).all()


def test_global_table() -> None:
    """Global tokens see all and are seen by all, as in Longformer."""
    positions = torch.arange(4)
    expected = [[1, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert global_mask(positions, positions, 1).int().tolist() == expected


def test_strided_table() -> None:
    """Stride 3 shows every third position, counted from the query in both directions."""
    positions = torch.arange(5)
    expected = [[1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [0, 0, 1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 1]]
    assert strided_mask(positions, positions, 3).int().tolist() == expected


MAKERS: list[Callable[[Tensor, Tensor], Tensor]] = [
    causal_mask,
    lambda q, k: window_mask(q, k, 3),
    lambda q, k: global_mask(q, k, 2),
    lambda q, k: strided_mask(q, k, 3),
]


@given(st.sampled_from(MAKERS), st.lists(st.integers(0, 30), min_size=1), st.lists(st.integers(0, 30)))
@settings(deadline=None, max_examples=40)
def test_a_mask_is_a_function_of_two_positions(
    maker: Callable[[Tensor, Tensor], Tensor], queries: list[int], keys: list[int]
) -> None:
    """Few queries, late keys and the full pass mean the same positions."""
    full = maker(torch.arange(31), torch.arange(31))
    part = maker(torch.tensor(queries), torch.tensor(keys, dtype=torch.long))
    assert torch.equal(part, full[queries][:, keys])


def test_any_of_is_or() -> None:
    """A key shown by one mask stays shown when another hides it."""
    one, other = torch.tensor([True, False, False]), torch.tensor([False, False, True])
    joined = any_of(one, None, other)
    assert joined is not None and joined.tolist() == [True, False, True]
    assert any_of(None) is None and any_of(one) is one


@pytest.mark.parametrize("causal", [False, True])
def test_longformer_and_sparse_transformer_by_definition(causal: bool) -> None:
    """Joined masks show the pairs that the papers define, one by one."""
    length, window, tokens, stride = 13, 3, 2, 5
    config = AttentionConfig(window=window, global_tokens=tokens, stride=stride)
    positions = torch.arange(length)
    result = all_of(
        sparse_mask(config, positions, positions), causal_mask(positions, positions) if causal else None
    )
    for t, s in itertools.product(range(length), repeat=2):
        shown = abs(t - s) < window or t < tokens or s < tokens or (t - s) % stride == 0
        assert result is not None and result[t, s] == (shown and not (causal and s > t))
    assert sparse_mask(AttentionConfig(), positions, positions) is None


@pytest.mark.parametrize("sparse", [{"window": 3}, {"window": 3, "global_tokens": 2}, {"stride": 4}])
@pytest.mark.parametrize("flow", [SelfAttention, CausalSelfAttention])
def test_sparse_attention_is_dense_attention_under_its_mask(flow: Any, sparse: dict[str, int]) -> None:
    """A sparse config computes full attention under its mask written out."""
    torch.manual_seed(1)
    thin, full = flow(12, AttentionConfig(heads=2, **sparse)), flow(12, AttentionConfig(heads=2))
    thin.load_state_dict(full.state_dict())
    x, positions = torch.randn(2, 11, 12), torch.arange(11)
    mask = sparse_mask(thin.config, positions, positions)
    for need_weights in (False, True):
        result, expected = thin(x, need_weights=need_weights), full(x, mask, need_weights=need_weights)
        torch.testing.assert_close(result, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("flow", [SelfAttention, CausalSelfAttention])
def test_a_window_as_long_as_the_text_is_none(flow: Any) -> None:
    """A window as long as the text hides nothing."""
    torch.manual_seed(2)
    wide, full = flow(12, AttentionConfig(heads=2, window=11)), flow(12, AttentionConfig(heads=2))
    wide.load_state_dict(full.state_dict())
    x = torch.randn(2, 11, 12)
    torch.testing.assert_close(wide(x).context, full(x).context, atol=1e-6, rtol=0)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "sparse", [{"window": 37}, {"window": 37, "global_tokens": 3}, {"window": 11, "stride": 29}]
)
def test_sparse_attention_is_flex_attention(sparse: dict[str, int], causal: bool) -> None:
    """Torch's flex attention, given the papers' rule and the padding, computes the same context."""
    torch.manual_seed(3)
    length, config = 211, AttentionConfig(**sparse)
    window, tokens, stride = sparse["window"], config.global_tokens, config.stride
    query, key, value = torch.randn(3, 2, 4, length, 8).unbind()
    present = torch.arange(length) < torch.tensor([[length], [190]])

    def shown(row: Tensor, _: Tensor, t: Tensor, s: Tensor) -> Tensor:
        near = ((t - s).abs() < window) | (t < tokens) | (s < tokens)
        near = near if stride is None else near | ((t - s) % stride == 0)
        return near & present[row, s] & ((s <= t) | (not causal))

    blocks = create_block_mask(shown, 2, None, length, length, device="cpu")
    positions = torch.arange(length)
    mask = all_of(
        sparse_mask(config, positions, positions),
        padding_mask(present),
        causal_mask(positions, positions) if causal else None,
    )
    result = attend(query, key, value, ScaledDotScore(), mask).context
    torch.testing.assert_close(
        result, flex_attention(query, key, value, block_mask=blocks), atol=1e-5, rtol=0
    )
