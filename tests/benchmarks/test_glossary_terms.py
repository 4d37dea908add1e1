"""The glossary benchmark scores in the target language."""

import sys
from pathlib import Path

import glossary
import pytest


def test_a_model_of_two_directions_is_scored_in_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """English from Chinese is tokenized as English."""
    (tmp_path / "t.zh").write_text("两只狗在雪地里玩。\n", encoding="utf-8")
    (tmp_path / "t.en").write_text("Two dogs play in the snow.\n", encoding="utf-8")
    monkeypatch.setattr(glossary, "measure_kept", lambda *arguments: "")
    files = [str(tmp_path / name) for name in ("t.zh", "t.en")]
    monkeypatch.setattr(sys, "argv", ["glossary.py", *files, "--model", "zh-en"])
    glossary.main()
    assert "tok:13a" in capsys.readouterr().out
