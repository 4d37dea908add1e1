"""`seq2seq train` as its command line runs it: here, or in a process of its own that gets real signals."""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from seq2seq.cli import main


def train(argv: Sequence[str]) -> int:
    """The exit code of `seq2seq train`."""
    return main(["train", *argv])


def start(argv: tuple[str, ...], said: Path, largest_file: int | None = None) -> BaseProcess:
    """Starts a training; what it says goes to a file, and no file that it writes may be larger than that."""
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
