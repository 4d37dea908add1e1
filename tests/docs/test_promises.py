"""docs/promises.md: its figures and commands are there, and the figures are those of the data beside them."""

import json
import re
from pathlib import Path

import draw_cost
import draw_distance
import pytest


@pytest.fixture
def document(repository: Path) -> str:
    """The page as it is shipped."""
    return (repository / "docs" / "promises.md").read_text(encoding="utf-8")


def test_every_figure_is_there_and_is_drawn_by_a_command(document: str, repository: Path, texts_of) -> None:
    """A reader would see a broken picture, or one that no command makes."""
    guide = (repository / "docs" / "attention.md").read_text(encoding="utf-8")
    document += guide
    shown = re.findall(r"\]\((figures/[\w.]+\.svg)\)", document)
    assert sorted(shown) == sorted(f"figures/{path.name}" for path in repository.glob("docs/figures/*.svg"))
    for figure in shown:
        assert f"> docs/{figure}" in document
        assert texts_of((repository / "docs" / figure).read_text(encoding="utf-8"))


def test_every_command_names_a_script(document: str, repository: Path) -> None:
    """A command of the page would not start."""
    named = re.findall(r"^    python (\S+\.py)", document, re.MULTILINE)
    assert named
    assert [name for name in named if not (repository / name).exists()] == []


@pytest.mark.parametrize(("name", "draw"), [("cost", draw_cost.figure), ("distance", draw_distance.figure)])
def test_figure_is_that_of_its_data(name: str, draw, repository: Path) -> None:
    """The picture would show other numbers than the file beside it."""
    folder = repository / "docs" / "figures"
    found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert draw(found) == (folder / f"{name}.svg").read_text(encoding="utf-8")
