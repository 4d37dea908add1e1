"""`seq2seq train` by its command line, in this process or in one of its own that gets real signals."""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from seq2seq.cli import main


def train(argv: Sequence[str]) -> int:
    """Run `seq2seq train` and return its exit code."""
    return main(["train", *argv])


def start(argv: tuple[str, ...], said: Path, largest_file: int | None = None) -> BaseProcess:
    """Start a training with its output in a file; no file it writes may exceed `largest_file` bytes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["train.command"])  # imported once, not once a process
    process = context.Process(target=_train, args=(argv, said, largest_file))
    process.start()
    return process


def _train(argv: tuple[str, ...], said: Path, largest_file: int | None) -> None:
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if largest_file is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.exit(train(argv))
