"""Masks as little tables: true = may attend, and the same in one step as in a full pass."""

import torch

from seq2seq.attention import all_of, causal_mask, padding_mask


def test_causal_table() -> None:
    """A position that saw its successor could copy the answer."""
    positions = torch.arange(4)
    expected = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert causal_mask(positions, positions).int().tolist() == expected


def test_causal_step_is_the_full_pass_last_rows() -> None:
    """While decoding the queries are the newest positions only; their rows must not change by that."""
    everything = torch.arange(7)
    full = causal_mask(everything, everything)
    for first in range(7):
        assert torch.equal(causal_mask(everything[first:], everything), full[first:])


def test_padding_table() -> None:
    """Each sentence hides its own filler, from all heads and queries alike."""
    present = torch.tensor([[True, True, False], [True, False, False]])
    mask = padding_mask(present)
    assert mask.shape == (2, 1, 1, 3)
    assert torch.equal(mask.expand(2, 5, 7, 3)[1, 4, 6], present[1])


def test_all_of_is_and() -> None:
    """A key hidden by one mask must stay hidden when another allows it."""
    positions = torch.arange(3)
    causal = causal_mask(positions, positions)
    padding = padding_mask(torch.tensor([[False, True, True]]))
    combined = all_of(causal, None, padding)
    assert combined is not None and combined.shape == (1, 1, 3, 3)
    assert combined[0, 0].int().tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert all_of(causal, None) is causal
    assert all_of() is None and all_of(None, None) is None


def test_all_of_leaves_its_masks_alone() -> None:
    """A source's mask is used by every layer: combining must not write into it."""
    one, other = torch.tensor([True, True]), torch.tensor([True, False])
    all_of(one, other)
    assert one.tolist() == [True, True]
