"""Dropout: the share of zeros, the mean, repetition by torch's seed, and identity in eval mode."""

import pytest
import torch

from seq2seq.model.dropout import Dropout, keep_mask


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_share_of_zeros_and_mean(p: float) -> None:
    """A share p is zero, the rest is scaled, and the mean stays."""
    torch.manual_seed(1)
    dropped = Dropout(p)(torch.ones(1000, 1000))
    kept = dropped != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=5 * (p * (1 - p)) ** 0.5 / 1000)
    assert torch.allclose(dropped[kept], torch.tensor(1 / (1 - p)))
    assert dropped.mean().item() == pytest.approx(1.0, abs=5e-3 / (1 - p))


def test_neighbours_are_independent() -> None:
    """The four elements of one draw, and neighbouring draws, are independent."""
    torch.manual_seed(2)
    kept = keep_mask(torch.Size([250_000, 4]), 0.5).float()
    assert torch.allclose(torch.corrcoef(kept.T), torch.eye(4), atol=0.01)
    assert abs(torch.corrcoef(torch.stack([kept[:-1, 3], kept[1:, 0]]))[0, 1]) < 0.01


def test_the_seed_repeats_it() -> None:
    """torch's seed repeats the zeros; two calls differ."""
    dropout, x = Dropout(0.5), torch.ones(7, 11)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(dropout(x), first) and not torch.equal(first, second)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (5, 7), (2, 3, 5), (0, 4)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    """Any shape works, also sizes that four does not divide and empty ones."""
    x = torch.ones(shape)
    dropped = Dropout(0.5)(x)
    assert dropped.shape == x.shape and dropped.dtype == x.dtype
    assert set(dropped.flatten().tolist()) <= {0.0, 2.0}


def test_eval_and_zero_are_the_identity() -> None:
    """In eval mode and for p = 0 nothing is dropped and no random number drawn."""
    x = torch.randn(5, 7)
    state = torch.get_rng_state()
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert torch.equal(torch.get_rng_state(), state)


def test_gradients_pass_where_values_did() -> None:
    """Gradients are zero where values are, and scaled where they are."""
    torch.manual_seed(4)
    x = torch.ones(97, requires_grad=True)
    dropped = Dropout(0.25)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_type_stays(dtype: torch.dtype) -> None:
    """The result has the type of the input."""
    assert Dropout(0.3)(torch.ones(5, dtype=dtype)).dtype == dtype
