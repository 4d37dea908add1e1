"""docs/memory.md: its Python and its commands do what stands there."""

import re
import shlex
from pathlib import Path

import pytest

from seq2seq.cli import main


@pytest.fixture
def page(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the page, in a folder with the files that it names."""
    head = 'msgid ""\nmsgstr "Language: de\\n"\n\n'
    (tmp_path / "de.po").write_text(f'{head}msgid "Open the file"\nmsgstr "Datei öffnen"\n', encoding="utf-8")
    (tmp_path / "suggestions.jsonl").write_text('{"en": "Delete %s?", "de": "%s löschen?"}\n')
    (tmp_path / "old.tmx").write_text(
        '<tmx version="1.4"><body><tu><tuv xml:lang="en"><seg>Save</seg></tuv>'
        '<tuv xml:lang="de"><seg>Sichern</seg></tuv></tu></body></tmx>'
    )
    (tmp_path / "terms.tsv").write_text("dog\tKöter\n", encoding="utf-8")
    (tmp_path / "guide.html").write_text("<p>Open the file.</p>")
    monkeypatch.chdir(tmp_path)
    return (repository / "docs" / "memory.md").read_text(encoding="utf-8")


def test_the_page_runs(page: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The commands make and use a memory, and Python prints what the comments say."""
    commands = [line for line in re.findall(r"^seq2seq .*$", page, re.MULTILINE) if " serve " not in line]
    assert len(commands) == 3
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0
    assert "Datei öffnen" in capfd.readouterr().out
    assert Path("guide.de.html").read_text(encoding="utf-8") == "<p>Datei öffnen.</p>"
    (python,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(python, {})
    lines = capfd.readouterr().out.splitlines()
    assert lines[:2] == ["99 _Datei öffnen…", "93 False Close the file Datei schließen"]
    assert lines[-2].startswith("Datei öffnen MemoryMatch(") and lines[-2].endswith(" 1.0")
    assert " None " in lines[-1]
