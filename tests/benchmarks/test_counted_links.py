"""Agreement with counted links, by hand."""

import pytest
import torch
from counted_links import agreement, one_side


def test_agreement_by_hand() -> None:
    """Shares would be of the wrong whole: 1 of 2 sure, 2 of 3 grown, F = 4 / 7, 3 links on 4 words."""
    found, sure, grown = (
        [{(0, 0), (1, 1)}, {(2, 0)}],
        [{(0, 0)}, {(1, 0)}],
        [{(0, 0), (1, 1)}, {(0, 0), (1, 0)}],
    )
    assert agreement(found, sure, grown, 4) == pytest.approx((1 / 2, 2 / 3, 4 / 7, 3 / 4))


def test_one_side_takes_what_is_near_the_largest() -> None:
    """The old reading would be misjudged: a row of nothing has no link."""
    weights = torch.tensor([[0.6, 0.4], [0.0, 0.0]])
    assert one_side(weights, 0.7) == {(0, 0)} and one_side(weights, 0.6) == {(0, 0), (1, 0)}
