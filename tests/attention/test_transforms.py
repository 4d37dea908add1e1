"""Attention inside `torch.func`: `vmap`, `jvp` and `grad`, with and without maps, on every score."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from seq2seq.attention import (
    AdditiveScore,
    AttentionConfig,
    CausalSelfAttention,
    CrossAttention,
    ScaledDotScore,
    ScoreFunction,
    SelfAttention,
    TargetAwarePooling,
    TargetAwareScore,
    attend,
)
from seq2seq.attention.positions import rotate
from seq2seq.attention.transforms import transformed

pytestmark = [
    # torch has no batched form of its fused kernel and says so; the result is right.
    pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning"),
    # torch.func.jvp loads decompositions that torch still writes in its older way.
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning"),
]
SCORES: dict[str, Callable[[], ScoreFunction]] = {
    "scaled_dot": ScaledDotScore,
    "additive": lambda: AdditiveScore(5, 5, 3).double(),
    "additive in blocks": lambda: AdditiveScore(5, 5, 3, block=60).double(),
    "target_aware": lambda: TargetAwareScore(5, 3).double(),
    "target_aware in blocks": lambda: TargetAwareScore(5, 3, block=60).double(),
}
CHOICES = [
    {},
    {"kv_heads": 1},
    {"latent": 5},
    {"latent": 5, "rotary": True},
    {"rotary": True},
    {"window": 2},
    {"window": 1, "global_tokens": 1, "stride": 3},
    {"score": "additive"},
    {"score": "target_aware", "kv_heads": 2},
    {"linear": True},
]
with_and_without_maps = pytest.mark.parametrize("need_weights", [False, True])


def make_leaves() -> tuple[Tensor, Tensor, Tensor]:
    """Queries [2, 3, 4, 5], keys [2, 3, 7, 5] and values [2, 3, 7, 2] in double."""
    torch.manual_seed(1)
    sizes = (2, 3, 4, 5), (2, 3, 7, 5), (2, 3, 7, 2)
    query, key, value = (torch.randn(size, dtype=torch.float64) for size in sizes)
    return query, key, value


def make_attend(score: str, masked: bool, need_weights: bool) -> Callable[..., tuple[Tensor, ...]]:
    """Return attention as a function of tensors to context and, on request, map."""
    torch.manual_seed(2)
    function, mask = SCORES[score](), torch.rand(4, 7) > 0.4 if masked else None
    if mask is not None:
        mask[2] = False

    def call(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        attended = attend(query, key, value, function, mask, need_weights=need_weights)
        return tuple(part for part in attended if part is not None)

    return call


def hold_jvp(function: Callable[..., tuple[Tensor, ...]], *inputs: Tensor) -> None:
    """Compare forward differentiation with central differences."""
    tangents = tuple(torch.randn_like(x) for x in inputs)
    _, slopes = torch.func.jvp(function, inputs, tangents)
    after, before = (
        function(*(x + sign * 1e-6 * t for x, t in zip(inputs, tangents, strict=True))) for sign in (1, -1)
    )
    for slope, late, early in zip(slopes, after, before, strict=True):
        torch.testing.assert_close(slope, (late - early).detach() / 2e-6, atol=1e-7, rtol=1e-6)


def hold_grad(function: Callable[..., tuple[Tensor, ...]], *inputs: Tensor) -> None:
    """Compare `torch.func.grad` with autograd."""
    tensors = [x.clone().requires_grad_() for x in inputs]

    def total(*tensors: Tensor) -> Tensor:
        return sum(part.square().sum() for part in function(*tensors))

    places = tuple(range(len(inputs)))
    torch.testing.assert_close(
        torch.func.grad(total, places)(*inputs), torch.autograd.grad(total(*tensors), tensors)
    )


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("masked", [False, True])
@with_and_without_maps
def test_attend_under_transforms(score: str, masked: bool, need_weights: bool) -> None:
    """Regression: maps under `vmap` and `jvp` raised an error, for the softmax wrote into its scores."""
    function, leaves = make_attend(score, masked, need_weights), make_leaves()
    with torch.no_grad():
        batched, alone = torch.func.vmap(function)(*leaves), function(*leaves)
    torch.testing.assert_close(batched, alone, atol=1e-10, rtol=0)
    hold_jvp(function, *leaves)
    hold_grad(function, *leaves)


@pytest.mark.parametrize("score", SCORES)
@with_and_without_maps
def test_a_mask_of_each_example(score: str, need_weights: bool) -> None:
    """`vmap` over masks alone: queries and keys are the same for all of them."""
    function, masks = SCORES[score](), torch.rand(6, 4, 7) > 0.4
    query, key, value = make_leaves()

    def call(mask: Tensor) -> tuple[Tensor, ...]:
        attended = attend(query, key, value, function, mask, need_weights=need_weights)
        return tuple(part for part in attended if part is not None)

    with torch.no_grad():
        batched, alone = torch.func.vmap(call)(masks), [call(mask) for mask in masks]
    for part, parts in zip(batched, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(part, torch.stack(parts), atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("flow", "choice"),
    [
        (flow, choice)
        for flow in (SelfAttention, CausalSelfAttention, CrossAttention)
        for choice in CHOICES
        if flow is not CrossAttention or not choice.get("rotary")  # which has no positions of its own
    ],
    ids=str,
)
@with_and_without_maps
def test_layers_under_transforms(flow: type[nn.Module], choice: dict, need_weights: bool) -> None:
    """Every structure in every flow is a function that torch can batch and differentiate either way."""
    torch.manual_seed(3)
    attention = flow(16, AttentionConfig(heads=4, **choice)).double().eval().requires_grad_(False)
    texts = torch.randn(3, 2, 5, 16, dtype=torch.float64)

    def call(x: Tensor) -> tuple[Tensor, ...]:
        remembered = (attention.remember(x),) if flow is CrossAttention else ()
        attended = attention(x, *remembered, need_weights=need_weights)
        return tuple(part for part in attended if part is not None)

    batched = torch.func.vmap(call)(texts)
    for place, text in enumerate(texts):
        torch.testing.assert_close(tuple(part[place] for part in batched), call(text), atol=1e-10, rtol=0)
    hold_jvp(call, texts[0])
    hold_grad(call, texts[0])


@with_and_without_maps
def test_forward_differentiation_without_torch_func(need_weights: bool) -> None:
    """Dual numbers of `torch.autograd.forward_ad` give the slopes that `torch.func.jvp` gives."""
    function, leaves = make_attend("scaled_dot", True, need_weights), make_leaves()
    tangents = tuple(torch.randn_like(x) for x in leaves)
    _, expected = torch.func.jvp(function, leaves, tangents)
    with forward_ad.dual_level():
        duals = (forward_ad.make_dual(x, t) for x, t in zip(leaves, tangents, strict=True))
        slopes = tuple(forward_ad.unpack_dual(part).tangent for part in function(*duals))
    torch.testing.assert_close(slopes, expected)


def test_pooling_under_transforms() -> None:
    """Target-aware pooling batches and differentiates as the scores do."""
    torch.manual_seed(4)
    pooling = TargetAwarePooling(5, 3).double().requires_grad_(False)
    candidate, history = torch.randn(2, 5).double(), torch.randn(2, 7, 5).double()
    batched = torch.func.vmap(lambda c, h: pooling(c[None], h[None]).context[0])(candidate, history)
    torch.testing.assert_close(batched, pooling(candidate, history).context)
    hold_jvp(lambda *x: tuple(pooling(*x)), candidate, history)
    hold_grad(lambda *x: tuple(pooling(*x)), candidate, history)


def test_a_transform_leaves_nothing_behind() -> None:
    """The rotation of one position is cached for the next layer, but never one made inside a transform."""
    x, position = torch.randn(3, 1, 1, 2, 26), torch.tensor([3])
    with torch.inference_mode():
        inside = torch.func.jvp(lambda y: rotate(y, position), (x[0],), (x[0],))[0]
        batched = torch.func.vmap(lambda y: rotate(y, position))(x)
        outside = rotate(x[:, 0], position)
    assert type(outside) is torch.Tensor
    torch.testing.assert_close(batched[:, 0], outside)
    torch.testing.assert_close(inside, outside[:1])


def test_transforms_are_seen() -> None:
    """`transformed` is true inside a transform or dual level only."""
    assert not transformed()
    seen: list[bool] = []
    torch.func.vmap(lambda x: seen.append(transformed()) or x)(torch.ones(2))
    with forward_ad.dual_level():
        seen.append(transformed())
    assert seen == [True, True] and not transformed()
