"""The loss: the fast path is the formula, and the formula is right."""

import math

import pytest
import torch
from torch.nn import functional

from seq2seq.config import PAD
from train.tasks import loss as losses
from train.tasks.loss import fused_loss, plain_loss

BATCH, LENGTH, WIDTH, VOCABULARY = 3, 7, 5, 11


def states_table_and_targets(
    passes: int, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    states = 2 * torch.randn(passes * BATCH, LENGTH, WIDTH, generator=generator, dtype=dtype)
    table = torch.randn(VOCABULARY, WIDTH, generator=generator, dtype=dtype)
    targets = torch.randint(1, VOCABULARY, (BATCH, LENGTH), generator=generator)
    targets[1, 4:] = targets[2, 1:] = PAD
    return states.requires_grad_(), table.requires_grad_(), targets


@pytest.mark.parametrize("r_drop", [0.0, 5.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("rows", [1, 5, 100])
def test_slices_give_the_formula_and_its_gradients(
    monkeypatch: pytest.MonkeyPatch, smoothing: float, rows: int, r_drop: float
) -> None:
    """The fused loss and its gradients equal the formula, for every size of slices."""
    passes = 2 if r_drop else 1
    monkeypatch.setitem(losses.SLICE_ELEMENTS, "cpu", rows * passes * VOCABULARY)
    states, table, targets = states_table_and_targets(passes, torch.float64)
    plain = plain_loss(states @ table.t(), targets, smoothing, r_drop)
    expected = torch.autograd.grad(2.5 * plain.total, (states, table))
    fused = fused_loss(states, table, targets, smoothing, r_drop)
    found = torch.autograd.grad(2.5 * fused.total, (states, table))
    assert fused.tokens == plain.tokens == passes * (7 + 4 + 1)
    torch.testing.assert_close(fused.total, plain.total)
    torch.testing.assert_close(fused.likelihood, plain.likelihood)
    torch.testing.assert_close(found, expected)
    assert not found[0][1, 4:].any(), "padding has a gradient"


def test_mixed_precision_stays_near_the_formula() -> None:
    """In bf16 autocast the sums stay in float32, near the formula."""
    states, table, targets = states_table_and_targets(2)
    plain = plain_loss(states @ table.t(), targets, 0.1, 5.0)
    expected = torch.autograd.grad(plain.total, (states, table))
    with torch.autocast("cpu", torch.bfloat16):
        fused = fused_loss(states, table, targets, 0.1, 5.0)
    found = torch.autograd.grad(fused.total, (states, table))
    assert found[0].dtype == found[1].dtype == torch.float32
    torch.testing.assert_close(fused.total, plain.total, rtol=0.01, atol=0.0)
    for one, other in zip(found, expected, strict=True):
        assert (one - other).norm() < 0.02 * other.norm()


def test_the_formula_is_torchs() -> None:
    """Label smoothing is PyTorch's."""
    states, table, targets = states_table_and_targets(1)
    logits = states @ table.t()
    expected = functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=PAD, label_smoothing=0.1, reduction="sum"
    )
    torch.testing.assert_close(plain_loss(logits, targets, 0.1).total, expected)


def test_loss_by_hand() -> None:
    """The loss by hand: p = (1/4, 3/4), target 1, smoothing 0.2."""
    logits = torch.tensor([[[0.0, math.log(3)]]])
    loss = plain_loss(logits, torch.tensor([[1]]), 0.2)
    assert loss.likelihood.item() == pytest.approx(-math.log(3 / 4))
    uniform = -(math.log(1 / 4) + math.log(3 / 4)) / 2
    assert loss.total.item() == pytest.approx(0.8 * -math.log(3 / 4) + 0.2 * uniform)


def test_divergence_by_hand_and_without_padding() -> None:
    """The divergence by hand, without padding: (1/4, 3/4) against (1/2, 1/2)."""
    first, second = torch.tensor([[[0.0, math.log(3)], [5.0, 0.0]]]), torch.zeros(1, 2, 2)
    targets = torch.tensor([[1, PAD]])
    logits = torch.cat([first, second])
    found = (plain_loss(logits, targets, 0.0, 1.0).total - plain_loss(logits, targets, 0.0).total).item()
    one = math.log(0.25 / 0.5) * 0.25 + math.log(0.75 / 0.5) * 0.75
    other = math.log(0.5 / 0.25) * 0.5 + math.log(0.5 / 0.75) * 0.5
    assert found == pytest.approx((one + other) / 2)
