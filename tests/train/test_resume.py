"""A stopped and resumed run ends as an uninterrupted one, bit for bit."""

import os
import random
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("lightning")

from training_process import train

from seq2seq.storage.model_directory import load_model
from train.arguments import TrainCLI
from train.callbacks.checkpoint_io import newest_checkpoint, read_checkpoint
from train.callbacks.checkpoints import Checkpoints, StoppedError
from train.command import TrainingRun
from train.run import RunFolder

DONE = 120  # seconds after which a process counts as hanging


class Losses(Checkpoints):
    """Checkpoints that also record each batch's loss, and stop after a given number of batches."""

    def __init__(self, folder: Path, stop: int | None, **settings: Any):
        super().__init__(folder, **settings)
        self.stop, self.losses, self.batches = stop, [], 0

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.losses.append(float(outputs["loss"]))
        self.batches += 1
        self.stop_requested = self.batches == self.stop
        super().on_train_batch_end(trainer, module, outputs, batch, batch_idx)


def fit(args: list[str], folder: Path, stop: int | None = None) -> list[float]:
    """Train or resume for at most `stop` batches; return the loss of each batch."""
    cli = TrainCLI([*args, "--run_dir", str(folder)])
    place = RunFolder(folder)
    checkpoint, _ = place.prepare(cli.config.ckpt_path)
    run = TrainingRun(cli, place, checkpoint)
    run.checkpoints = Losses(place.checkpoints, stop, **vars(cli.sections.checkpoints))
    run.progress.checkpoints = run.checkpoints
    run.trainer = run.make_trainer()
    try:
        run.train()
    except StoppedError:
        assert stop is not None
    return run.checkpoints.losses


def assert_same_end(one: Path, other: Path) -> None:
    """Assert that weights, optimizer, learning curve and model of two runs are equal."""
    first, second = (read_checkpoint(folder / "checkpoints" / "last.ckpt") for folder in (one, other))
    assert first["global_step"] == second["global_step"]
    for name, tensor in first["state_dict"].items():
        assert torch.equal(tensor, second["state_dict"][name]), name
    for index, state in first["optimizer_states"][0]["state"].items():
        for name, tensor in state.items():
            assert torch.equal(tensor, second["optimizer_states"][0]["state"][index][name]), name
    curves = [
        [{**entry, "minutes": 0} for callback in found["callbacks"].values() for entry in callback["history"]]
        for found in (
            {"callbacks": {k: v for k, v in each["callbacks"].items() if "history" in v}}
            for each in (first, second)
        )
    ]
    assert curves[0] == curves[1]
    weights = [(folder / "model" / "model.safetensors").read_bytes() for folder in (one, other)]
    assert weights[0] == weights[1]


EXACT = ["--trainer.accumulate_grad_batches=2", "--data.sampling=0.1", "--checkpoints.average=2"]
EXACT += ["--task.alignment.weight=0.1"]


