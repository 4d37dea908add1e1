"""Linear attention: a naive loop, and its explicit, chunked and running forms beside each other."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import elu

from seq2seq.attention import (
    AttentionConfig,
    CausalSelfAttention,
    CrossAttention,
    LinearState,
    causal_linear_attention,
    linear_attention,
    padding_mask,
)
from seq2seq.attention.linear import feature, read_sums, summed

FORMS = [linear_attention, causal_linear_attention]


def inputs(b: int = 2, h: int = 3, t: int = 5, d: int = 7, s: int | None = None) -> tuple[Tensor, ...]:
    """Queries, keys and values in double that require gradients."""
    shapes = ((b, h, t, d), (b, h, s or t, d), (b, h, s or t, d))
    return tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes)


def empty_state(rows: int = 2, heads: int = 3, width: int = 7) -> LinearState:
    return LinearState(rows, heads, width, dtype=torch.float64, device=torch.device("cpu"))


def f(x: float) -> float:
    """Return elu(x) + 1."""
    return x + 1 if x > 0 else math.exp(x)


def naive(query: Tensor, key: Tensor, value: Tensor, sees: Callable[[int, int], bool]) -> Tensor:
    """Compute one head [T, D] number by number."""
    context = torch.zeros_like(query)
    for t, q in enumerate(query.tolist()):
        weights = [
            sum(f(a) * f(b) for a, b in zip(q, k, strict=True)) if sees(t, s) else 0.0
            for s, k in enumerate(key.tolist())
        ]
        for s, weight in enumerate(weights):
            context[t] += weight / sum(weights) * value[s]
    return context


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("need_weights", [False, True])
@torch.no_grad()
def test_a_naive_loop(causal: bool, need_weights: bool) -> None:
    """Contexts are those of the formula written as a loop."""
    torch.manual_seed(1)
    query, key, value = inputs(s=None if causal else 11)
    result = FORMS[causal](query, key, value, need_weights=need_weights).context
    for b in range(2):
        for h in range(3):
            expected = naive(query[b, h], key[b, h], value[b, h], lambda t, s: not causal or s <= t)
            torch.testing.assert_close(result[b, h], expected, atol=1e-10, rtol=0)


@given(st.integers(1, 40), st.sampled_from([1, 2, 3, 7, 64]), st.lists(st.integers(0, 39), max_size=4))
@settings(deadline=None, max_examples=40)
def test_parallel_is_chunked_is_running(tokens: int, chunk: int, cuts: list[int]) -> None:
    """The three forms agree at any length, chunk and step."""
    torch.manual_seed(tokens)
    query, key, value = inputs(t=tokens)
    present = padding_mask(torch.rand(2, tokens) > 0.3)
    explicit = causal_linear_attention(query, key, value, present, need_weights=True)
    chunked = causal_linear_attention(query, key, value, present, chunk=chunk)
    torch.testing.assert_close(chunked.context, explicit.context, atol=1e-10, rtol=0)

    state, parts = empty_state(), []
    bounds = [0, *sorted(cut for cut in cuts if 0 < cut < tokens), tokens]
    for start, end in itertools.pairwise(bounds):
        part = [x[:, :, start:end] for x in (query, key, value)]
        mask = present[..., start:end]
        parts.append(causal_linear_attention(*part, mask, state=state, chunk=chunk).context)
    torch.testing.assert_close(torch.cat(parts, dim=2), explicit.context, atol=1e-10, rtol=0)
    assert state.length == tokens
    gradients = [
        torch.autograd.grad(result.square().sum(), (query, key, value), retain_graph=True)
        for result in (explicit.context, chunked.context, torch.cat(parts, dim=2))
    ]
    for other in gradients[1:]:
        torch.testing.assert_close(gradients[0], other, atol=1e-9, rtol=0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("need_weights", [False, True])
def test_hidden_keys_count_nothing(form: Callable, need_weights: bool) -> None:
    """Padding never enters the sums; a row that sees nothing is zero, and so are its gradients."""
    torch.manual_seed(2)
    leaves = inputs()
    present = torch.tensor([[True, False, True, True, False], [False] * 5])
    result = form(*leaves, padding_mask(present), need_weights=need_weights)
    assert (result.context[1] == 0).all()
    gradients = torch.autograd.grad(result.context.square().sum(), leaves)
    assert all(g.isfinite().all() and (g[1] == 0).all() for g in gradients)
    assert all((g[0, :, [1, 4]] == 0).all() for g in gradients[1:])
    if need_weights:
        assert (result.weights.masked_select(~padding_mask(present)) == 0).all()
        torch.testing.assert_close(result.weights[0].sum(-1), torch.ones(3, 5, dtype=torch.float64))


def test_a_mask_that_differs_between_queries_is_obeyed() -> None:
    """A mask that differs between queries takes the explicit form."""
    torch.manual_seed(3)
    query, key, value = inputs()
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    expected = causal_linear_attention(query, key, value).context
    torch.testing.assert_close(linear_attention(query, key, value, mask).context, expected)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_those_of_finite_differences(form: Callable) -> None:
    """The gradients of the normalised sums equal finite differences."""
    torch.manual_seed(4)
    leaves = inputs(1, 2, 3, 2)
    mask = padding_mask(torch.tensor([[True, False, True]]))
    assert torch.autograd.gradcheck(lambda *x: form(*x, mask).context, leaves)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("need_weights", [False, True])
@torch.no_grad()
def test_dropout_keeps_the_mean(form: Callable, need_weights: bool) -> None:
    """The mean context under dropout is the one without, and the map is the one before dropout."""
    torch.manual_seed(5)
    leaves = inputs(1, 1, 2, 3)
    calm = form(*leaves, need_weights=need_weights)
    drawn = [form(*leaves, dropout=0.25, need_weights=need_weights) for _ in range(2000)]
    assert not torch.equal(drawn[0].context, drawn[1].context)
    mean = sum(result.context for result in drawn) / 2000
    torch.testing.assert_close(mean, calm.context, atol=0.1, rtol=0)
    if need_weights:
        assert all(torch.equal(result.weights, calm.weights) for result in drawn[:9])


@torch.no_grad()
def test_long_sums_survive_half_precision() -> None:
    """Sums of a thousand features are kept in single precision, for in bfloat16 they stop at 256."""
    torch.manual_seed(6)
    attention = CausalSelfAttention(8, AttentionConfig(heads=2, linear=True))
    x = torch.randn(1, 1000, 8)
    expected = attention(x).context[:, -1]
    half = attention.bfloat16()
    memory = half.empty_memory(1, 1000)
    for part in x.bfloat16().split(1, dim=1):
        result = half(part, memory=memory).context[:, -1]
    torch.testing.assert_close(result.float(), expected, atol=5e-2, rtol=0)


def test_the_state_has_no_single_keys() -> None:
    """A map of keys that are only in a sum is refused."""
    attention = CausalSelfAttention(8, AttentionConfig(heads=2, linear=True))
    memory = attention.empty_memory(1, 9)
    with pytest.raises(ValueError, match="a LinearState has no single keys to weigh or to mask; give need_w"):
        attention(torch.randn(1, 1, 8), memory=memory, need_weights=True)


@pytest.mark.parametrize("heads", [{}, {"kv_heads": 1}, {"latent": 5}], ids=["MHA", "MQA", "MLA"])
@torch.no_grad()
def test_a_source_summed_once_answers_as_the_source_itself(heads: dict[str, int]) -> None:
    """Summed once, without its padding, a source gives every step the context of the full pass."""
    torch.manual_seed(7)
    attention = CrossAttention(12, AttentionConfig(heads=3, linear=True, **heads), memory_width=11).double()
    x, source = torch.randn(3, 5, 12).double(), torch.randn(3, 7, 11).double()
    present = torch.tensor([[True] * 7, [True] * 4 + [False] * 3, [False] * 7])
    expected = attention(x, attention.remember(source), padding_mask(present)).context
    sums = attention.remember_for_steps(source, padding_mask(present))
    assert isinstance(sums, LinearState) and len(sums) == 3 and sums.length == 7
    parts = [attention(part, sums).context for part in x.split([1, 3, 1], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), expected, atol=1e-10, rtol=0)
    sums.select(torch.tensor([2, 0]))
    torch.testing.assert_close(attention(x[[2, 0]], sums).context, expected[[2, 0]], atol=1e-10, rtol=0)


def test_the_sums_of_a_source_are_as_small_however_long_it_is() -> None:
    """The sums of a source have one size, however long the source is."""
    attention = CrossAttention(12, AttentionConfig(heads=3, linear=True))
    short, long = (attention.remember_for_steps(torch.randn(2, length, 12)) for length in (1, 97))
    assert short.nbytes == long.nbytes == 2 * 3 * (4 * 4 + 4) * 4


@pytest.mark.parametrize(
    "arguments", [{"need_weights": True}, {"mask": torch.ones(1, 1, 1, 7, dtype=torch.bool)}]
)
def test_sums_of_a_source_have_no_single_keys(arguments: dict) -> None:
    """Maps and masks beside the sums of a source are refused."""
    attention = CrossAttention(12, AttentionConfig(heads=3, linear=True))
    sums = attention.remember_for_steps(torch.randn(2, 7, 12))
    with pytest.raises(ValueError, match="a LinearState has no single keys to weigh or to mask; give what"):
        attention(torch.randn(2, 1, 12), sums, **arguments)


@pytest.mark.parametrize(
    "mask",
    [torch.ones(2, 1, 5, 7, dtype=torch.bool), torch.ones(2, 1, 1, 6, dtype=torch.bool), torch.ones(7)],
    ids=["of queries", "of other keys", "of numbers"],
)
def test_a_mask_that_no_sum_can_obey_is_refused(mask: Tensor) -> None:
    """A mask of queries, of other keys or of numbers is refused before keys are summed."""
    _, key, value = inputs(s=7)
    with pytest.raises(ValueError, match="the mask is of"):
        summed(key, value, mask)


def test_gradients_flow_through_sums() -> None:
    """Gradients through a summed source equal finite differences."""
    torch.manual_seed(8)
    mask = padding_mask(torch.tensor([[True, False, True]]))
    leaves = inputs(1, 2, 3, 2)
    assert torch.autograd.gradcheck(lambda q, k, v: read_sums(q, summed(k, v, mask)), leaves)


def test_the_feature_is_elu_plus_one() -> None:
    """Written out in two parts, value and slope are those of elu plus one, at 0 too."""
    x = torch.tensor([-3.0, -0.5, 0.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(feature(x), elu(x) + 1)
    slopes = [torch.autograd.grad(function(x).sum(), x)[0] for function in (feature, elu)]
    torch.testing.assert_close(*slopes)
