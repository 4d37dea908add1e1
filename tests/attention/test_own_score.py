"""Scores written outside the package: every structure computes with them what the formula says.

Each of them breaks a fast path that does not ask the score: one has a number a head, one looks at positions,
one is a subclass of the scaled dot product, one gives back a tensor that it keeps.
"""

import math
from collections.abc import Callable

import pytest
import torch
from attention_cells import ALIVE, hold_for_all, name_of
from torch import Tensor, nn

from seq2seq.attention import (
    AttentionConfig,
    CausalSelfAttention,
    CrossAttention,
    ScaledDotScore,
    ScoreFactory,
    SelfAttention,
    all_of,
    attend,
    causal_mask,
    padding_mask,
)
from seq2seq.attention.mask import sparse_mask

WIDTH, HEADS, LENGTH = 16, 4, 13
CELLS = [config for config in ALIVE if config.score == "scaled_dot" and not config.linear]
UNTURNED = [config for config in CELLS if not config.rotary]


class CosineScore(nn.Module):
    """The angle between query and key, over a temperature a head."""

    def __init__(self, width: int):
        super().__init__()
        self.temperature = nn.Parameter(torch.rand(HEADS, 1, 1) + 0.2)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        query, key = (nn.functional.normalize(x, dim=-1) for x in (query, key))
        return query @ key.mT / self.temperature


class DistanceScore(ScaledDotScore):
    """The dot product less the distance, steeper from head to head (Press et al. 2022, ALiBi)."""

    def __init__(self, width: int):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([0.5, 0.25, 0.125, 0.0625])[:, None, None])

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        queries, keys = query.shape[-2], key.shape[-2]
        places = torch.arange(keys - queries, keys)  # the last query stands beside the last key
        distance = (places[:, None] - torch.arange(keys)).abs()
        return super().forward(query, key) - self.slope * distance


class SharpScore(ScaledDotScore):
    """Twice the scaled dot product."""

    def __init__(self, width: int):
        super().__init__()

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return 2 * super().forward(query, key)


