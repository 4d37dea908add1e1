"""docs/architecture.md: its tables are those of the sources."""

import runpy
from pathlib import Path

import pytest


def test_tables_are_those_of_the_sources(repository: Path) -> None:
    """Folders, import rows and first lines on the page are what the script makes of the sources today."""
    make = runpy.run_path(str(repository / "docs" / "make_architecture.py"))
    page = make["PAGE"].read_text(encoding="utf-8")
    assert make["fill"](page) == page, "docs/architecture.md is stale; run: python docs/make_architecture.py"


def test_a_file_without_a_first_line_is_named(repository: Path, tmp_path: Path) -> None:
    """A module without a docstring is an error that names it."""
    make = runpy.run_path(str(repository / "docs" / "make_architecture.py"))
    make["first_line"].__globals__["REPOSITORY"] = tmp_path
    (tmp_path / "bare.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bare\.py opens with no docstring"):
        make["first_line"](tmp_path / "bare.py")