@pytest.fixture(scope="module")
def uninterrupted(
    shared_recipe: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[float]]:
    """The folder of a run that was never stopped, and the loss of each batch."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    return folder, fit([*shared_recipe, *EXACT], folder)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(
    ("stop", "workers"),
    [(9, 0), (12, 0), (20, 2)],
    ids=["mid-accumulation", "at-validation", "mid-epoch, workers"],
)
def test_a_resumed_run_is_the_uninterrupted_one(
    shared_recipe: list[str],
    uninterrupted: tuple[Path, list[float]],
    tmp_path: Path,
    stop: int,
    workers: int,
) -> None:
    """A stopped and resumed run has the same losses, weights and model, wherever it was stopped."""
    args, (folder, straight) = [*shared_recipe, *EXACT], uninterrupted
    before = fit([*args, f"--data.workers={workers}"], tmp_path / "resumed", stop)
    after = fit([*args, f"--data.workers={workers}", "--ckpt_path", "last"], tmp_path / "resumed")
    assert len(before) == stop and len(straight) == 24 and before + after == straight
    assert_same_end(folder, tmp_path / "resumed")


def kill_after_a_save(process: BaseProcess, checkpoint: Path, moment: float) -> None:
    """Kill a process some seconds after it has written its next checkpoint."""
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    while process.is_alive() and (checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0) == before:
        process.join(0.01)
    process.join(moment)
    assert process.exitcode is None, "it ended before it could be killed; train longer"
    process.kill()
    process.join()


def test_killed_at_any_moment_it_goes_on_in_another_process(
    recipe: list[str], tmp_path: Path, start: Any
) -> None:
    """A run killed at any moment resumes in another process to the same model, without leftovers."""
    args = [*recipe, "--data.sampling=0.2", "--checkpoints.every=1", "--trainer.max_steps=60"]
    args += ["--trainer.val_check_interval=20"]
    folder, generator = tmp_path / "killed", random.Random()
    last = folder / "checkpoints" / "last.ckpt"
    for number in range(2):  # a fresh process and a resumed one
        resumed = ["--ckpt_path", "last"] if number else []
        process = start(*args, "--run_dir", str(folder), *resumed)
        kill_after_a_save(process, last, generator.uniform(0, 0.1))
        newest_checkpoint(folder / "checkpoints")
    assert read_checkpoint(last)["global_step"] >= 2  # each process has saved at least once
    process = start(*args, "--run_dir", str(folder), "--ckpt_path", "last")
    process.join(DONE)
    assert process.exitcode == 0, (tmp_path / "said").read_text()
    assert not list(folder.rglob(".*.new"))
    fit(args, tmp_path / "straight")
    assert_same_end(tmp_path / "straight", folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(
    recipe: list[str], tmp_path: Path, start: Any, number: int
) -> None:
    """A signal saves, stops and prints how to resume."""
    args = [*recipe, "--run_dir", str(tmp_path / "run"), "--checkpoints.every=3"]
    process = start(*args, "--trainer.max_steps=100000", "--trainer.val_check_interval=100000")
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    while process.is_alive() and not last.exists():
        process.join(0.01)
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join(DONE)
    said = (tmp_path / "said").read_text()
    done = read_checkpoint(last)["global_step"]
    assert process.exitcode == 1 and "Traceback" not in said
    assert said.splitlines()[-1] == (
        f"seq2seq: stopped after update {done}; resume with --ckpt_path last, or write the model as it "
        f"is with --ckpt_path last --trainer.max_steps {done}"
    )
    assert train([*args, "--ckpt_path", "last", "--trainer.max_steps", str(done)]) == 0
    assert f"It holds the last weights (update {done})" in (tmp_path / "run/model/README.md").read_text()


def test_a_run_out_of_time_writes_its_model(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that reaches trainer.max_time validates and writes its model."""
    args = [*recipe, "--run_dir", str(tmp_path / "run"), "--trainer.val_check_interval=100000"]
    assert train([*args, "--trainer.max_steps=100000", "--trainer.max_time=00:00:00:01"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'run' / 'model'}\n"
    found = read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")
    assert [entry["update"] for entry in found["callbacks"]["Checkpoints"]["history"]] == [
        found["global_step"]
    ]


def test_resuming_nothing_is_an_error(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resuming a folder without a run is an error."""
    assert train([*recipe, "--run_dir", str(tmp_path / "empty"), "--ckpt_path", "last"]) == 2
    assert "nothing to resume" in capsys.readouterr().err


def test_a_second_run_does_not_overwrite_the_first(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run in a folder is refused, and the first stays unchanged."""
    args = [*recipe, "--run_dir", str(tmp_path / "run")]
    fit(args, tmp_path / "run")
    before = (tmp_path / "run" / "checkpoints" / "last.ckpt").read_bytes()
    assert train(args) == 2
    assert "resume it with --ckpt_path last" in capsys.readouterr().err
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").read_bytes() == before


def test_a_lower_rate_counts_after_resuming(recipe: list[str], tmp_path: Path) -> None:
    """A resumed run takes the current learning rate, weight decay and patience."""
    args = [*recipe, "--task.schedule=constant"]
    fit(args, tmp_path / "run", 8)
    args += ["--task.learning_rate=1e-4", "--task.weight_decay=0.1", "--early_stopping.patience=7"]
    fit([*args, "--ckpt_path=last"], tmp_path / "run")
    found = read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")
    (group,) = found["optimizer_states"][0]["param_groups"]
    assert group["lr"] == found["lr_schedulers"][0]["_last_lr"][0] == 1e-4 and group["weight_decay"] == 0.1
    (stopping,) = (state for name, state in found["callbacks"].items() if name.startswith("EarlyStopping"))
    assert stopping["patience"] == 7


def test_a_run_that_stopped_early_stays_so(recipe: list[str], tmp_path: Path) -> None:
    """A run that stopped early stays stopped when resumed, unless its patience is raised."""
    args = [
        *recipe,
        "--early_stopping.patience=1",
        "--early_stopping.min_delta=100",
        "--trainer.max_steps=60",
    ]
    fit(args, tmp_path / "run")
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    assert read_checkpoint(last)["global_step"] == 12
    assert fit([*args, "--ckpt_path=last"], tmp_path / "run") == []
    assert fit([*args, "--ckpt_path=last", "--early_stopping.patience=2"], tmp_path / "run")
    assert read_checkpoint(last)["global_step"] == 18


def test_resuming_another_model_is_refused(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resuming with another shape is refused in one sentence."""
    args = [*recipe, "--run_dir", str(tmp_path / "run")]
    fit(args, tmp_path / "run", 2)
    assert train([*args, "--ckpt_path=last", "--model.feed_forward=32"]) == 2
    said = capsys.readouterr().err
    assert "model.feed_forward is 32, but the checkpoint has" in said and "Traceback" not in said


def test_a_checkpoint_that_does_not_say_what_it_began_with(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Checkpoints of older versions, without the start of the run, resume."""
    args = [*recipe, "--run_dir", str(tmp_path / "run")]
    fit(args, tmp_path / "run", 2)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    found = read_checkpoint(last)
    del found["start"]
    torch.save(found, last)
    assert train([*args, "--ckpt_path=last", "--model.feed_forward=32"]) == 1
    assert "the checkpoint is of another model, model.decoder.0" in capsys.readouterr().err
    assert train([*args, "--ckpt_path=last"]) == 0


def test_a_run_goes_on_with_the_shape_it_began_with(recipe: list[str], tmp_path: Path) -> None:
    """A resumed fine-tuning keeps the shape of the model of --init, such as its positions."""
    fit([*recipe, "--model.positions=rotary"], tmp_path / "first")
    start = ["--init", str(tmp_path / "first" / "model")]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    losses = fit([*recipe, *start], whole)
    halves = fit([*recipe, *start], parts, 5)
    halves += fit([*recipe, "--ckpt_path=last"], parts)
    assert halves == losses
    assert_same_end(whole, parts)
    assert load_model(parts / "model").model.config.positions == "rotary"
