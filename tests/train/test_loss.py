"""The loss: the fast path is the formula, and the formula is right."""

import math

import pytest
import torch
from torch.nn import functional

from seq2seq.config import PAD
from train import loss as losses
from train.loss import plain_cross_entropy, smoothed_cross_entropy, symmetric_divergence

BATCH, LENGTH, VOCABULARY = 3, 7, 11


def logits_and_targets() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(BATCH, LENGTH, VOCABULARY, generator=generator)
    targets = torch.randint(1, VOCABULARY, (BATCH, LENGTH), generator=generator)
    targets[1, 4:] = targets[2, 1:] = PAD
    return logits.requires_grad_(), targets


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("rows", [1, 5, 100])
def test_slices_give_the_formula_and_its_gradient(
    monkeypatch: pytest.MonkeyPatch, smoothing: float, rows: int
) -> None:
    """Else the fast path trains another model than the one that is described."""
    monkeypatch.setattr(losses, "SLICE_ELEMENTS", rows * VOCABULARY)
    logits, targets = logits_and_targets()
    gradients = []
    for compute in (plain_cross_entropy, smoothed_cross_entropy):
        loss = compute(logits, targets, smoothing)
        (gradient,) = torch.autograd.grad(2.5 * loss.smoothed, logits)
        gradients.append((loss, gradient))
    (plain, plain_gradient), (sliced, sliced_gradient) = gradients
    assert sliced.tokens == plain.tokens == 7 + 4 + 1
    torch.testing.assert_close(sliced.smoothed, plain.smoothed)
    torch.testing.assert_close(sliced.likelihood, plain.likelihood)
    torch.testing.assert_close(sliced_gradient, plain_gradient)
    assert not sliced_gradient[1, 4:].any(), "padding has a gradient"


def test_the_formula_is_torchs() -> None:
    """Else label smoothing would mean something else than everywhere."""
    logits, targets = logits_and_targets()
    expected = functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=PAD, label_smoothing=0.1, reduction="sum"
    )
    torch.testing.assert_close(plain_cross_entropy(logits, targets, 0.1).smoothed, expected)


def test_loss_by_hand() -> None:
    """Else a constant would be wrong that both paths share: p = (1/4, 3/4), target 1, smoothing 0.2."""
    logits = torch.tensor([[0.0, math.log(3)]])
    loss = plain_cross_entropy(logits, torch.tensor([1]), 0.2)
    assert loss.likelihood.item() == pytest.approx(-math.log(3 / 4))
    uniform = -(math.log(1 / 4) + math.log(3 / 4)) / 2
    assert loss.smoothed.item() == pytest.approx(0.8 * -math.log(3 / 4) + 0.2 * uniform)


def test_divergence_by_hand_and_without_padding() -> None:
    """Else R-Drop would pull in a wrong direction, or be fed by padding: (1/4, 3/4) against (1/2, 1/2)."""
    first = torch.tensor([[[0.0, math.log(3)], [5.0, 0.0]]])
    second = torch.zeros(1, 2, 2)
    found = symmetric_divergence(first, second, torch.tensor([[1, PAD]])).item()
    one = math.log(0.25 / 0.5) * 0.25 + math.log(0.75 / 0.5) * 0.75
    other = math.log(0.5 / 0.25) * 0.5 + math.log(0.5 / 0.75) * 0.5
    assert found == pytest.approx((one + other) / 2)
    assert symmetric_divergence(first, first, torch.tensor([[1, 1]])) == 0
