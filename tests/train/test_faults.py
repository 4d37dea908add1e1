"""Faults in a training: a full disk, a damaged checkpoint, divergence, a loader that dies."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("lightning")

from training_process import train

from train.arguments import TrainCLI
from train.callbacks.checkpoint_io import newest_checkpoint, read_checkpoint, write_beside
from train.command import TrainingRun
from train.run import RunFolder

DONE = 120  # seconds after which a process counts as hanging


@pytest.fixture(scope="module")
def trained_once(shared_recipe: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 12 updates, validated at 6 and 12."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert train([*shared_recipe, "--run_dir", str(folder)]) == 0
    return folder


@pytest.fixture
def trained(shared_recipe: list[str], trained_once: Path, tmp_path: Path) -> list[str]:
    """Arguments of a copy of that run."""
    shutil.copytree(trained_once, tmp_path / "run")
    return [*shared_recipe, "--run_dir", str(tmp_path / "run")]


def checkpoint(tmp_path: Path, name: str = "last.ckpt") -> Path:
    return tmp_path / "run" / "checkpoints" / name


def test_a_full_disk_is_said_and_the_checkpoint_survives(
    trained: list[str], tmp_path: Path, start: Any
) -> None:
    """On a full disk the run ends with an error, and the last checkpoint stays whole."""
    before = checkpoint(tmp_path).read_bytes()
    resumed = [*trained, "--ckpt_path=last", "--checkpoints.every=1", "--trainer.max_steps=20"]
    process = start(*resumed, largest_file=len(before) // 2)
    process.join(DONE)
    said = (tmp_path / "said").read_text()
    assert process.exitcode == 1 and "Traceback" not in said
    assert said.splitlines()[-1].startswith(f"seq2seq: {checkpoint(tmp_path)} cannot be written, after")
    assert "File too large); free the disk" in said
    assert checkpoint(tmp_path).read_bytes() == before
    assert not list(tmp_path.rglob(".*.new"))
    assert train(resumed) == 0


def test_writing_keeps_the_one_before(tmp_path: Path) -> None:
    """A written last.ckpt leaves the one before as last.previous.ckpt, also after a failure."""
    path = tmp_path / "last.ckpt"
    for text in (b"one", b"two", b"three"):
        write_beside(path, lambda file, text=text: file.write(text))
    assert path.read_bytes() == b"three" and (tmp_path / "last.previous.ckpt").read_bytes() == b"two"

    def fail(file: Any) -> None:
        file.write(b"fo")
        raise OSError(28, "No space left on device")

    with pytest.raises(
        OSError, match=r"last\.ckpt cannot be written, after .*No space left on device\); free"
    ):
        write_beside(path, fail)
    assert path.read_bytes() == b"three" and len(list(tmp_path.iterdir())) == 2


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(1024))


@pytest.mark.parametrize("damage", [truncate, overwrite])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any
) -> None:
    """A damaged checkpoint is named, and the run resumes from the one before."""
    damage(checkpoint(tmp_path))
    capsys.readouterr()
    assert train([*trained, "--ckpt_path=last", "--trainer.max_steps=13"]) == 0
    (first, *_) = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{checkpoint(tmp_path)} is damaged")
    assert first.endswith(f"resuming from {checkpoint(tmp_path, 'last.previous.ckpt')}")
    assert read_checkpoint(checkpoint(tmp_path))["global_step"] == 13


def test_all_checkpoints_damaged_is_said(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If all checkpoints are damaged, the error names each of them."""
    for name in ("last.ckpt", "last.previous.ckpt", "best.ckpt"):
        truncate(checkpoint(tmp_path, name))
    with pytest.raises(
        ValueError, match=r"nothing to resume .*last\.ckpt is damaged .*best\.ckpt is damaged"
    ):
        newest_checkpoint(tmp_path / "run" / "checkpoints")
    assert train([*trained, "--ckpt_path=last"]) == 2


@pytest.mark.parametrize("damage", [truncate, Path.unlink])
def test_without_its_best_weights_a_run_still_gives_a_model(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any
) -> None:
    """Without a readable best.ckpt the last weights become the model."""
    damage(checkpoint(tmp_path, "best.ckpt"))
    assert train([*trained, "--ckpt_path=last"]) == 0
    said = capsys.readouterr().err
    assert "the last weights (update 12; " in said and "best.ckpt is damaged or no checkpoint" in said


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    """Reading a checkpoint never runs code from it."""

    class Canary:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(tmp_path / "canary"),))

    torch.save({"state_dict": Canary(), "loops": 0, "callbacks": 0}, tmp_path / "last.ckpt")
    with pytest.raises(ValueError, match=r"last\.ckpt is damaged or no checkpoint"):
        read_checkpoint(tmp_path / "last.ckpt")
    assert not (tmp_path / "canary").exists()


def test_divergence_stops_before_it_reaches_a_checkpoint(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A diverging run stops with advice, and its checkpoints stay finite."""
    args = [*recipe, "--run_dir", str(tmp_path / "run"), "--checkpoints.every=1", "--trainer.max_steps=40"]
    assert train([*args, "--task.learning_rate=1e38", "--task.warmup=30"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "is not finite" in said and "a lower task.learning_rate" in said
    for path in (tmp_path / "run" / "checkpoints").glob("*.ckpt"):
        state = read_checkpoint(path)["state_dict"]
        assert all(bool(torch.isfinite(tensor).all()) for tensor in state.values())


def test_a_poisoned_weight_stops_at_its_update(recipe: list[str], tmp_path: Path) -> None:
    """A NaN weight stops the run at the next update, without a checkpoint."""
    cli = TrainCLI([*recipe, "--run_dir", str(tmp_path / "run")])
    run = TrainingRun(cli, RunFolder(tmp_path / "run"))
    with torch.no_grad():
        next(run.task.model.decoder.parameters()).view(-1)[0] = float("nan")
    with pytest.raises(FloatingPointError, match=r"loss or gradient of update 1 is not finite; it changed"):
        run.train()
    assert not checkpoint(tmp_path).exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the process in /proc")
def test_a_loader_that_dies_ends_the_training(recipe: list[str], tmp_path: Path, start: Any) -> None:
    """A killed loader process ends the training with an error."""
    args = [*recipe, "--run_dir", str(tmp_path / "run"), "--data.workers=2", "--trainer.max_steps=100000"]
    process = start(*args, "--trainer.val_check_interval=100000", "--checkpoints.every=5")
    while process.is_alive() and not checkpoint(tmp_path).exists():
        process.join(0.01)
    os.kill(loader_worker(process.pid), signal.SIGKILL)
    process.join(DONE)
    said = (tmp_path / "said").read_text()
    assert process.exitcode == 1 and "Traceback" not in said
    assert "a loader process died" in said.splitlines()[-1] and "--ckpt_path last" in said.splitlines()[-1]
    assert read_checkpoint(checkpoint(tmp_path))["global_step"] >= 5


def loader_worker(trainer: int) -> int:
    """Return the process id of a loader that a training's fork server started."""
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat")]
    fields = [stat.rpartition(")")[2].split() for stat in stats]
    pids = [int(stat.split()[0]) for stat in stats]
    parents = {pid: int(parent) for pid, (_, parent, *_) in zip(pids, fields, strict=True)}
    return next(pid for pid, parent in parents.items() if parents.get(parent) == trainer)
