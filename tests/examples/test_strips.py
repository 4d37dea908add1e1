"""Strips: the digits they say, where they say, and no digit of one part in another."""

import builtins
from typing import Any

import pytest
import strips as made
import torch
from strips import DIGIT, FEWEST, HEIGHT, MOST, NONE, WORDS, Digits, bent, load_digits, make_strips

needs_digits = pytest.mark.usefixtures("_scikit")


@pytest.fixture(scope="module")
def _scikit() -> None:
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")


@pytest.fixture
def marked() -> Digits:
    """Digits 1 to 9, each a square as bright as its number, so that a strip can be read by hand."""
    labels = torch.arange(1, 10)
    return Digits((labels / 10)[:, None, None].expand(9, DIGIT, DIGIT), labels)


def chance() -> torch.Generator:
    """The same draws each time."""
    return torch.Generator().manual_seed(1)


def test_each_digit_stands_where_it_is_said(marked: Digits) -> None:
    """Labels and positions are those in the image."""
    strips = make_strips(marked, 50, chance())
    for row in range(50):
        covered = 0
        for digit, place in zip(strips.digits[row].tolist(), strips.places[row].tolist(), strict=True):
            assert (digit == NONE) == (place == NONE)
            if digit != NONE:
                column = strips.images[row][:, place : place + DIGIT]
                assert torch.equal(
                    column.sum(dim=0).mul(10 / DIGIT).round(), torch.full((DIGIT,), float(digit))
                )
                covered += DIGIT
                assert place + DIGIT <= strips.widths[row]
        assert (strips.images[row].sum(dim=0) > 0).sum() == covered
        assert strips.images[row][:, strips.widths[row] :].sum() == 0


def test_strips_are_of_three_to_six_digits_apart_by_chance(marked: Digits) -> None:
    """Strips have three to six digits with random gaps."""
    strips = make_strips(marked, 300, chance())
    counts = (strips.digits != NONE).sum(dim=1)
    assert counts.unique().tolist() == list(range(FEWEST, MOST + 1))
    shorter = make_strips(marked, 300, chance(), learn=4)
    assert (shorter.digits != NONE).sum(dim=1).unique().tolist() == [1, 2, 3, 4]
    assert len(strips.places[:, 2].unique()) > 8
    assert strips.images.shape[1] == HEIGHT
    assert all(words and set(words) <= set(WORDS) for words in strips.words())


def test_the_seed_makes_the_strips(marked: Digits) -> None:
    """A seed gives the same strips."""
    first, second = (make_strips(marked, 5, chance(), learn=MOST) for _ in range(2))
    assert torch.equal(first.images, second.images)


def test_bending_changes_each_image_and_keeps_it_in_its_square() -> None:
    """Distortion changes every image and stays within its square."""
    digits = torch.zeros(20, DIGIT, DIGIT)
    digits[:, 2:6, 3:5] = 0.8
    moved = bent(digits, chance())
    assert moved.shape == digits.shape and moved.min() >= 0 and moved.max() <= 1
    assert ((moved - digits).abs().amax(dim=(1, 2)) > 0.05).all()
    assert ((moved * digits).sum(dim=(1, 2)) > 0.5 * (digits**2).sum(dim=(1, 2))).all()


@needs_digits
def test_no_digit_is_in_two_parts() -> None:
    """Train, valid and test share no image."""
    parts = [load_digits("train"), load_digits("valid"), load_digits("test")]
    assert [len(part.labels) for part in parts] == [1297, 250, 250]
    images = torch.cat([part.images for part in parts]).flatten(1)
    assert len(images.unique(dim=0)) == len(images)
    assert images.min() == 0 and images.max() == 1


def test_without_scikit_learn_one_sentence_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing scikit-learn is one sentence."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match="the digits come with scikit-learn; pip install scikit-learn"):
        made.load_digits("test")
