"""The chosen head and threshold are those that agree best with given links."""

import pytest
import torch
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_selection import choose_head, choose_share
from seq2seq.alignment.maps import Alignment, AttentionMaps, Grid

SOURCE, TARGET = "a red dog", "ein Hund"
SOURCE_SPANS = [(0, 1), (2, 4), (4, 5), (6, 9)]  # a re|d dog
TARGET_SPANS = [(0, 3), (4, 6), (6, 8)]  # ein Hu|nd


def maps_of(cross: Tensor) -> AttentionMaps:
    """Return maps of SOURCE and TARGET with this cross-attention [L, H, 4, 5]."""
    nothing = torch.zeros(1, 1, 1, 1)
    pieces = ["p"] * 5
    return AttentionMaps(
        cross, nothing, nothing, pieces, pieces[:4], SOURCE, TARGET, SOURCE_SPANS, TARGET_SPANS
    )


def test_share_that_agrees_best_is_chosen() -> None:
    """The chosen threshold finds all given links and no others; lower and higher ones do not."""
    weights = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.6, 0.4]])
    grid = Grid([(0, 1), (2, 3), (4, 5)], [(0, 1), (2, 3)], weights)
    one, some = (Alignment("a b c", "x y", (grid,), share) for share in (1.0, 0.5))
    assert choose_share([one], [one.links()]) == 1.0
    assert choose_share([one], [some.links()]) == 0.5


def test_best_head_is_chosen() -> None:
    """Among random heads, the one that shows the links is chosen, with the row it is read in."""
    torch.manual_seed(3)
    links = [(0, 0), (2, 1)]
    pairs = []
    for _ in range(5):
        cross = torch.rand(2, 3, 4, 5)
        cross[1, 0, 1] = torch.tensor([0.9, 0.0, 0.0, 0.0, 0.1])  # its input is "ein"
        cross[1, 0, 2:] = torch.tensor([0.0, 0.0, 0.0, 0.9, 0.1])  # "Hu" and "nd"
        pairs.append(maps_of(cross))
    assert choose_head(pairs, [links] * 5) == (AlignmentHead(1, 0, "input"), 1.0)


def test_choosing_without_links_is_refused() -> None:
    """A choice without any link is refused."""
    with pytest.raises(ValueError, match="links"):
        choose_head([maps_of(torch.rand(1, 1, 4, 5))], [[]])
