"""What a run keeps on disk, so that a killed training goes on as if nothing had happened.

    checkpoints/last.ckpt            everything, at each validation; last.previous.ckpt is the one before
    checkpoints/best.ckpt            the same, at the best validation
    checkpoints/weights/N.safetensors    weights alone of the last few validations, for the average

A file is written beside its place, forced to the disk (fsync) and then renamed. Lightning's own save
goes through the temporary directory, which may be another file system, and then is not atomic.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import safetensors.torch
import torch
from lightning import LightningModule, Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

LAST, PREVIOUS, BEST = "last.ckpt", "last.previous.ckpt", "best.ckpt"


def write_beside(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file as a whole or not at all; an OSError names it, and what stood there survives."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into a RuntimeError
        fresh.unlink(missing_ok=True)
        raise OSError(
            f"{path} cannot be written ({getattr(error, 'strerror', None) or error}); free the disk or allow "
            "writing there, then go on with --ckpt_path last: the checkpoint before is whole"
        ) from error


class SafeCheckpointIO(TorchCheckpointIO):
    """Checkpoints written beside and renamed, read as plain data only."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint as a whole or not at all."""
        write_beside(Path(path), lambda file: torch.save(checkpoint, file))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint; never anything that could run code."""
        return read_checkpoint(Path(path))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours; ValueError names a file that is damaged or of something else."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged zip or pickle raises nearly anything
        raise ValueError(f"{path} is damaged or no checkpoint; remove it and use an earlier one") from error
    if not isinstance(found, dict) or not {"state_dict", "loops", "callbacks"} <= found.keys():
        raise ValueError(f"{path} is no checkpoint of a training; remove it and use an earlier one")
    return found


def newest_checkpoint(folder: Path) -> tuple[Path, list[str]]:
    """The newest checkpoint of a run that is whole, and a sentence for each that is not.

    Raises:
        ValueError: there is none.
    """
    complaints = []
    for path in (folder / LAST, folder / PREVIOUS, folder / BEST):
        if path.is_file():
            try:
                read_checkpoint(path)
            except ValueError as error:
                complaints.append(str(error))
            else:
                return path, complaints
    raise ValueError(
        f"there is nothing to resume in {folder}"
        + (f" ({'; '.join(complaints)})" if complaints else "")
        + "; leave out --ckpt_path to start anew"
    )


class Checkpoints(Checkpoint):
    """Keeps the last, the best and the weights to be averaged; and makes a resumed run the same run.

    Random numbers are kept with the weights, and restored at the first batch after resuming, when
    everything that draws on the way has drawn.

    Args:
        folder: where the checkpoints go.
        average: how many of the last validations' weights are kept for the average.
        every: save last.ckpt also every so many updates; 0 for at validations only.
    """

    def __init__(self, folder: Path, average: int = 10, every: int = 0):
        for name, value, least in (("average", average, 1), ("every", every, 0)):
            if value < least:
                raise ValueError(f"checkpoints.{name} is {value}; give at least {least}")
        self.folder, self.average, self.every = folder, average, every
        self.history: list[dict[str, float]] = []
        self.stop_requested = False
        self._seconds = 0.0  # of training, before this process resumed
        self._since = time.monotonic()
        self._saved = -1
        self._resumed: dict[str, Any] | None = None

    @property
    def seconds(self) -> float:
        """Time spent in this run so far, over all its resumptions."""
        return self._seconds + time.monotonic() - self._since

    @property
    def best(self) -> dict[str, float] | None:
        """The validation with the highest BLEU, the earliest of equals."""
        return max(self.history, key=lambda entry: entry["bleu"], default=None)

    def state_dict(self) -> dict[str, Any]:
        """The learning curve and the time spent."""
        return {"history": self.history, "seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that learning curve."""
        self.history, self._seconds = list(state["history"]), state["seconds"]

    def on_save_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add random numbers, and the gradients of an update that is only half accumulated."""
        random: dict[str, Any] = {"cpu": torch.get_rng_state()}
        if module.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(module.device)
        states: list[Any] = [random]
        if trainer.world_size > 1:
            states = [None] * trainer.world_size
            torch.distributed.all_gather_object(states, random)
        gradients = {}
        if trainer.fit_loop.epoch_loop._should_accumulate():
            gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
        checkpoint["exact"] = {"random": states, "gradients": gradients}

    def on_load_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep what `on_train_batch_start` restores."""
        self._resumed = checkpoint["exact"]

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """The clock of this process starts."""
        self._since = time.monotonic()

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """At the first batch of a resumed run, put back random numbers and half an update."""
        if self._resumed is None:
            return
        states, gradients = self._resumed["random"], self._resumed["gradients"]
        self._resumed = None
        if trainer.global_rank < len(states):
            torch.set_rng_state(states[trainer.global_rank]["cpu"])
            if module.device.type == "cuda" and "cuda" in states[trainer.global_rank]:
                torch.cuda.set_rng_state(states[trainer.global_rank]["cuda"], module.device)
        for name, parameter in module.named_parameters():
            if name in gradients:
                parameter.grad = gradients[name].to(parameter.device)

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch; save where it is due or somebody asked to stop."""
        trainer.datamodule.taken += 1  # type: ignore[attr-defined]
        if self.stop_requested:
            self.save_last(trainer)
            raise StoppedError(
                f"stopped after update {trainer.global_step}; go on with --ckpt_path last, or write the "
                f"model as it is with --ckpt_path last --trainer.max_steps {trainer.global_step}"
            )
        due = self.every and trainer.global_step % self.every == 0
        if (
            due
            and trainer.global_step != self._saved
            and not trainer.fit_loop.epoch_loop._should_accumulate()
        ):
            self.save_last(trainer)

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Write down the scores; save last, weights and, where it is, best."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        entry = self.measure(trainer)
        self.history.append(entry)
        self.save_last(trainer)
        if trainer.is_global_zero:
            self._keep_weights(module, trainer.global_step)
            if self.best is entry:
                self._copy_to_best()

    def measure(self, trainer: Trainer) -> dict[str, float]:
        """A point of the learning curve: what the validation that just ended found, and when."""
        measured = {name: float(value) for name, value in trainer.callback_metrics.items()}
        entry = {name: measured[f"valid_{name}"] for name in ("loss", "perplexity", "bleu", "chrf")}
        entry["train_loss"] = measured.get("train_loss", float("nan"))
        return entry | {"update": float(trainer.global_step), "minutes": self.seconds / 60}

    def save_last(self, trainer: Trainer) -> None:
        """Save last.ckpt; the one there was becomes the previous one."""
        last = self.folder / LAST
        if trainer.is_global_zero and last.is_file():
            last.replace(self.folder / PREVIOUS)
        trainer.save_checkpoint(last)
        self._saved = trainer.global_step

    def weights(self) -> list[Path]:
        """The kept weights, oldest first."""
        return sorted((self.folder / "weights").glob("*.safetensors"), key=lambda path: int(path.stem))

    def _keep_weights(self, module: LightningModule, update: int) -> None:
        state: dict[str, Tensor] = module.model.state_dict()  # type: ignore[union-attr]
        own = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        data = safetensors.torch.save(own)
        write_beside(self.folder / "weights" / f"{update}.safetensors", lambda file: file.write(data))
        later = [path for path in self.weights() if int(path.stem) > update]  # of a run that went back
        for path in [*later, *self.weights()[: -self.average]]:
            path.unlink(missing_ok=True)

    def _copy_to_best(self) -> None:
        with (self.folder / LAST).open("rb") as source:
            write_beside(self.folder / BEST, lambda file: shutil.copyfileobj(source, file))


class StoppedError(Exception):
    """A training that was asked to stop and has saved where it stands."""
