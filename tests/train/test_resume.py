"""A run that was stopped and resumed must end with the weights of one that was not, bit for bit."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("lightning")

from train.checkpointing import Checkpoints, StoppedError, read_checkpoint
from train.command import TrainCLI, TrainingRun, main
from train.run import RunFolder

RECIPE = """
data: {vocabulary_size: 100, batch_tokens: 64, valid_sentences: 4}
model: {width: 16, feed_forward: 32, encoder_layers: 1, decoder_layers: 1, dropout: 0.3, max_length: 64}
task: {warmup: 5, samples: 0}
trainer: {max_steps: 40, val_check_interval: 10, accelerator: cpu, enable_progress_bar: false}
"""


@pytest.fixture
def recipe(tmp_path: Path, sentences: list[str]) -> list[str]:
    """A recipe and a corpus of 40 pairs: some 8 batches an epoch."""
    for name, part in (("train", sentences[:40]), ("valid", sentences[40:50])):
        rows = [json.dumps({"en": text, "de": " ".join(reversed(text.split()))}) for text in part]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return [
        *("--config", str(tmp_path / "tiny.yaml")),
        f'--data.files=["{tmp_path / "train.jsonl"}"]',
        f'--data.valid_files=["{tmp_path / "valid.jsonl"}"]',
    ]


class Losses(Checkpoints):
    """Checkpoints that also write down each batch's loss, and stop after a given number of batches."""

    def __init__(self, folder: Path, stop: int | None, **settings: Any):
        super().__init__(folder, **settings)
        self.stop, self.losses, self.batches = stop, [], 0

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.losses.append(float(outputs["loss"]))
        self.batches += 1
        self.stop_requested = self.batches == self.stop
        super().on_train_batch_end(trainer, module, outputs, batch, batch_idx)


def fit(args: list[str], folder: Path, stop: int | None = None) -> list[float]:
    """Train (or go on) up to `stop` batches more; the loss of each batch."""
    cli = TrainCLI([*args, "--run_dir", str(folder)])
    place = RunFolder(folder)
    checkpoint, _ = place.prepare(cli.config.ckpt_path)
    run = TrainingRun(cli, place)
    run.checkpoints = Losses(place.checkpoints, stop, **vars(cli.sections.checkpoints))
    run.progress.checkpoints = run.checkpoints
    run.trainer = run.make_trainer()
    try:
        run.train(checkpoint)
    except StoppedError:
        assert stop is not None
    return run.checkpoints.losses


@pytest.mark.parametrize("stop", [16, 20, 23], ids=["mid-epoch", "at-validation", "mid-accumulation"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_run_is_the_uninterrupted_one(
    recipe: list[str], tmp_path: Path, stop: int, workers: int
) -> None:
    """Else a killed training silently becomes another: other batches, other dropout, other weights."""
    args = [
        *recipe,
        "--trainer.accumulate_grad_batches=2",
        "--data.sampling=0.1",
        f"--data.workers={workers}",
        "--trainer.max_steps=20",
    ]
    straight = fit(args, tmp_path / "straight")
    before = fit(args, tmp_path / "resumed", stop)
    after = fit([*args, "--ckpt_path", "last"], tmp_path / "resumed")
    assert len(before) == stop and before + after == straight
    one, other = (
        read_checkpoint(tmp_path / name / "checkpoints" / "last.ckpt") for name in ("straight", "resumed")
    )
    assert one["global_step"] == other["global_step"] == 20
    for name, tensor in one["state_dict"].items():
        assert torch.equal(tensor, other["state_dict"][name]), name
    for index, state in one["optimizer_states"][0]["state"].items():
        for name, tensor in state.items():
            assert torch.equal(tensor, other["optimizer_states"][0]["state"][index][name]), name


def test_resuming_nothing_is_an_error(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a misspelt folder silently starts a new training."""
    assert main([*recipe, "--run_dir", str(tmp_path / "empty"), "--ckpt_path", "last"]) == 2
    assert "nothing to resume" in capsys.readouterr().err
