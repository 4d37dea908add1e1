"""The grid made from the config's types: contradictions are refused, everything else runs, cell by cell."""

import re
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from attention_cells import ALIVE, CELLS, contradicts, grid, hold_for_all, model_config, name_of
from torch import nn

from seq2seq.attention import (
    AttentionConfig,
    CausalSelfAttention,
    CrossAttention,
    SelfAttention,
    padding_mask,
)

WIDTH = 16
EXACT = {torch.float32: 1e-5, torch.float64: 1e-10}
OTHERS = [config for config in ALIVE if not config.rotary]


def randomized(attention: nn.Module) -> nn.Module:
    """In eval mode, all parameters random."""
    for parameter in attention.parameters():
        nn.init.normal_(parameter, std=0.3)
    return attention.eval()


def test_only_contradictions_are_refused() -> None:
    """Contradictions are refused with one sentence that names the remedy; everything else is built."""

    def check(cell: dict[str, Any]) -> None:
        if not contradicts(cell):
            AttentionConfig(**cell)
            return
        with pytest.raises(ValueError, match=r"set \w+ to|leave out|drop these") as refusal:
            AttentionConfig(**cell)
        assert "\n" not in str(refusal.value) and ". " not in str(refusal.value), "one sentence"

    hold_for_all(CELLS, check, str)
    assert len(ALIVE) == 100


def test_rotary_positions_are_refused_where_they_turn_nothing() -> None:
    """A model of an attention that rotary positions do not suit is refused by the name of its field."""

    def check(config: AttentionConfig) -> None:
        if config.linear or config.score != "scaled_dot":
            with pytest.raises(
                ValueError, match=r"positions is rotary, but encoder_attention has (linear|score)"
            ):
                model_config(config, "rotary")
        else:
            assert model_config(config, "rotary").self_attention("encoder").rotary

    hold_for_all(OTHERS, check, name_of)


@torch.no_grad()
def test_causal_steps_are_all_at_once() -> None:
    """Read token by token, in parts, and after rows were repeated and moved, a text gives the full pass."""

    def check(config: AttentionConfig) -> None:
        torch.manual_seed(1)
        attention = randomized(CausalSelfAttention(WIDTH, config))
        for dtype in EXACT:
            steps_are_all_at_once(attention.to(dtype), dtype)

    hold_for_all(ALIVE, check, name_of)


def steps_are_all_at_once(attention: nn.Module, dtype: torch.dtype) -> None:
    """Check one causal attention in one precision."""
    near = partial(torch.testing.assert_close, atol=EXACT[dtype], rtol=0)
    x, rows = torch.randn(3, 13, WIDTH, dtype=dtype), torch.tensor([2, 0, 0, 1])
    whole = attention(x, need_weights=True)
    near(attention(x).context, whole.context)
    for split in ([1] * 13, [7, 1, 3, 2]):
        memory = attention.empty_memory(3, 13)
        parts = [attention(part, memory=memory).context for part in x.split(split, dim=1)]
        near(torch.cat(parts, dim=1), whole.context)
        assert memory.length == 13
    memory = attention.empty_memory(3, 13)
    attention(x[:, :5], memory=memory)
    memory.select(rows)
    parts = [attention(part[rows], memory=memory).context for part in x[:, 5:].split([1, 4, 3], dim=1)]
    near(torch.cat(parts, dim=1), whole.context[rows, 5:])


@torch.no_grad()
def test_self_attention_reads_nothing_of_the_padding() -> None:
    """A text reads the same alone and beside a longer one, by the fast path and by the map's."""

    def check(config: AttentionConfig) -> None:
        torch.manual_seed(2)
        attention = randomized(SelfAttention(WIDTH, config)).double()
        x = torch.randn(1, 7, WIDTH, dtype=torch.float64)
        longer = torch.cat([x, 100 * torch.randn(1, 4, WIDTH, dtype=torch.float64)], dim=1)
        mask = padding_mask(torch.arange(11)[None] < 7)
        expected = attention(x).context
        for need_weights in (False, True):
            attended = attention(longer, mask, need_weights=need_weights)
            torch.testing.assert_close(attended.context[:, :7], expected, atol=1e-10, rtol=0)
        assert attended.weights is not None and (attended.weights[..., 7:] == 0).all()
        hidden = attention(x, torch.zeros(1, 1, 1, 7, dtype=torch.bool)).context
        nothing = attention.heads.merge(torch.zeros(1, 4, 7, WIDTH // 4, dtype=torch.float64))
        assert torch.equal(hidden, nothing), "a text of padding alone reads zeros"

    hold_for_all(ALIVE, check, name_of)


@torch.no_grad()
def test_cross_attention_reads_any_memory() -> None:
    """A source of another width gives the same answers and maps in steps and at once."""

    def check(config: AttentionConfig) -> None:
        torch.manual_seed(3)
        attention = randomized(CrossAttention(WIDTH, config, 5))
        for dtype in EXACT:
            cross_steps_are_all_at_once(attention.to(dtype), dtype)

    hold_for_all(OTHERS, check, name_of)


def cross_steps_are_all_at_once(attention: nn.Module, dtype: torch.dtype) -> None:
    """Check one cross-attention in one precision."""
    x, source = torch.randn(2, 6, WIDTH, dtype=dtype), torch.randn(2, 7, 5, dtype=dtype)
    mask = padding_mask(torch.arange(7) < torch.tensor([[7], [4]]))
    remembered = attention.remember(source)
    whole = attention(x, remembered, mask, need_weights=True)
    assert whole.weights.shape == (2, 4, 6, 7) and (whole.weights[1, ..., 4:] == 0).all()
    for split in ([6], [1] * 6, [3, 1, 2]):
        parts = [
            attention(part, remembered, mask, positions=places).context
            for part, places in zip(x.split(split, dim=1), torch.arange(6).split(split), strict=True)
        ]
        torch.testing.assert_close(torch.cat(parts, dim=1), whole.context, atol=EXACT[dtype], rtol=0)


def test_no_position_and_one_position() -> None:
    """Empty sides are no error: no query gives nothing, no key gives zeros, and gradients are finite."""

    def check(config: AttentionConfig) -> None:
        cross, own = CrossAttention(WIDTH, config), SelfAttention(WIDTH, config)
        causal = CausalSelfAttention(WIDTH, config)
        for (queries, keys), need_weights in product(((0, 0), (0, 1), (1, 0), (1, 1), (3, 0)), (False, True)):
            x, source = torch.randn(2, queries, WIDTH, requires_grad=True), torch.randn(2, keys, WIDTH)
            contexts = [cross(x, cross.remember(source), need_weights=need_weights).context]
            contexts += [flow(x, need_weights=need_weights).context for flow in (own, causal)]
            assert all(context.shape == x.shape and context.isfinite().all() for context in contexts)
            torch.stack(contexts).sum().backward()
            assert x.grad is not None and x.grad.isfinite().all()

    hold_for_all(OTHERS, check, name_of)


def test_the_printed_grid_is_the_grid(repository: Path) -> None:
    """docs/attention.md shows the grid that the config's types give."""
    printed = (repository / "docs" / "attention.md").read_text(encoding="utf-8")
    result = re.search(r"<!-- grid -->\n(.*?)\n<!-- end of grid -->", printed, re.DOTALL)
    assert result and result[1].strip() == grid(), "print it anew: python tests/attention_cells.py"
