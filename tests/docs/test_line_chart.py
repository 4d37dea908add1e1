"""Line charts: points at the right places, well-formed SVG whatever the names."""

import itertools
import re

import pytest
from line_chart import Line, Panel, draw, spread

PLAIN = {"x_log": False, "width": 100.0, "height": 100.0}


def circles(picture: str) -> list[tuple[float, float]]:
    """Return the positions of the points."""
    return [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', picture)]


def test_points_lie_in_proportion() -> None:
    """Distances between points are proportional to their numbers."""
    panel = Panel("t", "x", [Line("a", [(0, 0), (1, 0.25), (4, 1)])], y_range=(0, 1), **PLAIN)
    (x0, y0), (x1, y1), (x2, y2) = circles(draw([panel], "title"))
    assert x2 - x0 == pytest.approx(100, abs=0.2)
    assert x1 - x0 == pytest.approx(25, abs=0.2)
    assert y0 - y2 == pytest.approx(100, abs=0.2)
    assert y0 - y1 == pytest.approx(25, abs=0.2)


def test_logarithmic_axes_make_powers_straight() -> None:
    """A power is a straight line on logarithmic axes."""
    lines = [Line("square", [(n, n * n) for n in (1, 2, 4, 8)])]
    places = circles(draw([Panel("t", "x", lines, y_log=True)], "title"))
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(places)]
    for across, up in steps:
        assert (across, up) == pytest.approx(steps[0], abs=0.2)


def test_names_are_text(texts_of) -> None:
    """Angle brackets and ampersands in names are escaped."""
    panel = Panel("<b>", "a & b", [Line('<"&>', [(1, 1), (2, 2)])], level=("a < b", 1.0))
    shown = texts_of(draw([panel, panel, panel], "t & t", columns=2))
    assert shown.count('<"&>') == 3
    assert "a & b" in shown and "<b>" in shown


def test_names_are_kept_apart() -> None:
    """Labels are moved apart and stay within the range."""
    moved = spread([50, 50, 51, 99], 10, 0, 100)
    assert all(b - a >= 10 for a, b in itertools.pairwise(moved))
    assert min(moved) >= 0 and max(moved) <= 100


@pytest.mark.parametrize(
    ("line", "said"), [(Line("empty", []), "no points"), (Line("zero", [(1, 0), (2, 1)]), "no place")]
)
def test_what_cannot_be_drawn_is_refused(line: Line, said: str) -> None:
    """Empty lines and zeros on a logarithmic axis are errors."""
    with pytest.raises(ValueError, match=said):
        draw([Panel("t", "x", [line], y_log=True)], "title")
