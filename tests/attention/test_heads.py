"""Shared keys and values: MHA, GQA and MQA differ by one number and agree where they must."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from seq2seq.attention import (
    AttentionConfig,
    CrossAttention,
    ScaledDotScore,
    SelfAttention,
    SharedHeads,
    attend,
)

WIDTH, HEADS, HEAD_WIDTH = 20, 4, 5


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("masked", [False, True])
def test_grouped_heads_are_torchs(kv_heads: int, masked: bool) -> None:
    """Query heads read the key/value head of their group, as in torch's own grouping."""
    torch.manual_seed(1)
    heads = SharedHeads(WIDTH, HEADS, kv_heads, WIDTH)
    x, source = torch.randn(2, 3, WIDTH), torch.randn(2, 7, WIDTH)
    mask = torch.rand(2, 1, 3, 7) > 0.3 if masked else None
    if mask is not None:
        mask[..., 0] = True
    query, compressed = heads.query(x), heads.compress(source)
    key, value = (
        part.view(2, 7, kv_heads, HEAD_WIDTH).transpose(1, 2) for part in compressed.chunk(2, dim=-1)
    )
    expected = scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    for need_weights in (False, True):
        result = attend(query, *heads.expand(compressed), ScaledDotScore(), mask, need_weights=need_weights)
        torch.testing.assert_close(result.context, expected, atol=1e-5, rtol=0)


def test_heads_and_groups_by_hand() -> None:
    """Four query heads of width 1 over two key/value heads: heads 0, 1 read the first, 2, 3 the second."""
    heads = SharedHeads(4, 4, 2, 4)
    key, value = heads.expand(torch.tensor([[[10.0, 20.0, 30.0, 40.0]]]))
    assert key.flatten().tolist() == [10.0, 10.0, 20.0, 20.0]
    assert value.flatten().tolist() == [30.0, 30.0, 40.0, 40.0]


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_cached_width(kv_heads: int) -> None:
    """A cache holds C = 2 K D numbers of each token."""
    heads = SharedHeads(WIDTH, HEADS, kv_heads, 7)
    assert heads.compressed_width == 2 * kv_heads * HEAD_WIDTH
    assert heads.compress(torch.randn(2, 3, 7)).shape == (2, 3, heads.compressed_width)


def tie(grouped: SelfAttention, plain: SelfAttention) -> None:
    """Give plain multi-head attention the grouped one's weights, each key/value head repeated."""
    weights = dict(grouped.heads.state_dict())
    kv_heads, group = grouped.heads.kv_heads, HEADS // grouped.heads.kv_heads
    for name in ("key_value_projection.weight", "key_value_projection.bias"):
        halves = weights[name].unflatten(0, (2, kv_heads, HEAD_WIDTH))
        weights[name] = halves.repeat_interleave(group, dim=1).flatten(0, 2)
    plain.heads.load_state_dict(weights)


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_multi_head_with_tied_heads_is_grouped(kv_heads: int) -> None:
    """GQA and MQA equal MHA whose groups hold equal keys and values."""
    torch.manual_seed(2)
    grouped = SelfAttention(WIDTH, AttentionConfig(heads=HEADS, kv_heads=kv_heads))
    plain = SelfAttention(WIDTH, AttentionConfig(heads=HEADS))
    tie(grouped, plain)
    x = torch.randn(3, 7, WIDTH)
    one, other = grouped(x, need_weights=True), plain(x, need_weights=True)
    torch.testing.assert_close(one.context, other.context, atol=1e-6, rtol=0)
    torch.testing.assert_close(one.weights, other.weights, atol=1e-6, rtol=0)


def test_as_many_groups_as_heads_is_multi_head() -> None:
    """kv_heads=4 of 4 equals kv_heads=None to the bit."""
    torch.manual_seed(3)
    plain = SelfAttention(WIDTH, AttentionConfig(heads=HEADS))
    grouped = SelfAttention(WIDTH, AttentionConfig(heads=HEADS, kv_heads=HEADS))
    grouped.load_state_dict(plain.state_dict())
    x = torch.randn(2, 5, WIDTH)
    assert torch.equal(plain(x).context, grouped(x).context)


