"""What a run keeps, so that a killed training goes on as if nothing had happened.

Weights, optimiser, schedule, place in the data and learning curve are in each checkpoint, and so are the
random numbers and the gradients of an update that is half accumulated. A checkpoint is taken at the end of
a validation or of a batch that none follows, so that a resumed run neither skips nor repeats one.
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
    """Keeps the last, the best and the weights to be averaged; and makes a resumed run the same run.

    Random numbers are kept with the weights, and restored at the first batch after resuming, when
    everything that draws on the way has drawn.

    Args:
        folder: where the checkpoints go.
        measures: what a validation logs.
        criterion: the measure that the best is chosen by.
        average: how many of the last validations' weights are kept for the average.
        every: save last.ckpt also every so many updates; 0 for at validations only.
        ema: decay of a moving average of the weights, which may become the model; 0 for none, 0.999 is usual.
        storage: how the model is stored in the end: in 16 bit, or its matrices in 8 bit with a scale a row,
            half as large; the scores of its card are those of the stored model.
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
        self.start: dict[str, Any] | None = None  # what the run began with, plain data (`Start.to_json`)
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
        """The validation that was best by the task's criterion, the earliest of equals."""
        sign = -1 if self.criterion == "loss" else 1
        return max(self.history, key=lambda entry: sign * entry[self.criterion], default=None)

    def state_dict(self) -> dict[str, Any]:
        """The learning curve, the time spent and the moving average."""
        return {"history": self.history, "seconds": self.seconds, "moving": self.moving.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that learning curve."""
        self.history, self._seconds = list(state["history"]), state["seconds"]
        if "moving" in state:  # checkpoints of older runs have none
            self.moving.load_state_dict(state["moving"])

    def on_save_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what the run began with, random numbers, and the gradients of an update half accumulated."""
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
        checkpoint["start"] = self.start
        checkpoint["exact"] = {"random": states, "gradients": gradients}

    def on_load_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep what `on_train_batch_start` restores; early stopping is as patient as it is told now."""
        self._resumed = checkpoint["exact"]
        for callback in trainer.early_stopping_callbacks:
            if callback.state_key in checkpoint["callbacks"]:
                checkpoint["callbacks"][callback.state_key]["patience"] = callback.patience

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """The clock of this process starts; a run that had stopped early stays so."""
        self._since = time.monotonic()
        waits = [(each.wait_count, each.patience) for each in trainer.early_stopping_callbacks]
        trainer.should_stop = any(waited >= patience for waited, patience in waits)

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
        loop = trainer.fit_loop.epoch_loop
        if not loop._should_accumulate():
            self.moving.follow(module.model)  # type: ignore[arg-type]
        if loop._should_check_val_fx(trainer.fit_loop._data_fetcher):  # type: ignore[arg-type]
            return  # `on_validation_end` does it
        stop = self._asked_to_stop(trainer)
        due = self.every and trainer.global_step % self.every == 0 and trainer.global_step != self._saved
        if stop or trainer.global_step == trainer.max_steps or (due and not loop._should_accumulate()):
            self._save(trainer, LAST)
        if stop:
            self._end(trainer)

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Write down the scores; save weights, where it is the best, and last."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        entry = self.measure(trainer)
        self.history.append(entry)
        # last.ckpt comes last: killed before it, the run goes back to where none of this was there yet.
        if trainer.is_global_zero:
            self._keep_weights(module, trainer.global_step)
        if self.best is entry:
            self._save(trainer, BEST)
            if trainer.is_global_zero:
                with (self.folder / BEST).open("rb") as best:
                    write_beside(self.folder / LAST, lambda file: shutil.copyfileobj(best, file))
        else:
            self._save(trainer, LAST)
        if self._asked_to_stop(trainer):
            self._end(trainer)

    def measure(self, trainer: Trainer) -> dict[str, float]:
        """A point of the learning curve: what the validation that just ended found, and when."""
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
                        "saved; go on with --ckpt_path last and a lower task.learning_rate"
                    )
        trainer.save_checkpoint(self.folder / name)
        self._saved = trainer.global_step

    def _asked_to_stop(self, trainer: Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(self.stop_requested, all=False)

    def _end(self, trainer: Trainer) -> None:
        raise StoppedError(
            f"stopped after update {trainer.global_step}; go on with --ckpt_path last, or write the model as "
            f"it is with --ckpt_path last --trainer.max_steps {trainer.global_step}"
        )

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


class StoppedError(Exception):
    """A training that was asked to stop and has saved where it stands."""
