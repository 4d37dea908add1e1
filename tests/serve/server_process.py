"""`seq2seq serve` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(*arguments: str, cores: int = 1) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a server that has printed its address, as on a machine of so many cores: process and address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "seq2seq", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(cores)},
    )
    try:
        assert process.stdout and process.stderr
        greeting = process.stdout.readline()
        if not greeting.startswith("Serving en to de at http://127.0.0.1:"):
            raise AssertionError(greeting + process.stderr.read())
        yield process, greeting.split(" at ")[1].split(" ")[0]
    finally:
        process.kill()
        process.communicate()


def children(process: int) -> list[int]:
    """The processes that a process has started, read from Linux' /proc."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
