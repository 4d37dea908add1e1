"""Progress: shown on a terminal, erased at the end, and never written to a file."""

import pytest
from progress import EVERY, show_progress


def test_a_file_stays_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed where standard error is no terminal."""
    show_progress(EVERY, 2 * EVERY, 0.5)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_it_come_and_go(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal sees the line updated and finally erased."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    steps = 2 * EVERY + 1
    for step in range(1, steps + 1):
        show_progress(step, steps, 0.5)
    lines = capsys.readouterr().err.split("\r")
    assert [line.split(" of")[0].strip() for line in lines] == [
        "",
        str(EVERY),
        "",
        str(2 * EVERY),
        "",
        "",
        "",
    ]
