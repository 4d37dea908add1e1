"""The window in blocks beside the masked one: equal numbers and gradients, at linear cost."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seq2seq.attention import (
    AdditiveScore,
    AttentionConfig,
    CausalSelfAttention,
    ScaledDotScore,
    ScoreFunction,
    SelfAttention,
    all_of,
    attend,
    attend_window,
    causal_mask,
    padding_mask,
    window_mask,
)


def inputs(length: int, batch: int = 2) -> list[Tensor]:
    """Queries, keys [B, 3, T, 5] and values [B, 3, T, 7] in double that require gradients."""
    return [
        torch.randn(batch, 3, length, width, dtype=torch.float64, requires_grad=True) for width in (5, 5, 7)
    ]


def masked(
    leaves: list[Tensor], score: ScoreFunction, window: int, present: Tensor | None, causal: bool
) -> Tensor:
    """Compute the same from all pairs under a mask."""
    positions = torch.arange(leaves[0].shape[2])
    mask = all_of(
        window_mask(positions, positions, window),
        causal_mask(positions, positions) if causal else None,
        None if present is None else padding_mask(present),
    )
    return attend(*leaves, score, mask).context


@given(
    st.integers(1, 60),
    st.integers(1, 70),
    st.sampled_from([None, 0, 3]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_blocked_is_masked(
    length: int, window: int, spare: int | None, causal: bool, padded: bool, additive: bool
) -> None:
    """Blocks lose and double no pair where they meet, at the ends and beside padding."""
    torch.manual_seed(length)
    leaves = inputs(length)
    score: ScoreFunction = AdditiveScore(5, 5, 3).double() if additive else ScaledDotScore()
    present = torch.rand(2, length) > 0.4 if padded else None
    block = None if spare is None else window + spare
    result = attend_window(*leaves, score, window, present, causal=causal, block=block)
    expected = masked(leaves, score, window, present, causal)
    torch.testing.assert_close(result, expected, atol=1e-10, rtol=0)
    for one, other in zip(
        *(torch.autograd.grad(context.square().sum(), leaves) for context in (result, expected)), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)


@pytest.mark.parametrize("flow", [SelfAttention, CausalSelfAttention])
@pytest.mark.parametrize(
    "choice", [{}, {"kv_heads": 1}, {"latent": 6}, {"rotary": True}, {"score": "target_aware"}], ids=str
)
@torch.no_grad()
def test_long_texts_go_in_blocks(flow: Any, choice: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a layer, whatever its heads and its score, blocks give the result of the mask."""
    torch.manual_seed(1)
    attention = flow(12, AttentionConfig(heads=2, window=5, **choice)).eval()
    x, present = torch.randn(2, 67, 12), torch.arange(67) < torch.tensor([[67], [31]])
    lengths: list[int] = []
    whole = attend_window

    def counting(query: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        lengths.append(query.shape[2])
        return whole(query, *args, **kwargs)

    monkeypatch.setattr("seq2seq.attention.flow.attend_window", counting)
    blocked = attention(x, padding_mask(present)).context
    assert lengths == [67]
    plain = attention(x, padding_mask(present), need_weights=True)
    torch.testing.assert_close(blocked, plain.context, atol=1e-5, rtol=0)
    assert lengths == [67] and plain.weights is not None and plain.weights.shape == (2, 2, 67, 67)


@pytest.mark.parametrize("others", [{"global_tokens": 1}, {"stride": 7}])
@torch.no_grad()
def test_a_window_with_others_is_masked(others: dict[str, int]) -> None:
    """Global tokens and strides reach beyond blocks and take the mask."""
    torch.manual_seed(2)
    attention = SelfAttention(12, AttentionConfig(heads=2, window=5, **others)).eval()
    x = torch.randn(2, 67, 12)
    torch.testing.assert_close(
        attention(x).context, attention(x, need_weights=True).context, atol=1e-5, rtol=0
    )


@torch.no_grad()
def test_a_prompt_in_blocks_then_single_steps() -> None:
    """After a long prompt read in blocks, steps give the contexts of the full pass."""
    torch.manual_seed(3)
    attention = CausalSelfAttention(12, AttentionConfig(heads=2, window=5)).eval()
    x = torch.randn(2, 73, 12)
    memory = attention.empty_memory(2, 73)
    parts = [attention(part, memory=memory).context for part in x.split([67, 1, 3, 2], dim=1)]
    whole = attention(x, need_weights=True).context
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=0)


@torch.no_grad()
def test_pairs_grow_with_length_not_its_square() -> None:
    """Ten times the length compares ten times the pairs."""
    counted = []
    for length in (64, 640):
        pairs: list[int] = []

        def score(query: Tensor, key: Tensor, pairs: list[int] = pairs) -> Tensor:
            pairs.append(query[..., 0].numel() * key.shape[2])
            return ScaledDotScore()(query, key)

        attend_window(*inputs(length, batch=1), score, 16)
        counted.append(sum(pairs))
    assert counted[1] == 10 * counted[0]


def test_gradients_are_those_of_finite_differences() -> None:
    """Gradients equal finite differences, for keys that blocks share, too."""
    torch.manual_seed(4)
    leaves = [x.detach()[:, :1].requires_grad_() for x in inputs(5, batch=1)]
    assert torch.autograd.gradcheck(
        lambda *x: attend_window(*x, ScaledDotScore(), 2, causal=True, block=2), leaves
    )
