"""Target-aware pooling (DIN): a naive loop, weights that are no softmax, and dependence on the candidate."""

import pytest
import torch
from torch import Tensor

from seq2seq.attention import TargetAwarePooling


def make_pooling() -> TargetAwarePooling:
    """Width 5, hidden layer 3, all parameters random, in double."""
    torch.manual_seed(1)
    pooling = TargetAwarePooling(5, 3)
    for parameter in pooling.parameters():
        torch.nn.init.normal_(parameter)
    return pooling.double()


def make_inputs() -> tuple[Tensor, Tensor, Tensor]:
    """Candidates [2, 5] and histories [2, 7, 5], of which the second has 3 real items."""
    torch.manual_seed(2)
    candidate = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    history = torch.randn(2, 7, 5, dtype=torch.float64, requires_grad=True)
    return candidate, history, torch.arange(7) < torch.tensor([[7], [3]])


@torch.no_grad()
def test_a_naive_loop() -> None:
    """Weights and pooled vectors are those of the activation unit written as a loop, without padding."""
    pooling, (candidate, history, present) = make_pooling(), make_inputs()
    result = pooling(candidate, history, present)
    unit = pooling.score
    for b, c in enumerate(candidate):
        pooled = torch.zeros(5, dtype=torch.float64)
        for s, h in enumerate(history[b]):
            hidden = unit.widen.weight @ torch.cat([c, h, c - h, c * h]) + unit.widen.bias
            hidden = torch.where(hidden > 0, hidden, unit.activation.weight * hidden)
            weight = (unit.narrow.weight[0] @ hidden + unit.narrow.bias[0]) * present[b, s]
            torch.testing.assert_close(result.weights[b, s], weight)
            pooled += weight * h
        torch.testing.assert_close(result.context[b], pooled)


@torch.no_grad()
def test_weights_are_not_shared_out() -> None:
    """Twice the same history weighs twice as much; no softmax divides the weights."""
    pooling, (candidate, history, _) = make_pooling(), make_inputs()
    once, twice = pooling(candidate, history), pooling(candidate, history.repeat(1, 2, 1))
    torch.testing.assert_close(twice.context, 2 * once.context)


@torch.no_grad()
def test_interest_depends_on_the_candidate() -> None:
    """Two candidates get two vectors of one history."""
    pooling, (candidate, history, present) = make_pooling(), make_inputs()
    one, other = pooling(candidate, history, present), pooling(candidate.flip(0), history, present)
    assert (one.context - other.context).abs().min() > 1e-3


def test_an_empty_history_is_zero() -> None:
    """A user without history gets zeros, and the gradients are zero."""
    pooling, (candidate, history, _) = make_pooling(), make_inputs()
    result = pooling(candidate, history, torch.zeros(2, 7, dtype=torch.bool)).context
    assert (result == 0).all() and (pooling(candidate, history[:, :0]).context == 0).all()
    result.sum().backward()
    assert history.grad is not None and (history.grad == 0).all()


def test_gradients_are_those_of_finite_differences() -> None:
    """Gradients equal finite differences."""
    pooling, (candidate, history, present) = make_pooling(), make_inputs()
    leaves = (candidate, history, *pooling.parameters())
    assert torch.autograd.gradcheck(lambda c, h, *_: pooling(c, h, present).context, leaves)


def test_a_mask_of_numbers_is_refused() -> None:
    """A mask of ones and zeros, or one that has not a value an item, is refused."""
    pooling, (candidate, history, present) = make_pooling(), make_inputs()
    with pytest.raises(ValueError, match=r"present is of torch\.int64 and .*; give booleans of"):
        pooling(candidate, history, present.long())
    with pytest.raises(ValueError, match=r"and \[1, \d+\]; give booleans of"):  # would be that of every row
        pooling(candidate, history, present[:1])
