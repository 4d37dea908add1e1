"""`seq2seq serve` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def start(*arguments: str, cores: int = 1) -> subprocess.Popen[str]:
    """The command in a process of its own, as on a machine of so many cores."""
    return subprocess.Popen(
        [sys.executable, "-m", "seq2seq", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(cores)},
    )


@contextmanager
def serving(*arguments: str, cores: int = 1) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that has said where it is: its process and its address."""
    process = start(*arguments, cores=cores)
    try:
        assert process.stdout
        said = process.stdout.readline()
        assert said.startswith("Serving en to de at http://127.0.0.1:"), said + process.stderr.read()  # type: ignore[union-attr]
        yield process, said.split(" at ")[1].split(" ")[0]
    finally:
        process.kill()
        process.communicate()


def children(process: int) -> list[int]:
    """The processes that a process has started, as Linux tells them."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
