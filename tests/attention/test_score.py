"""The scaled dot product, by hand and in kind."""

import torch

from seq2seq.attention import ScaledDotScore


def test_by_hand() -> None:
    """(1, 2, 3, 4) . (5, 6, 7, 8) = 70, over the root of the head width 4: 35."""
    query = torch.tensor([1.0, 2, 3, 4]).view(1, 1, 1, 4)
    key = torch.tensor([[5.0, 6, 7, 8], [0, 0, 0, 1]]).view(1, 1, 2, 4)
    assert ScaledDotScore()(query, key).flatten().tolist() == [35.0, 2.0]


def test_variance_stays_one_at_any_head_width() -> None:
    """Without the root a wide head would give all its weight to one key from the start."""
    torch.manual_seed(1)
    for width in (2, 31, 512):
        scores = ScaledDotScore()(torch.randn(1, 1, 200, width), torch.randn(1, 1, 200, width))
        assert 0.8 < scores.var() < 1.2


def test_each_head_is_by_itself() -> None:
    """A query of one head must not be compared with a key of another; all sizes are different primes."""
    torch.manual_seed(2)
    query, key = torch.randn(2, 3, 5, 11), torch.randn(2, 3, 7, 11)
    scores = ScaledDotScore()(query, key)
    assert scores.shape == (2, 3, 5, 7)
    by_hand = sum(query[1, 2, 4, d] * key[1, 2, 6, d] for d in range(11)) / 11**0.5
    torch.testing.assert_close(scores[1, 2, 4, 6], by_hand)
