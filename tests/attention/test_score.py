"""The scores, by hand, beside naive loops, and in blocks beside the whole."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from seq2seq.attention import AdditiveScore, ScaledDotScore, TargetAwareScore, attend

KINDS = ["additive", "target_aware"]


def test_by_hand() -> None:
    """(1, 2, 3, 4) . (5, 6, 7, 8) = 70, over the root of the head width 4: 35."""
    query = torch.tensor([1.0, 2, 3, 4]).view(1, 1, 1, 4)
    key = torch.tensor([[5.0, 6, 7, 8], [0, 0, 0, 1]]).view(1, 1, 2, 4)
    assert ScaledDotScore()(query, key).flatten().tolist() == [35.0, 2.0]


def test_variance_stays_one_at_any_head_width() -> None:
    """Scores of independent vectors have variance 1 at any head width."""
    torch.manual_seed(1)
    for width in (2, 31, 512):
        scores = ScaledDotScore()(torch.randn(1, 1, 200, width), torch.randn(1, 1, 200, width))
        assert 0.8 < scores.var() < 1.2


def test_each_head_is_by_itself() -> None:
    """Queries of a head are compared with keys of the same head; all sizes are different primes."""
    torch.manual_seed(2)
    query, key = torch.randn(2, 3, 5, 11), torch.randn(2, 3, 7, 11)
    scores = ScaledDotScore()(query, key)
    assert scores.shape == (2, 3, 5, 7)
    by_hand = sum(query[1, 2, 4, d] * key[1, 2, 6, d] for d in range(11)) / 11**0.5
    torch.testing.assert_close(scores[1, 2, 4, 6], by_hand)


def make_score(kind: str, block: int = 2**24) -> AdditiveScore | TargetAwareScore:
    """One of the learned scores in double: hidden layer 3, queries 5 wide, keys 5 or (additive) 7."""
    torch.manual_seed(3)
    additive = kind == "additive"
    score = AdditiveScore(5, 7, 3, block=block) if additive else TargetAwareScore(5, 3, block=block)
    for parameter in score.parameters():
        torch.nn.init.normal_(parameter)
    return score.double()


def make_pair(kind: str, queries: int = 11, keys: int = 13) -> tuple[Tensor, Tensor]:
    """Queries [2, 3, T, 5] and keys [2, 3, S, 5 or 7] that require gradients."""
    torch.manual_seed(4)
    query = torch.randn(2, 3, queries, 5, dtype=torch.float64, requires_grad=True)
    width = 7 if kind == "additive" else 5
    return query, torch.randn(2, 3, keys, width, dtype=torch.float64, requires_grad=True)


def one_by_one(score: AdditiveScore | TargetAwareScore, q: Tensor, k: Tensor) -> Tensor:
    """Score one query [D] and one key [D] as the papers write it."""
    if isinstance(score, AdditiveScore):
        summed = score.query_projection.weight @ q + score.key_projection.weight @ k
        return sum(v * torch.tanh(h) for v, h in zip(score.direction, summed, strict=True))
    hidden = score.widen.weight @ torch.cat([q, k, q - k, q * k]) + score.widen.bias
    hidden = torch.stack([h if h > 0 else score.activation.weight[0] * h for h in hidden])
    return (score.narrow.weight[0] * hidden).sum() + score.narrow.bias[0]


def test_additive_by_hand() -> None:
    """2 tanh(1 + 0.5) - tanh(-3 + 0.5), weights of one hidden unit each chosen to be read off."""
    score = AdditiveScore(1, 1, 2)
    with torch.no_grad():
        score.query_projection.weight.copy_(torch.tensor([[1.0], [-3.0]]))
        score.key_projection.weight.copy_(torch.tensor([[1.0], [1.0]]))
        score.direction.copy_(torch.tensor([2.0, -1.0]))
    result = score(torch.ones(1, 1, 1, 1), torch.full((1, 1, 1, 1), 0.5))
    assert result.item() == pytest.approx(2 * math.tanh(1.5) - math.tanh(-2.5))


@pytest.mark.parametrize("kind", KINDS)
def test_learned_scores_are_a_naive_loop(kind: str) -> None:
    """Every pair has the score of the papers' formula; all sizes are different."""
    score, (query, key) = make_score(kind), make_pair(kind)
    result = score(query, key)
    assert result.shape == (2, 3, 11, 13)
    for b, h, t, s in itertools.product(range(2), range(3), range(11), range(13)):
        torch.testing.assert_close(result[b, h, t, s], one_by_one(score, query[b, h, t], key[b, h, s]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [1, 3000, 5000])
def test_blocks_of_queries_change_nothing(kind: str, block: int) -> None:
    """In blocks, recomputed in the backward pass, scores and all gradients are the plain form's."""
    results = []
    for size in (block, 2**24):
        score, (query, key) = make_score(kind, size), make_pair(kind)
        result = score(query, key)
        with torch.no_grad():
            torch.testing.assert_close(score(query, key), result)
        weighted = (result * torch.linspace(-1, 1, result.numel(), dtype=result.dtype).view_as(result)).sum()
        results.append([result, *torch.autograd.grad(weighted, [query, key, *score.parameters()])])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [False, True])
def test_the_hidden_layer_stays_within_its_block(kind: str, training: bool) -> None:
    """No more of the hidden layer is held than a block, and none waits for the backward pass."""
    held: list[int] = []
    score, (query, key) = make_score(kind, 2 * 3 * 13 * 3 * 4), make_pair(kind)
    plain = score._compare
    score._compare = lambda q, k: held.append(q.shape[-2]) or plain(q, k)  # type: ignore[method-assign]
    with torch.set_grad_enabled(training):
        score(query, key)
    assert sum(held) == 11 and max(held) < 11
    saved: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.append(x.numel()) or x, lambda x: x):
        score(query, key)
    assert max(saved) <= 2 * 3 * 11 * 13, "no hidden layer may wait for the way back"


def test_a_hidden_layer_wider_than_its_input_stays_within_the_block() -> None:
    """The block bounds the hidden layer, too, where it is wider than the input."""
    score, block = TargetAwareScore(2, 80, block=13 * 80 * 2), 13 * 80 * 2
    sizes: list[int] = []
    score.widen.register_forward_hook(lambda net, given, result: sizes.append(result.numel()))
    score(torch.randn(1, 1, 11, 2), torch.randn(1, 1, 13, 2))
    assert 0 < max(sizes) <= block


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [1, 2**24])
def test_gradients_are_those_of_finite_differences(kind: str, block: int) -> None:
    """Gradients equal finite differences, in one piece and in blocks."""
    score, pair = make_score(kind, block), make_pair(kind, 2, 3)
    assert torch.autograd.gradcheck(lambda q, k, *_: score(q, k), (*pair, *score.parameters()))


@pytest.mark.parametrize("kind", KINDS)
def test_learned_scores_attend_as_any_other(kind: str) -> None:
    """Masked keys get no weight; a row that sees nothing is zero, and its gradients are finite."""
    score, (query, key) = make_score(kind), make_pair(kind)
    mask = torch.rand(2, 1, 11, 13) > 0.4
    mask[:, :, 3] = False
    value = torch.randn(2, 3, 13, 2, dtype=torch.float64)
    fast = attend(query, key, value, score, mask)
    result = attend(query, key, value, score, mask, need_weights=True)
    assert result.weights is not None
    torch.testing.assert_close(fast.context, result.context)
    assert (result.weights.masked_select(~mask) == 0).all() and (result.context[:, :, 3] == 0).all()
    result.context.square().sum().backward()
    assert query.grad is not None and (query.grad[:, :, 3] == 0).all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in score.parameters())
