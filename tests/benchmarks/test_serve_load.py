"""Load on the server: a peer is always ended, and only text counts as the first text."""

import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
)
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).wait()"


@pytest.fixture
def serve_load(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a short wait for a server to end."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    import serve_load

    monkeypatch.setattr(serve_load, "LONGEST_END", 0.2)
    return serve_load


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are counted as Linux tells them")
@pytest.mark.parametrize("program", [STUBBORN, PARENT], ids=["itself", "its child"])
def test_server_that_does_not_end_is_killed(serve_load: ModuleType, program: str) -> None:
    """A server that ignores SIGTERM is killed with all its processes."""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # printed by the process that ignores the signal
        family = serve_load.family(process.pid)
        assert len(family) == (1 if program == STUBBORN else 2)
        serve_load.end(process)
        assert process.returncode in (-signal.SIGTERM, -signal.SIGKILL)
        assert process.stdout.read() == b""  # the end comes once every process that could write has ended


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("event: piece", ""),
        ("", ""),
        ('data: {"text": ""}', ""),
        ('data: {"text": " "}', ""),
        ('data: {"text": " Hunde"}', "Hunde"),
        ('data: {"error": "full"}', ""),
    ],
)
def test_only_text_is_the_first_text(serve_load: ModuleType, line: str, text: str) -> None:
    """Only a non-blank text counts as the first text of a stream."""
    assert serve_load.text_of(line) == text