def test_merge_undoes_the_split() -> None:
    """The contexts of the heads return to the places that their queries were taken from."""
    heads = SharedHeads(6, 3, 3, 6)
    torch.nn.init.eye_(heads.query_projection.weight)
    torch.nn.init.eye_(heads.output_projection.weight)
    x = torch.randn(2, 5, 6)
    assert torch.equal(heads.merge(heads.query(x)), x)


def test_keys_and_values_start_as_if_they_were_apart() -> None:
    """Glorot's bound counts the outputs of one projection, though keys and values share a matrix."""
    torch.manual_seed(4)
    weight = SharedHeads(64, 4, 4, 64).key_value_projection.weight
    bound = (6 / (64 + 64)) ** 0.5
    for half in weight.chunk(2):
        assert 0.95 * bound < half.abs().max() <= bound


def test_plain_attention_keeps_its_names() -> None:
    """Parameter names stay those of the released models."""
    names = {f"heads.{part}_projection" for part in ("query", "key_value", "output")}
    result = set(SelfAttention(WIDTH, AttentionConfig(heads=HEADS)).state_dict())
    assert result == {f"{name}.{part}" for name in names for part in ("weight", "bias")}


def test_impossible_heads_are_refused() -> None:
    """Heads that divide no width, groups that divide no heads, and odd rotary heads are refused."""
    with pytest.raises(ValueError, match=r"heads is 3, which does not divide width 20; choose a divisor"):
        SharedHeads(20, 3, 3, 20)
    with pytest.raises(ValueError, match=r"kv_heads is 3; choose a divisor of heads \(4\)"):
        SharedHeads(20, 4, 3, 20)
    with pytest.raises(ValueError, match=r"an odd head width, 5, but rotary turns pairs; choose another"):
        SharedHeads(20, 4, 4, 20, rotary=True)


@pytest.mark.parametrize("score", ["scaled_dot", "additive", "target_aware"])
@pytest.mark.parametrize("kv_heads", [1, 2])
@pytest.mark.parametrize(
    "shape", [None, (7,), (1, 7), (3, 7), (2, 1, 1, 7), (2, 1, 3, 7), (4, 1, 7), (2, 4, 3, 7), (1, 4, 3, 1)]
)
@pytest.mark.parametrize("need_weights", [False, True])
def test_a_group_asks_as_its_heads_do(
    score: str, kv_heads: int, shape: tuple[int, ...] | None, need_weights: bool
) -> None:
    """Queries stacked by group give contexts, maps and gradients of the expanded heads, under any mask."""
    torch.manual_seed(2)
    attention = CrossAttention(WIDTH, AttentionConfig(heads=HEADS, kv_heads=kv_heads, score=score)).double()
    x = torch.randn(2, 3, WIDTH, dtype=torch.float64, requires_grad=True)
    remembered = attention.remember(torch.randn(2, 7, WIDTH, dtype=torch.float64))
    mask = None if shape is None else torch.rand(shape) > 0.4
    results = []
    for read in (attention.read_grouped, attention.read_expanded):
        result = read(attention.heads.query(x), remembered, mask, need_weights)
        (gradient,) = torch.autograd.grad(result.context.square().sum(), x, retain_graph=True)
        results.append([result.context, gradient, *([result.weights] if need_weights else [])])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=0)


def test_a_mask_of_another_shape_is_refused_as_it_was_given() -> None:
    """The error about a mask names the shape of the call, not that of the groups."""
    attention = SelfAttention(WIDTH, AttentionConfig(heads=HEADS, kv_heads=2))
    with pytest.raises(ValueError, match=r"give one that broadcasts to \(2, 4, 3, 3\)"):
        attention(torch.randn(2, 3, WIDTH), torch.ones(2, 1, 6, 3, dtype=torch.bool))


def test_groups_are_not_copied_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding with shared heads does not copy keys and values for every head."""
    attention = CrossAttention(WIDTH, AttentionConfig(heads=HEADS, kv_heads=1)).eval()
    remembered = attention.remember(torch.randn(2, 7, WIDTH))
    monkeypatch.setattr(SharedHeads, "expand", None)
    attention(torch.randn(2, 1, WIDTH), remembered)
