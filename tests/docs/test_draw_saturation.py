"""Dividing by sqrt(d) keeps the softmax soft and its gradient alive as d grows."""

import draw_saturation as saturation
import pytest


@pytest.fixture(scope="module")
def found() -> dict[bool, list[saturation.Behaviour]]:
    """What widths 4, 64 and 512 do, with and without the root."""
    return {s: [saturation.behaviour(d, s, queries=400) for d in (4, 64, 512)] for s in (True, False)}


def test_without_the_root_one_key_takes_all(found) -> None:
    """Without the root the largest weight grows with d, to more than 0.95."""
    small, middle, large = (b.largest.median for b in found[False])
    assert small < middle < large
    assert large > 0.95


def test_with_the_root_width_changes_nothing(found) -> None:
    """With the root the largest weight is the same at all widths."""
    small, _, large = (b.largest.median for b in found[True])
    assert large == pytest.approx(small, rel=0.25)
    assert large < 0.3


def test_gradient_survives_only_with_the_root(found) -> None:
    """With the root the gradient is the same at all widths; without, it falls below a twentieth."""
    assert found[True][2].gradient.median == pytest.approx(found[True][0].gradient.median, rel=0.25)
    assert found[False][2].gradient.median < found[False][0].gradient.median / 20


def test_width_one_is_the_same_both_ways() -> None:
    """At d = 1 both scores are the same."""
    assert saturation.behaviour(1, True, 50) == saturation.behaviour(1, False, 50)


def test_figure_is_drawn(texts_of) -> None:
    """The figure names both lines, the table has a line per width."""
    shown = texts_of(saturation.figure((1, 4), queries=20))
    assert "with the root" in shown and "without" in shown
    assert saturation.table((1, 4), queries=20).count("\n") == 3
