"""Attention's formula by hand, beside torch's kernel, and on its two paths."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from seq2seq.attention import AdditiveScore, Attended, ScaledDotScore, TargetAwareScore, attend
from seq2seq.attention.attend import masked_softmax, softmax_in_place

SIZES = st.sampled_from([1, 2, 3, 5, 7, 11, 13])
MASKS = ["none", "padding", "causal", "any"]


def inputs(
    b: int = 2, h: int = 3, t: int = 5, s: int = 7, d: int = 11, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values that require gradients; all sizes are different primes."""
    shapes = ((b, h, t, d), (b, h, s, d), (b, h, s, d))
    query, key, value = (torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes)
    return query, key, value


def make_mask(kind: str, b: int, h: int, t: int, s: int) -> Tensor | None:
    """A mask of one kind in which every query has at least its first key."""
    match kind:
        case "padding":
            mask = torch.rand(b, 1, 1, s) > 0.4
        case "causal":
            mask = torch.arange(s)[None, :] <= torch.arange(t)[:, None] + max(0, s - t)
        case "any":
            mask = torch.rand(b, h, t, s) > 0.5
        case _:
            return None
    mask[..., 0] = True
    return mask


def both_paths(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> list[Attended]:
    """Return the results of the fused and of the plain path."""
    return [
        attend(query, key, value, ScaledDotScore(), mask, need_weights=need_weights)
        for need_weights in (False, True)
    ]


def gradients(context: Tensor, leaves: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the gradients of a weighted sum in which every number counts differently."""
    weights = torch.linspace(-1, 1, context.numel(), dtype=context.dtype).view_as(context)
    return torch.autograd.grad((context * weights).sum(), leaves)


def test_by_hand() -> None:
    """Scores ln 3 and 0 weigh 3/4 and 1/4: the context of values 8 and 0 is 6, of 0 and 4 it is 1."""
    query, key = torch.tensor([[[[math.log(3)]]]]), torch.tensor([[[[1.0], [0.0]]]])
    value = torch.tensor([[[[8.0, 0.0], [0.0, 4.0]]]])
    for result in both_paths(query, key, value, None):
        torch.testing.assert_close(result.context, torch.tensor([[[[6.0, 1.0]]]]))
    torch.testing.assert_close(result.weights, torch.tensor([[[[0.75, 0.25]]]]))


def test_masked_key_by_hand() -> None:
    """With the second of three equal keys hidden, the others weigh a half each."""
    key, value = torch.ones(1, 1, 3, 1), torch.tensor([2.0, 100.0, 4.0]).view(1, 1, 3, 1)
    mask = torch.tensor([True, False, True])
    for result in both_paths(torch.ones(1, 1, 1, 1), key, value, mask):
        assert result.context.item() == pytest.approx(3.0)
    assert result.weights is not None
    assert result.weights.flatten().tolist() == pytest.approx([0.5, 0.0, 0.5])


@pytest.mark.parametrize("kind", MASKS)
def test_both_paths_are_torchs_kernel(kind: str) -> None:
    """Outputs and gradients of both paths are those of torch's kernel."""
    torch.manual_seed(1)
    leaves = inputs()
    mask = make_mask(kind, 2, 3, 5, 7)
    expected = scaled_dot_product_attention(*leaves, attn_mask=mask)
    expected_gradients = gradients(expected, leaves)
    for result in both_paths(*leaves, mask):
        torch.testing.assert_close(result.context, expected, atol=1e-5, rtol=0)
        for one, other in zip(gradients(result.context, leaves), expected_gradients, strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


@given(SIZES, SIZES, SIZES, SIZES, SIZES, st.sampled_from(MASKS), st.integers(0, 2**20))
@settings(deadline=None, max_examples=60)
def test_paths_agree_at_any_size(b: int, h: int, t: int, s: int, d: int, kind: str, seed: int) -> None:
    """The map is that of the fused result: both paths agree to 1e-10 in double."""
    torch.manual_seed(seed)
    leaves = inputs(b, h, t, s, d, torch.float64)
    mask = make_mask(kind, b, h, t, s)
    fused, plain = both_paths(*leaves, mask)
    assert fused.weights is None and plain.weights is not None
    torch.testing.assert_close(fused.context, plain.context, atol=1e-10, rtol=0)
    torch.testing.assert_close(plain.weights.sum(-1), torch.ones(b, h, t, dtype=torch.float64))
    if mask is not None:
        assert (plain.weights.masked_select(~mask.expand(b, h, t, s)) == 0).all()
    for one, other in zip(gradients(fused.context, leaves), gradients(plain.context, leaves), strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(("t", "s"), [(1, 1), (5, 7), (67, 131)])
def test_a_row_that_may_see_nothing_is_zero(t: int, s: int, dropout: float, dtype: torch.dtype) -> None:
    """A query that sees nothing has zero outputs and finite, zero gradients, never NaN."""
    torch.manual_seed(2)
    leaves = inputs(2, 3, t, s, 8, dtype)
    mask = torch.rand(2, 1, t, s) > 0.4
    mask[0, :, 0], mask[1] = False, False
    for need_weights in (False, True):
        result = attend(*leaves, ScaledDotScore(), mask, dropout=dropout, need_weights=need_weights)
        assert (result.context[1] == 0).all() and (result.context[0, :, 0] == 0).all()
        if result.weights is not None:
            assert (result.weights[1] == 0).all() and result.weights.isfinite().all()
        query, key, value = gradients(result.context, leaves)
        assert query.isfinite().all() and key.isfinite().all() and value.isfinite().all()
        assert (query[1] == 0).all() and (key[1] == 0).all() and (value[1] == 0).all()


@pytest.mark.parametrize("shape", [(), (7,), (1,), (5, 1), (5, 7), (3, 1, 7), (2, 1, 1, 7), (1, 3, 5, 1)])
def test_a_mask_of_any_broadcastable_shape(shape: tuple[int, ...]) -> None:
    """Both paths read a mask of any broadcastable shape alike."""
    torch.manual_seed(7)
    mask = torch.rand(shape) > 0.3
    fused, plain = both_paths(*inputs(), mask)
    torch.testing.assert_close(fused.context, plain.context, atol=1e-5, rtol=0)
    assert plain.weights is not None and (plain.weights[~mask.expand(2, 3, 5, 7)] == 0).all()


def test_gradients_are_those_of_finite_differences() -> None:
    """The gradients of the masked softmax equal finite differences."""
    torch.manual_seed(3)
    leaves = inputs(1, 2, 3, 2, 5, torch.float64)
    mask = torch.tensor([[True, False], [True, True], [False, False]])

    def plain(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return attend(query, key, value, ScaledDotScore(), mask, need_weights=True).context

    assert torch.autograd.gradcheck(plain, leaves)


def test_a_mask_of_numbers_is_refused() -> None:
    """An additive mask of zeros and minus infinities is refused, not read as booleans."""
    query, key, value = inputs()
    with pytest.raises(ValueError, match=r"torch\.float32; give a boolean one"):
        attend(query, key, value, ScaledDotScore(), torch.zeros(5, 7))


@pytest.mark.parametrize("shape", [(5, 5), (7, 5), (2, 5, 7), (3, 3, 5, 7), (1, 2, 3, 5, 7)])
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    """A mask of another shape is refused with the shape that it must broadcast to."""
    query, key, value = inputs()
    with pytest.raises(
        ValueError, match=r"the mask is of shape \(.*\); give one that broadcasts to \(2, 3, 5, 7"
    ):
        attend(query, key, value, ScaledDotScore(), torch.ones(shape, dtype=torch.bool))


def test_dropout_falls_on_the_weights_and_keeps_the_mean() -> None:
    """The map is the one before dropout, and the mean context is the one without dropout."""
    torch.manual_seed(4)
    query, key, value = (x.detach() for x in inputs(1, 1, 2, 3, 5))
    calm = attend(query, key, value, ScaledDotScore(), need_weights=True)
    for need_weights in (False, True):
        sums, whole = torch.zeros_like(calm.context), 0
        for _ in range(2000):
            result = attend(query, key, value, ScaledDotScore(), dropout=0.25, need_weights=need_weights)
            sums += result.context
            whole += torch.allclose(result.context * 0.75, calm.context, atol=1e-4)
            if result.weights is not None:
                assert torch.equal(result.weights, calm.weights)
        torch.testing.assert_close(sums / 2000, calm.context, atol=0.1, rtol=0)
        assert whole / 2000 == pytest.approx(0.75**6, abs=0.05), "that none of six weights is dropped"


def test_bfloat16_is_near() -> None:
    """Half precision loses no more than its own rounding (2 ** -8)."""
    torch.manual_seed(5)
    leaves = inputs()
    mask = make_mask("any", 2, 3, 5, 7)
    halves = tuple(x.detach().bfloat16() for x in leaves)
    for exact, result in zip(both_paths(*leaves, mask), both_paths(*halves, mask), strict=True):
        torch.testing.assert_close(result.context.float(), exact.context, atol=2e-2, rtol=2e-2)


def test_autocast_keeps_the_result() -> None:
    """Under bf16 autocast, which takes another way through the kernel on a CPU, the result stays."""
    torch.manual_seed(6)
    leaves = inputs()
    mask = make_mask("padding", 2, 3, 5, 7)
    expected = both_paths(*leaves, mask)[0].context
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for result in both_paths(*(x.bfloat16() for x in leaves), mask):
            torch.testing.assert_close(result.context.float(), expected, atol=2e-2, rtol=2e-2)


@given(
    st.lists(SIZES, min_size=4, max_size=4),
    st.sampled_from([*MASKS, "nothing"]),
    st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    st.permutations(range(4)),
    st.integers(0, 10**6),
)
@settings(deadline=None, max_examples=60)
def test_overwriting_the_scores_changes_no_weight(
    shape: list[int], kind: str, dtype: torch.dtype, order: list[int], seed: int
) -> None:
    """The softmax in place gives the weights of the plain one, whatever the memory layout of the scores."""
    torch.manual_seed(seed)
    b, h, t, s = shape
    mask = torch.zeros(t, s, dtype=torch.bool) if kind == "nothing" else make_mask(kind, b, h, t, s)
    lain = torch.empty([shape[place] for place in order], dtype=dtype)
    scores = lain.permute([order.index(place) for place in range(4)])
    scores.copy_(30 * torch.randn(shape))
    leaf = scores.clone().requires_grad_()
    expected = masked_softmax(leaf, mask).detach()
    result = softmax_in_place(scores, mask)
    assert result.data_ptr() == scores.data_ptr() and torch.equal(scores, result), "new room was taken"
    torch.testing.assert_close(result, expected, atol=torch.finfo(dtype).eps, rtol=0)
    if mask is not None:
        assert (result.masked_select(~mask) == 0).all()


@pytest.mark.parametrize("score", [ScaledDotScore(), AdditiveScore(11, 11, 5), TargetAwareScore(11, 5)])
@torch.no_grad()
def test_only_scores_are_overwritten(score: torch.nn.Module) -> None:
    """Asking for a map leaves queries, keys, values and mask untouched."""
    inputs_and_mask = (*inputs(), make_mask("any", 2, 3, 5, 7))
    before = [x.clone() for x in inputs_and_mask]
    first = attend(*inputs_and_mask[:3], score, inputs_and_mask[3], need_weights=True)
    second = attend(*inputs_and_mask[:3], score, inputs_and_mask[3], need_weights=True)
    assert all(torch.equal(x, y) for x, y in zip(inputs_and_mask, before, strict=True))
    assert torch.equal(first.weights, second.weights)


@pytest.mark.parametrize("score", [ScaledDotScore(), AdditiveScore(11, 11, 5), TargetAwareScore(11, 5)])
@pytest.mark.parametrize("need_weights", [False, True])
def test_causal_is_the_causal_mask(score: torch.nn.Module, need_weights: bool) -> None:
    """`is_causal` gives context, weights and gradients of a causal mask; beside a mask it is refused."""
    query, key, value = torch.randn(3, 2, 4, 9, 11).double().requires_grad_().unbind()
    mask, score = torch.ones(9, 9).tril().bool(), score.double()
    flag = attend(query, key, value, score, need_weights=need_weights, is_causal=True)
    masked = attend(query, key, value, score, mask, need_weights=need_weights)
    for ours, expected in zip(flag, masked, strict=True):
        torch.testing.assert_close(ours, expected)
    gradients = [
        torch.autograd.grad(each.context.square().sum(), (query, key, value)) for each in (flag, masked)
    ]
    torch.testing.assert_close(*gradients)
    with pytest.raises(ValueError, match="is_causal is True beside a mask"):
        attend(query, key, value, score, mask, is_causal=True)
