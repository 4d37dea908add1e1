"""What letters and places say of two words, by hand."""

import math

import pytest
import torch

from seq2seq.alignment.lexical_prior import MOST_LETTERS, alike, lexical_prior


def test_words_that_begin_alike() -> None:
    """Two of the four letters of "dogs"; a word of other letters, and one that only ends alike."""
    found = alike(["dogs", "cat"], ["do", "cat", "hat"])
    assert torch.equal(found, torch.tensor([[0.5, 0.0], [0.0, 1.0], [0.0, 0.0]]).double())


def test_endless_words_are_compared_by_their_beginnings() -> None:
    """Two addresses among hundreds of words would take gigabytes."""
    long = "a" * MOST_LETTERS
    assert alike([long + "b" * 10_000], [long + "c", "ab"]).tolist() == [[1.0], [1 / MOST_LETTERS]]


def test_letters_and_places_multiply() -> None:
    """Two words on the diagonal and alike in half of their letters; unlike ones half a sentence apart."""
    found = lexical_prior(["ab", "cd"], ["ax", "yz"], letters=2.0, tension=3.0)
    assert found[0, 0].item() == pytest.approx(math.exp(1.0))
    assert found[1, 0].item() == pytest.approx(math.exp(-1.5))
    assert found[1, 1].item() == 1.0


@pytest.mark.parametrize(("sources", "targets"), [([], []), (["a"], []), ([], ["a"]), ([""], ["a", ""])])
def test_texts_without_words(sources: list[str], targets: list[str]) -> None:
    """An empty text, or a word of blanks, would divide by nothing."""
    found = lexical_prior(sources, targets, 1.0, 1.0)
    assert found.shape == (len(targets), len(sources)) and bool(found.isfinite().all())
