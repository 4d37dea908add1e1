"""The figures of docs/: each is shown and drawn by a command; those with data beside them are up to date."""

import json
import re
from pathlib import Path

import draw_cost
import draw_distance
import pytest


def test_every_figure_is_there_and_is_drawn_by_a_command(repository: Path, texts_of) -> None:
    """Every SVG of docs/figures/ is well-formed, shown on a page, and made by a command beside it."""
    drawn = sorted(path.name for path in repository.glob("docs/figures/*.svg"))
    pages = [path.read_text(encoding="utf-8") for path in repository.glob("docs/*.md")]
    shown = {name: page for page in pages for name in re.findall(r"\]\(figures/([\w.]+\.svg)\)", page)}
    assert sorted(shown) == drawn
    for name, page in shown.items():
        assert re.search(rf"python \S+\.py .*> (docs/figures/)?{re.escape(name)}$", page, re.MULTILINE), name
        assert texts_of((repository / "docs" / "figures" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "draw"), [("cost", draw_cost.figure), ("distance", draw_distance.figure)])
def test_figure_is_that_of_its_data(name: str, draw, repository: Path) -> None:
    """The picture shows the numbers of the file beside it."""
    folder = repository / "docs" / "figures"
    found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert draw(found) == (folder / f"{name}.svg").read_text(encoding="utf-8")
