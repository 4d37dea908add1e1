"""docs/localisation.md: its commands are understood, those on the example run, and its Python runs."""

import re
import shlex
from pathlib import Path

import pytest

from seq2seq.cli import COMMANDS, main
from seq2seq.commands import localize, memory, translate

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "localisation.md").read_text(encoding="utf-8")
PARSERS = {"localize": localize.make_parser, "memory": memory.make_parser, "translate": translate.make_parser}


def commands() -> list[list[str]]:
    """Return the commands of ours on the page, each as its words."""
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in shell.splitlines() if line.startswith("seq2seq ")]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_commands_are_understood(command: list[str]) -> None:
    """Each command exists, and its parser knows every flag."""
    assert command[0] in COMMANDS
    if command[0] in PARSERS:
        PARSERS[command[0]]().read(command[1:])


def test_commands_on_the_example_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The album's catalog is filled, reported and made a memory."""
    (tmp_path / "examples").symlink_to(repository / "examples")
    monkeypatch.chdir(tmp_path)
    shown = [command for command in commands() if any("examples/album" in word for word in command)]
    assert {command[0] for command in shown} == {"localize", "memory"}
    for command in shown:
        assert main(command) == 0
    assert 'msgstr ""\n\n' not in (tmp_path / "filled" / "de.po").read_text().partition("\n\n")[2]
    assert (tmp_path / "filled" / "report.html").is_file() and (tmp_path / "album.tmx").is_file()


def test_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The Python block prints translations and what a broken one breaks."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(block, "localisation.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "['lacks %s']" and lines[0].count("_") == 1 and "%d" in lines[1]
