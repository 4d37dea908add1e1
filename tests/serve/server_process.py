"""`seq2seq serve` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def start(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "seq2seq", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that has said where it is: its process and its address."""
    process = start(*arguments)
    try:
        assert process.stdout
        said = process.stdout.readline()
        assert said.startswith("Serving en to de at http://127.0.0.1:"), said + process.stderr.read()  # type: ignore[union-attr]
        yield process, said.split(" at ")[1].split(" ")[0]
    finally:
        process.kill()
        process.communicate()
