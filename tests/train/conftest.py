"""A tiny corpus, a recipe for it, and training in processes of its own."""

import json
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


def write_recipe(folder: Path, sentences: list[str]) -> list[str]:
    """Write a corpus of 40 pairs, some 8 batches an epoch; return arguments without a run folder."""
    for name, part in (("train", sentences[:40]), ("valid", sentences[40:50])):
        rows = [json.dumps({"en": text, "de": " ".join(reversed(text.split()))}) for text in part]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "tiny.yaml").write_text(RECIPE)
    return [
        *("--config", str(folder / "tiny.yaml")),
        *("--data.files", str(folder / "train.jsonl")),
        *("--data.valid_files", str(folder / "valid.jsonl")),
    ]


@pytest.fixture
def recipe(tmp_path: Path, sentences: list[str]) -> list[str]:
    """Arguments of a tiny training, without a run folder."""
    return write_recipe(tmp_path, sentences)


@pytest.fixture(scope="module")
def shared_recipe(tmp_path_factory: pytest.TempPathFactory, sentences: list[str]) -> list[str]:
    """The same arguments for trainings that several tests of a module share."""
    return write_recipe(tmp_path_factory.mktemp("shared"), sentences)


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., BaseProcess]:
    """A function that starts `seq2seq train` as a process; its output goes to tmp_path/said."""
    import training_process

    return lambda *argv, largest_file=None: training_process.start(argv, tmp_path / "said", largest_file)
