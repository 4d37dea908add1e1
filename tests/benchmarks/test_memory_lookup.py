"""The table of a translation memory counts what it finds."""

import runpy
from pathlib import Path

import pytest


def test_matches_are_counted(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Units, exact matches and similar ones are counted, of the file as a stream and of what was loaded."""
    (tmp_path / "memory.tsv").write_text("Open the file\tÖffnen\nSave\tSichern\n", encoding="utf-8")
    (tmp_path / "texts.txt").write_text("_Save…\nOpen the files\nnothing of it\n")
    benchmark = runpy.run_path(str(repository / "benchmarks" / "memory_lookup.py"))
    benchmark["main"]([str(tmp_path / "memory.tsv"), str(tmp_path / "texts.txt")])
    rows = {line[:24].strip(): line[36:48].strip() for line in capsys.readouterr().out.splitlines()}
    assert rows["read as a stream"] == rows["loaded"] == "2"
    assert (rows["exact match"], rows["best match"]) == ("1", "2")
