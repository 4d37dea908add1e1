"""Checkpoints from which a resumed run continues exactly as an uninterrupted one.

Each checkpoint has weights, optimizer, schedule, position in the data, learning curve, the states of the
random generators, and the gradients of a partly accumulated update. It is written at the end of a validation,
or of a batch that no validation follows, so that a resumed run neither skips nor repeats a validation.
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

from seq2seq.storage.quantization import StorageFormat

from .checkpoint_io import BEST, LAST, write_beside
from .ema import MovingAverage


class Checkpoints(Checkpoint):
    """The last and the best checkpoint, and the weights of the last validations; exact resuming.

    The states of random generators are restored at the first batch after resuming: what comes before
    (loaders, sanity checks) draws numbers, too.

    Args:
        folder: where the checkpoints go.
        measures: what a validation logs.
        criterion: the measure that chooses the best checkpoint.
        average: number of last validations whose weights are averaged.
        every: save last.ckpt also every so many updates; 0 for at validations only.
        ema: decay of a moving average of the weights, a candidate for the model; 0 for none, 0.999 is usual.
        storage: format of the stored model: 16 bit, or matrices in 8 bit with a scale per row, half as large;
            the scores of its card are those of the stored model.
    """

    def __init__(
        self,
        folder: Path,
        measures: Sequence[str] = ("loss", "perplexity", "bleu", "chrf"),
        criterion: str = "bleu",
        average: int = 10,
        every: int = 0,
        ema: float = 0.0,
        storage: StorageFormat = "float16",
    ):
        for name, value, least in (("average", average, 1), ("every", every, 0)):
            if value < least:
                raise ValueError(f"checkpoints.{name} is {value}; give at least {least}")
        self.folder, self.average, self.every, self.storage = folder, average, every, storage
        self.measures, self.criterion = measures, criterion
        self.moving = MovingAverage(ema)
        self.history: list[dict[str, float]] = []
        self.start: dict[str, Any] | None = None  # the start of the run (`Initialization.to_json`)
        self.stop_requested = False
        self._seconds = 0.0  # of training, before this process resumed
        self._since = time.monotonic()
        self._saved = -1
        self._resumed: dict[str, Any] | None = None

    @property
    def seconds(self) -> float:
        """Seconds spent in this run so far, over all its resumptions."""
        return self._seconds + time.monotonic() - self._since

    @property
    def best(self) -> dict[str, float] | None:
        """The best validation by the task's criterion, the earliest of equals."""
        sign = -1 if self.criterion == "loss" else 1
        return max(self.history, key=lambda entry: sign * entry[self.criterion], default=None)

    def state_dict(self) -> dict[str, Any]:
        """Return the learning curve, the time spent and the moving average."""
        return {"history": self.history, "seconds": self.seconds, "moving": self.moving.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the learning curve, the time spent and the moving average."""
        self.history, self._seconds = list(state["history"]), state["seconds"]
        if "moving" in state:  # checkpoints of older runs have none
            self.moving.load_state_dict(state["moving"])

    def on_save_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the start of the run, the random states, and the gradients of a partly accumulated update."""
        random: dict[str, Any] = {"cpu": torch.get_rng_state()}
        if module.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(module.device)
        # Each process has its own dropout, so rank 0 collects the states of all.
        states: list[Any] = [random]
        if trainer.world_size > 1:
            states = [None] * trainer.world_size
            torch.distributed.all_gather_object(states, random)
        gradients = {}
        if trainer.fit_loop.epoch_loop._should_accumulate():
            gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
        checkpoint["start"] = self.start
        checkpoint["exact"] = {"random": states, "gradients": gradients}

    def on_load_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Store what `on_train_batch_start` restores; early stopping takes the current patience."""
        self._resumed = checkpoint["exact"]
        for callback in trainer.early_stopping_callbacks:
            if callback.state_key in checkpoint["callbacks"]:
                checkpoint["callbacks"][callback.state_key]["patience"] = callback.patience

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Start the clock; a run that had stopped early stays stopped."""
        self._since = time.monotonic()
        waits = [(callback.wait_count, callback.patience) for callback in trainer.early_stopping_callbacks]
        trainer.should_stop = any(waited >= patience for waited, patience in waits)

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Restore random states and accumulated gradients at the first batch of a resumed run."""
        if self._resumed is None:
            return
        states, gradients = self._resumed["random"], self._resumed["gradients"]
        self._resumed = None
        if trainer.global_rank < len(states):  # the run may resume with more processes
            torch.set_rng_state(states[trainer.global_rank]["cpu"])
            if module.device.type == "cuda" and "cuda" in states[trainer.global_rank]:
                torch.cuda.set_rng_state(states[trainer.global_rank]["cuda"], module.device)
        for name, parameter in module.named_parameters():
            if name in gradients:
                parameter.grad = gradients[name].to(parameter.device)

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch; save where a checkpoint is due or a stop was requested."""
        trainer.datamodule.taken += 1  # type: ignore[attr-defined]
        # Lightning has no public way to ask whether an update is complete or a validation follows.
        loop = trainer.fit_loop.epoch_loop
        if not loop._should_accumulate():
            self.moving.update(module.model)  # type: ignore[arg-type]
        if loop._should_check_val_fx(trainer.fit_loop._data_fetcher):  # type: ignore[arg-type]
            return  # `on_validation_end` does it
        stop = self._stop_requested(trainer)
        due = self.every and trainer.global_step % self.every == 0 and trainer.global_step != self._saved
        if stop or trainer.global_step == trainer.max_steps or (due and not loop._should_accumulate()):
            self._save(trainer, LAST)
        if stop:
            self._end(trainer)

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Record the scores; save the weights, the best checkpoint if this is it, and the last one."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        entry = self.measure(trainer)
        self.history.append(entry)
        # last.ckpt comes last: a run killed before it resumes from before this validation and repeats it.
        if trainer.is_global_zero:
            self._save_weights(module, trainer.global_step)
        if self.best is entry:
            self._save(trainer, BEST)
            if trainer.is_global_zero:  # a copy: collecting the state a second time takes longer
                with (self.folder / BEST).open("rb") as best:
                    write_beside(self.folder / LAST, lambda file: shutil.copyfileobj(best, file))
        else:
            self._save(trainer, LAST)
        if self._stop_requested(trainer):
            self._end(trainer)

    def measure(self, trainer: Trainer) -> dict[str, float]:
        """Return a point of the learning curve: measures of the validation that just ended, and the time."""
        measured = {name: float(value) for name, value in trainer.callback_metrics.items()}
        entry = {name: measured[f"valid_{name}"] for name in self.measures}
        entry["train_loss"] = measured.get("train_loss", float("nan"))
        return entry | {"update": float(trainer.global_step), "minutes": self.seconds / 60}

    def _save(self, trainer: Trainer, name: str) -> None:
        for parameter_name, parameter in trainer.lightning_module.named_parameters():
            for tensor in (parameter, parameter.grad):
                if tensor is not None and not torch.isfinite(tensor).all():
                    raise FloatingPointError(
                        f"{parameter_name} is not finite after update {trainer.global_step}, so nothing was "
                        "saved; resume with --ckpt_path last and a lower task.learning_rate"
                    )
        trainer.save_checkpoint(self.folder / name)
        self._saved = trainer.global_step

    def _stop_requested(self, trainer: Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(self.stop_requested, all=False)

    def _end(self, trainer: Trainer) -> None:
        raise StoppedError(
            f"stopped after update {trainer.global_step}; resume with --ckpt_path last, or write the model "
            f"as it is with --ckpt_path last --trainer.max_steps {trainer.global_step}"
        )

    def weights(self) -> list[Path]:
        """Return the files of the last validations' weights, oldest first."""
        return sorted((self.folder / "weights").glob("*.safetensors"), key=lambda path: int(path.stem))

    def _save_weights(self, module: LightningModule, update: int) -> None:
        state: dict[str, Tensor] = module.model.state_dict()  # type: ignore[union-attr]
        own = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        data = safetensors.torch.save(own)
        write_beside(self.folder / "weights" / f"{update}.safetensors", lambda file: file.write(data))
        later = [
            path for path in self.weights() if int(path.stem) > update
        ]  # of a run that resumed from an earlier checkpoint
        for path in [*later, *self.weights()[: -self.average]]:
            path.unlink(missing_ok=True)


class StoppedError(Exception):
    """A training that was stopped by request, after saving a checkpoint."""
