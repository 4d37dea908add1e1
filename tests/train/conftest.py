"""A tiny corpus, a recipe for it, and training in processes of its own."""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

RECIPE = """
data: {vocabulary_size: 60, batch_tokens: 64, valid_sentences: 4}
model: {width: 8, feed_forward: 16, encoder_layers: 1, decoder_layers: 1, dropout: 0.3, max_length: 64}
task: {warmup: 5, samples: 0}
trainer: {max_steps: 12, val_check_interval: 6, accelerator: cpu, enable_progress_bar: false}
"""


@pytest.fixture
def recipe(tmp_path: Path, sentences: list[str]) -> list[str]:
    """Arguments of a training of 40 pairs, some 8 batches an epoch; its run folder is not among them."""
    for name, part in (("train", sentences[:40]), ("valid", sentences[40:50])):
        rows = [json.dumps({"en": text, "de": " ".join(reversed(text.split()))}) for text in part]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return [
        *("--config", str(tmp_path / "tiny.yaml")),
        *("--data.files", str(tmp_path / "train.jsonl")),
        *("--data.valid_files", str(tmp_path / "valid.jsonl")),
    ]


Start = Callable[..., BaseProcess]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts `seq2seq train` as a process; what it says goes to tmp_path/said."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["train.command"])  # imported once, not once a process

    def begin(*argv: str, largest_file: int | None = None) -> BaseProcess:
        process = context.Process(target=_train, args=(argv, tmp_path / "said", largest_file))
        process.start()
        return process

    return begin


def _train(argv: tuple[str, ...], said: Path, largest_file: int | None) -> None:
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from seq2seq.cli import main

    if largest_file is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.exit(main(["train", *argv]))