def make_manhattan(width: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a score that is no module: minus the sum of absolute differences, over sqrt(D)."""
    return lambda query, key: (
        -(query[..., :, None, :] - key[..., None, :, :]).abs().sum(-1) / math.sqrt(width)
    )


SCORES: dict[str, ScoreFactory] = {
    "cosine": CosineScore,
    "distance": DistanceScore,
    "sharp": SharpScore,
    "manhattan": make_manhattan,
}


def randomized(attention: nn.Module) -> nn.Module:
    """In double and eval mode, the heads' parameters random."""
    torch.manual_seed(1)
    for parameter in attention.heads.parameters():
        nn.init.normal_(parameter, std=0.3)
    return attention.eval().double()


def by_the_formula(attention: nn.Module, x: Tensor, source: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(score(Q, K) masked) V, every key and value of every head written down."""
    positions = torch.arange(x.shape[1]) if attention.config.rotary else None
    query = attention.heads.query(x, positions)
    key, value = attention.heads.expand(attention.heads.compress(source, positions))
    scores = attention.score(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return attention.heads.merge(scores.softmax(-1) @ value)


def near(result: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(result, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("score", SCORES)
@torch.no_grad()
def test_causal_steps_equal_the_full_pass_in_every_structure(score: str) -> None:
    """Regression: latent heads computed dot products whatever the score (difference 1.03)."""

    def check(config: AttentionConfig) -> None:
        attention = randomized(CausalSelfAttention(WIDTH, config, SCORES[score]))
        x, positions = torch.randn(2, LENGTH, WIDTH, dtype=torch.float64), torch.arange(LENGTH)
        mask = all_of(sparse_mask(config, positions, positions), causal_mask(positions, positions))
        expected = by_the_formula(attention, x, x, mask)
        near(attention(x).context, expected)
        near(attention(x, need_weights=True).context, expected)
        for sizes in ([1] * LENGTH, [7, 1, 3, 2]):
            memory = attention.empty_memory(2, LENGTH)
            parts = [attention(part, memory=memory).context for part in x.split(sizes, dim=1)]
            near(torch.cat(parts, dim=1), expected)

    hold_for_all(CELLS, check, name_of)


@pytest.mark.parametrize("score", SCORES)
@torch.no_grad()
def test_self_attention_computes_the_formula_in_every_structure(score: str) -> None:
    """With and without the map, for texts short enough for latents and long enough for blocks of a window."""

    def check(config: AttentionConfig) -> None:
        attention = randomized(SelfAttention(WIDTH, config, SCORES[score]))
        for length in (3, 67):
            x, positions = torch.randn(2, length, WIDTH, dtype=torch.float64), torch.arange(length)
            expected = by_the_formula(attention, x, x, sparse_mask(config, positions, positions))
            for need_weights in (False, True):
                near(attention(x, need_weights=need_weights).context, expected)

    hold_for_all(CELLS, check, name_of)


@pytest.mark.parametrize("score", [name for name in SCORES if name != "distance"])
@torch.no_grad()
def test_cross_attention_steps_equal_the_full_pass_in_every_structure(score: str) -> None:
    """A source of another width, its padding hidden, read at once and in steps."""

    def check(config: AttentionConfig) -> None:
        attention = randomized(CrossAttention(WIDTH, config, 5, SCORES[score]))
        x, source = (torch.randn(2, *size, dtype=torch.float64) for size in ((6, WIDTH), (7, 5)))
        present, places = padding_mask(torch.arange(7) < torch.tensor([[7], [4]])), torch.arange(6)
        shown = all_of(present, sparse_mask(config, places, torch.arange(7)))
        remembered = attention.remember(source)
        whole = attention(x, remembered, present, need_weights=True).context
        if shown is not None and bool(shown.any(-1).all()):  # a query that sees nothing is NaN there
            near(whole, by_the_formula(attention, x, source, shown))
        for sizes in ([6], [1] * 6, [3, 1, 2]):
            parts = [
                attention(part, remembered, present, positions=here).context
                for part, here in zip(x.split(sizes, dim=1), places.split(sizes), strict=True)
            ]
            near(torch.cat(parts, dim=1), whole)

    hold_for_all(UNTURNED, check, name_of)


@torch.no_grad()
def test_a_score_exchanged_after_the_layer_was_made_counts() -> None:
    """Every call uses the attribute `score`, not the name in the config."""
    attention = randomized(CausalSelfAttention(WIDTH, AttentionConfig(latent=5)))
    x = torch.randn(2, 3, WIDTH, dtype=torch.float64)
    plain = attention(x).context
    attention.score = SharpScore(WIDTH)
    positions = torch.arange(3)
    expected = by_the_formula(attention, x, x, causal_mask(positions, positions))
    near(attention(x).context, expected)
    assert (expected - plain).abs().max() > 1e-3


@torch.no_grad()
def test_what_a_score_keeps_is_not_overwritten() -> None:
    """A score may give back a tensor of its own, such as a learned table."""
    table = torch.randn(1, 1, 3, 3)
    before = table.clone()
    mask = causal_mask(torch.arange(3), torch.arange(3))
    for _ in range(2):
        weights = attend(*torch.randn(3, 1, 1, 3, 2), lambda q, k: table, mask, need_weights=True).weights
        torch.testing.assert_close(weights, table.masked_fill(~mask, -torch.inf).softmax(-1))
    assert torch.equal(table, before)


@pytest.mark.parametrize("flow", [SelfAttention, CausalSelfAttention, CrossAttention])
def test_linear_attention_refuses_a_score(flow: type[nn.Module]) -> None:
    """It has no scores; one given or put in later is refused with a remedy, not left unused."""
    config = AttentionConfig(heads=HEADS, linear=True)
    said = (
        "linear is True beside a score of your own, SharpScore; .* leave out the score or set linear to False"
    )
    with pytest.raises(ValueError, match=said):
        flow(WIDTH, config, score=SharpScore)
    attention, x = flow(WIDTH, config), torch.randn(1, 2, WIDTH)
    attention.score = SharpScore(WIDTH)
    with pytest.raises(ValueError, match=said):
        if flow is CrossAttention:
            attention.remember_for_steps(x)
        else:
            attention(x)
