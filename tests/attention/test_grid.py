"""The grid made from the config's types: what it must refuse it does, all else runs."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from attention_cells import ALIVE, CELLS, contradicts, grid, model_config, name_of

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


def shaken(attention: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """In eval mode, all parameters random."""
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return attention.eval().to(dtype)


def test_only_contradictions_are_refused() -> None:
    """A combination that could run is refused, or one that cannot is built; each refusal says what to do."""
    for cell in CELLS:
        if contradicts(cell):
            with pytest.raises(ValueError, match=r"set \w+ to|leave out|drop these") as refusal:
                AttentionConfig(**cell)
            assert "\n" not in str(refusal.value) and ". " not in str(refusal.value), "one sentence"
        else:
            AttentionConfig(**cell)
    assert len(ALIVE) == 132


@pytest.mark.parametrize("config", OTHERS, ids=name_of)
def test_rotary_positions_are_refused_where_they_turn_nothing(config: AttentionConfig) -> None:
    """In a model the field is called positions; the sentence must name it."""
    if config.linear or config.score != "scaled_dot":
        with pytest.raises(
            ValueError, match=r"positions is rotary, but encoder_attention has (linear|score)"
        ):
            model_config(config, "rotary")
    else:
        assert model_config(config, "rotary").self_attention("encoder").rotary


@pytest.mark.parametrize("config", ALIVE, ids=name_of)
@pytest.mark.parametrize("dtype", EXACT, ids=str)
@torch.no_grad()
def test_causal_steps_are_all_at_once(config: AttentionConfig, dtype: torch.dtype) -> None:
    """By single tokens, several, and after rows were repeated and moved, the past must be the row's own."""
    torch.manual_seed(1)
    attention = shaken(CausalSelfAttention(WIDTH, config), dtype)
    exact = {"atol": EXACT[dtype], "rtol": 0}
    x, rows = torch.randn(3, 13, WIDTH, dtype=dtype), torch.tensor([2, 0, 0, 1])
    whole = attention(x, need_weights=True)
    torch.testing.assert_close(attention(x).context, whole.context, **exact)
    for split in ([1] * 13, [7, 1, 3, 2]):
        memory = attention.empty_memory(3, 13)
        parts = [attention(part, memory=memory).context for part in x.split(split, dim=1)]
        torch.testing.assert_close(torch.cat(parts, dim=1), whole.context, **exact)
        assert memory.length == 13
    memory = attention.empty_memory(3, 13)
    attention(x[:, :5], memory=memory)
    memory.select(rows)
    parts = [attention(part[rows], memory=memory).context for part in x[:, 5:].split([1, 4, 3], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole.context[rows, 5:], **exact)


@pytest.mark.parametrize("config", ALIVE, ids=name_of)
@torch.no_grad()
def test_self_attention_reads_nothing_of_the_filler(config: AttentionConfig) -> None:
    """Beside a longer text the same text must be read the same, by the fast path and by the map's."""
    torch.manual_seed(2)
    attention = shaken(SelfAttention(WIDTH, config), torch.float64)
    x = torch.randn(1, 7, WIDTH, dtype=torch.float64)
    longer = torch.cat([x, 100 * torch.randn(1, 4, WIDTH, dtype=torch.float64)], dim=1)
    mask = padding_mask(torch.arange(11)[None] < 7)
    expected = attention(x).context
    for need_weights in (False, True):
        found = attention(longer, mask, need_weights=need_weights)
        torch.testing.assert_close(found.context[:, :7], expected, atol=1e-10, rtol=0)
    assert found.weights is not None and (found.weights[..., 7:] == 0).all()
    hidden = attention(x, torch.zeros(1, 1, 1, 7, dtype=torch.bool)).context
    nothing = attention.heads.merge(torch.zeros(1, 4, 7, WIDTH // 4, dtype=torch.float64))
    assert torch.equal(hidden, nothing), "a text of filler only reads zeros"


@pytest.mark.parametrize("config", OTHERS, ids=name_of)
@pytest.mark.parametrize("dtype", EXACT, ids=str)
@torch.no_grad()
def test_cross_attention_reads_any_memory(config: AttentionConfig, dtype: torch.dtype) -> None:
    """A source of another width, asked in steps or at once: the same answers, and maps of the same."""
    torch.manual_seed(3)
    attention = shaken(CrossAttention(WIDTH, config, 5), dtype)
    exact = {"atol": EXACT[dtype], "rtol": 0}
    x, source = torch.randn(2, 6, WIDTH, dtype=dtype), torch.randn(2, 7, 5, dtype=dtype)
    mask = padding_mask(torch.arange(7) < torch.tensor([[7], [4]]))
    remembered = attention.remember(source)
    whole = attention(x, remembered, mask, need_weights=True)
    assert whole.weights.shape == (2, 4, 6, 7) and (whole.weights[1, ..., 4:] == 0).all()
    for split in ([6], [1] * 6, [3, 1, 2]):
        places = torch.arange(6).split(split)
        parts: list[Any] = [
            attention(part, remembered, mask, positions=here).context
            for part, here in zip(x.split(split, dim=1), places, strict=True)
        ]
        torch.testing.assert_close(torch.cat(parts, dim=1), whole.context, **exact)


@pytest.mark.parametrize("config", OTHERS, ids=name_of)
@pytest.mark.parametrize("need_weights", [False, True])
def test_no_position_and_one_position(config: AttentionConfig, need_weights: bool) -> None:
    """Empty sides are no error: nothing asked gives nothing, nothing to ask gives zeros, in gradients too."""
    cross = CrossAttention(WIDTH, config)
    for queries, keys in ((0, 0), (0, 1), (1, 0), (1, 1), (3, 0)):
        x, source = torch.randn(2, queries, WIDTH, requires_grad=True), torch.randn(2, keys, WIDTH)
        contexts = [cross(x, cross.remember(source), need_weights=need_weights).context]
        contexts += [
            flow(WIDTH, config)(x, need_weights=need_weights).context
            for flow in (SelfAttention, CausalSelfAttention)
        ]
        assert all(context.shape == x.shape and context.isfinite().all() for context in contexts)
        torch.stack(contexts).sum().backward()
        assert x.grad is not None and x.grad.isfinite().all()


def test_the_printed_grid_is_the_grid(repository: Path) -> None:
    """docs/attention.md would promise what does not run, or hide what does."""
    printed = (repository / "docs" / "attention.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- grid -->\n(.*?)\n<!-- end of grid -->", printed, re.DOTALL)
    assert found and found[1].strip() == grid(), "print it anew: python tests/attention_cells.py"
