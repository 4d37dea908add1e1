"""The prior from spelling and position, by hand."""

import math

import pytest
import torch

from seq2seq.alignment.lexical_prior import MOST_LETTERS, alike, lexical_prior


def test_words_that_begin_alike() -> None:
    """Similarity is the common prefix over the longer word: two of four letters, none, and no credit for a
    suffix.
    """
    found = alike(["dogs", "cat"], ["do", "cat", "hat"])
    assert torch.equal(found, torch.tensor([[0.5, 0.0], [0.0, 1.0], [0.0, 0.0]]).double())


def test_endless_words_are_compared_by_their_beginnings() -> None:
    """Words are compared by their first characters, so that memory stays small."""
    long = "a" * MOST_LETTERS
    assert alike([long + "b" * 10_000], [long + "c", "ab"]).tolist() == [[1.0], [1 / MOST_LETTERS]]


def test_letters_and_places_multiply() -> None:
    """The factors of spelling and position multiply, by hand."""
    found = lexical_prior(["ab", "cd"], ["ax", "yz"], letters=2.0, tension=3.0)
    assert found[0, 0].item() == pytest.approx(math.exp(1.0))
    assert found[1, 0].item() == pytest.approx(math.exp(-1.5))
    assert found[1, 1].item() == 1.0


@pytest.mark.parametrize(("sources", "targets"), [([], []), (["a"], []), ([], ["a"]), ([""], ["a", ""])])
def test_texts_without_words(sources: list[str], targets: list[str]) -> None:
    """Empty texts and blank words have a prior without division by zero."""
    found = lexical_prior(sources, targets, 1.0, 1.0)
    assert found.shape == (len(targets), len(sources)) and bool(found.isfinite().all())
