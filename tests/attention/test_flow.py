"""The three flows beside torch's MultiheadAttention, and the properties of each."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch_twins import attention_twin

from seq2seq.attention import (
    AttentionConfig,
    CausalSelfAttention,
    CrossAttention,
    SelfAttention,
    causal_mask,
    padding_mask,
)

WIDTH = 12
STRUCTURES = [
    AttentionConfig(heads=2, kv_heads=kv_heads, rotary=rotary)
    for kv_heads in (None, 1)
    for rotary in (False, True)
]
IDS = ["mha", "mha-rotary", "mqa", "mqa-rotary"]


def randomized(attention: torch.nn.Module) -> torch.nn.Module:
    """Randomize all parameters, biases too, which start at zero and would hide a mistake."""
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return attention.eval()


@pytest.mark.parametrize("padded", [False, True])
def test_self_attention_is_torchs(padded: bool) -> None:
    """Contexts and the weights of every head are torch's, with and without padding."""
    torch.manual_seed(1)
    ours = randomized(SelfAttention(WIDTH, AttentionConfig(heads=3)))
    x, present = torch.randn(2, 7, WIDTH), torch.ones(2, 7, dtype=torch.bool)
    present[1, 4:] = not padded
    expected, weights = attention_twin(ours)(x, x, x, key_padding_mask=~present, average_attn_weights=False)
    mask = padding_mask(present) if padded else None
    for need_weights in (False, True):
        result = ours(x, mask, need_weights=need_weights)
        torch.testing.assert_close(result.context, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(result.weights, weights, atol=1e-5, rtol=0)


def test_causal_self_attention_is_torchs() -> None:
    """Contexts and weights under the causal mask are torch's."""
    torch.manual_seed(2)
    ours = randomized(CausalSelfAttention(WIDTH, AttentionConfig(heads=4)))
    x, positions = torch.randn(2, 5, WIDTH), torch.arange(5)
    hidden = ~causal_mask(positions, positions)
    expected, weights = attention_twin(ours)(x, x, x, attn_mask=hidden, average_attn_weights=False)
    result = ours(x, need_weights=True)
    torch.testing.assert_close(result.context, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours(x).context, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(result.weights, weights, atol=1e-5, rtol=0)


@pytest.mark.parametrize("memory_width", [None, 5])
def test_cross_attention_is_torchs(memory_width: int | None) -> None:
    """Contexts and weights are torch's, also for a source of another width."""
    torch.manual_seed(3)
    ours = randomized(CrossAttention(WIDTH, AttentionConfig(heads=2), memory_width))
    x, source = torch.randn(3, 5, WIDTH), torch.randn(3, 7, memory_width or WIDTH)
    present = torch.arange(7) < torch.tensor([[7], [1], [4]])
    twin = attention_twin(ours)
    expected, weights = twin(x, source, source, key_padding_mask=~present, average_attn_weights=False)
    for need_weights in (False, True):
        result = ours(x, ours.remember(source), padding_mask(present), need_weights=need_weights)
        torch.testing.assert_close(result.context, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(result.weights, weights, atol=1e-5, rtol=0)


def test_gradients_are_torchs() -> None:
    """The gradients of all projections are torch's."""
    torch.manual_seed(4)
    ours = randomized(SelfAttention(WIDTH, AttentionConfig(heads=3))).double()
    twin = attention_twin(ours)
    x = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    ours(x).context.square().sum().backward()
    twin(x, x, x)[0].square().sum().backward()
    pairs = [
        (ours.heads.query_projection.weight.grad, twin.in_proj_weight.grad[:WIDTH]),
        (ours.heads.key_value_projection.weight.grad, twin.in_proj_weight.grad[WIDTH:]),
        (ours.heads.key_value_projection.bias.grad, twin.in_proj_bias.grad[WIDTH:]),
        (ours.heads.output_projection.weight.grad, twin.out_proj.weight.grad),
    ]
    for one, other in pairs:
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("config", STRUCTURES, ids=IDS)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.sampled_from([1, 2, 3]))
@settings(deadline=None, max_examples=12)
def test_steps_are_all_at_once(config: AttentionConfig, steps: list[int], rows: int) -> None:
    """Steps of one token or several give contexts and maps of the full pass."""
    torch.manual_seed(sum(steps))
    attention = randomized(CausalSelfAttention(WIDTH, config))
    x = torch.randn(rows, sum(steps), WIDTH)
    memory = attention.empty_memory(rows, x.shape[1])
    parts = [attention(part, memory=memory).context for part in x.split(steps, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), attention(x).context, atol=1e-5, rtol=0)
    memory = attention.empty_memory(rows, x.shape[1])
    for part in x.split(steps, dim=1):
        result = attention(part, memory=memory, need_weights=True)
    newest = attention(x, need_weights=True).weights[:, :, -steps[-1] :]
    torch.testing.assert_close(result.weights, newest, atol=1e-5, rtol=0)


@pytest.mark.parametrize("config", STRUCTURES, ids=IDS)
def test_the_kernel_hides_the_future(config: AttentionConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a memory and a map no mask of T x T is made; context and gradients are those of the mask."""
    from seq2seq.attention import flow

    torch.manual_seed(6)
    attention = randomized(CausalSelfAttention(WIDTH, config)).double()
    x = torch.randn(2, 9, WIDTH).double().requires_grad_()
    masked = attention(x, torch.ones(9, 9).tril().bool()).context
    monkeypatch.setattr(flow, "causal_mask", lambda *positions: pytest.fail("a mask was made"))
    ours = attention(x).context
    torch.testing.assert_close(ours, masked)
    gradients = [torch.autograd.grad(context.square().sum(), x)[0] for context in (ours, masked)]
    torch.testing.assert_close(*gradients)
    with torch.no_grad():
        torch.testing.assert_close(attention(x).context, ours)


@pytest.mark.parametrize("config", STRUCTURES, ids=IDS)
@pytest.mark.parametrize("need_weights", [False, True])
def test_the_future_changes_nothing(config: AttentionConfig, need_weights: bool) -> None:
    """Later tokens change no bit of an earlier token's context."""
    torch.manual_seed(5)
    attention = randomized(CausalSelfAttention(WIDTH, config))
    x = torch.randn(2, 7, WIDTH)
    other = x.clone()
    other[:, 4:] = 100 * torch.randn(2, 3, WIDTH)
    one, two = (attention(text, need_weights=need_weights).context[:, :4] for text in (x, other))
    assert torch.equal(one, two)


@pytest.mark.parametrize("config", STRUCTURES, ids=IDS)
def test_padding_changes_nothing(config: AttentionConfig) -> None:
    """A sentence reads the same alone and padded to a longer one."""
    torch.manual_seed(6)
    attention = randomized(SelfAttention(WIDTH, config))
    x = torch.randn(1, 5, WIDTH)
    longer = torch.cat([x, 100 * torch.randn(1, 3, WIDTH)], dim=1)
    mask = padding_mask(torch.arange(8)[None] < 5)
    torch.testing.assert_close(
        attention(longer, mask).context[:, :5], attention(x).context, atol=1e-5, rtol=1e-6
    )


def scores_of(attention: SelfAttention, x: Tensor, first: int) -> Tensor:
    """Score every query with every key, x beginning at position `first`."""
    positions = torch.arange(first, first + x.shape[1])
    query, compressed = attention.heads.query(x, positions), attention.heads.compress(x, positions)
    return attention.score(query, attention.heads.expand(compressed)[0])


@pytest.mark.parametrize("kv_heads", [None, 1])
def test_rotary_scores_depend_on_distances_only(kv_heads: int | None) -> None:
    """Rotary scores are the same 1000 positions further on, in double, and depend on order."""
    torch.manual_seed(7)
    attention = SelfAttention(WIDTH, AttentionConfig(heads=2, kv_heads=kv_heads, rotary=True)).double()
    x = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    near, far = scores_of(attention, x, 0), scores_of(attention, x, 1000)
    torch.testing.assert_close(near, far, atol=1e-10, rtol=0)
    assert (near - scores_of(attention, x.flip(1), 0).flip(2, 3)).abs().max() > 1e-3, "order must count"


def test_self_attention_without_positions_sees_a_set() -> None:
    """Without positions, permuted inputs give permuted outputs."""
    torch.manual_seed(8)
    attention = randomized(SelfAttention(WIDTH, AttentionConfig(heads=2))).double()
    x, order = torch.randn(2, 7, WIDTH, dtype=torch.float64), torch.randperm(7)
    torch.testing.assert_close(attention(x[:, order]).context, attention(x).context[:, order])


def test_rows_select_their_own_past() -> None:
    """After a beam's reordering, each row goes on with the past of the row it came from."""
    torch.manual_seed(9)
    attention = randomized(CausalSelfAttention(WIDTH, AttentionConfig(heads=2)))
    x, rows = torch.randn(3, 4, WIDTH), torch.tensor([2, 2, 0, 1, 0])
    memory = attention.empty_memory(3, 9)
    attention(x, memory=memory)
    memory.select(rows)
    newest = torch.randn(5, 1, WIDTH)
    whole = attention(torch.cat([x[rows], newest], dim=1)).context[:, -1:]
    torch.testing.assert_close(attention(newest, memory=memory).context, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("flow", [SelfAttention, CausalSelfAttention])
@pytest.mark.parametrize(
    "choice", [{}, {"window": 2}, {"stride": 3}, {"linear": True}, {"latent": 4}], ids=str
)
def test_a_mask_that_is_none_is_refused(flow: type[torch.nn.Module], choice: dict[str, int]) -> None:
    """A mask of numbers or of another shape is refused, also where masks are joined or read in blocks."""
    attention = flow(WIDTH, AttentionConfig(heads=2, **choice))
    x = torch.randn(2, 67, WIDTH)
    with pytest.raises(ValueError, match=r"the mask is of torch\.float32; give a boolean one"):
        attention(x, torch.zeros(2, 1, 1, 67))
    with pytest.raises(
        ValueError, match=r"the mask is of shape \(2, 1, 1, 66\); give one that broadcasts to"
    ):
        attention(x, torch.ones(2, 1, 1, 66, dtype=torch.bool))


@pytest.mark.parametrize("choice", [{}, {"window": 2}, {"linear": True}], ids=str)
@pytest.mark.parametrize("read", [0, 4])
@torch.no_grad()
def test_a_mask_of_more_keys_than_were_read_is_refused(choice: dict[str, int], read: int) -> None:
    """Beside a memory a mask covers all keys read or the new ones; a longer one is refused."""
    torch.manual_seed(11)
    attention = randomized(CausalSelfAttention(WIDTH, AttentionConfig(heads=2, **choice)))
    x, present = torch.randn(2, read + 3, WIDTH), torch.rand(2, read + 3) > 0.3

    def newest(mask: Tensor) -> Tensor:
        memory = attention.empty_memory(2, 9)
        attention(x[:, :read], padding_mask(present[:, :read]), memory=memory)
        return attention(x[:, read:], mask, memory=memory).context

    whole = attention(x, padding_mask(present)).context[:, read:]
    torch.testing.assert_close(newest(padding_mask(present)), whole, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=r"the mask is of shape .*; give one that broadcasts to"):
        newest(torch.ones(2, 1, 1, read + 5, dtype=torch.bool))


@pytest.mark.parametrize("flow", [SelfAttention, CausalSelfAttention])
def test_a_mask_of_one_value_is_for_all(flow: type[torch.nn.Module]) -> None:
    """A mask of a single value broadcasts as any other."""
    attention, x = flow(WIDTH, AttentionConfig(heads=2)), torch.randn(2, 5, WIDTH)
    assert torch.equal(attention(x, torch.tensor(True)).context, attention(x).context)


def test_dropout_is_off_in_eval_mode() -> None:
    """Dropout falls in training and never in eval mode."""
    torch.manual_seed(10)
    attention = SelfAttention(WIDTH, AttentionConfig(heads=2, dropout=0.5))
    x = torch.randn(2, 5, WIDTH)
    assert not torch.equal(attention(x).context, attention(x).context)
    attention.eval()
    assert torch.equal(attention(x).context, attention(x).context)


def test_rotary_cross_attention_is_refused() -> None:
    """Rotary cross-attention is refused, for positions of two sequences have no distance."""
    with pytest.raises(ValueError, match=r"rotary is True in cross-attention, .* set it to False"):
        CrossAttention(WIDTH, AttentionConfig(heads=2, rotary=True))


def test_too_long_for_the_memory_is_refused() -> None:
    """A token beyond the memory's capacity is refused by a sentence with both numbers."""
    attention = CausalSelfAttention(WIDTH, AttentionConfig(heads=2))
    memory = attention.empty_memory(2, 3)
    attention(torch.randn(2, 3, WIDTH), memory=memory)
    with pytest.raises(ValueError, match="4 tokens do not fit a memory of 3"):
        attention(torch.randn(2, 1, WIDTH), memory=memory)


@pytest.mark.parametrize("masked", [False, True])
def test_views_are_read_as_expanded_keys_and_values_are(masked: bool) -> None:
    """Without gradients, multi-head attention reads views of its memory; the result is the plain path's."""
    torch.manual_seed(5)
    layer = CrossAttention(22, AttentionConfig(heads=2), 13).eval()
    x, source = torch.randn(3, 5, 22), torch.randn(3, 7, 13)
    mask = torch.arange(7) < torch.tensor([7, 4, 0])[:, None] if masked else None
    mask = None if mask is None else mask[:, None, None]
    with torch.no_grad():
        query, compressed = layer.heads.query(x), layer.remember(source)
        plain = layer.read_expanded(query, compressed, mask, True).context
        assert torch.allclose(layer.read_views(query, compressed, mask).context, plain, atol=1e-6)
        assert torch.equal(
            layer(x, compressed, mask).context, layer.read_views(query, compressed, mask).context
        )
    with torch.no_grad(), pytest.raises(ValueError, match="the mask is of shape"):
        layer(x, compressed, torch.ones(3, 1, 1, 6, dtype=torch.bool))
