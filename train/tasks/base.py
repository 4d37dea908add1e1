"""The base task: optimizer and schedule, a check for non-finite losses and gradients, resuming.

A task adds its model, its loss and its measures.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import Optimizer

from .loss import Loss
from .schedule import Schedule, factor, make_scheduler

SHOWN = 160  # characters of a sample


class BaseTask(LightningModule):
    """A model in training.

    A task's two passes over a batch give the same loss; the plain one is for torch.compile.

    Attributes:
        measures: what its validations log as valid_NAME.
        criterion: the measure that chooses the best checkpoint: the lowest loss, else the highest value.
        beta: decay of Adam's second moment.
    """

    measures: ClassVar[tuple[str, ...]] = ("loss",)
    criterion: ClassVar[str] = "loss"
    _fused_pass: Callable[..., Any]
    _plain_pass: Callable[..., Any]

    def __init__(
        self,
        learning_rate: float,
        schedule: Schedule,
        warmup: int,
        weight_decay: float,
        *,
        beta: float,
        label_smoothing: float,
        compile: bool,
    ):
        super().__init__()
        for name, value in (("learning_rate", learning_rate), ("weight_decay", weight_decay)):
            if value < 0:
                raise ValueError(f"task.{name} is {value}; give 0 or more")
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"task.label_smoothing is {label_smoothing}; give a number from 0 to below 1")
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.schedule, self.warmup, self.beta = schedule, warmup, beta
        self.label_smoothing = label_smoothing
        self._loss: Tensor = torch.zeros(())
        self._likelihood, self._tokens = torch.zeros(()), torch.zeros(())
        # A compiled function beside the module, not a compiled module: the weights keep their names.
        self._pass = torch.compile(self._plain_pass, dynamic=True) if compile else self._fused_pass

    def describe(self, entry: dict[str, float]) -> list[str]:
        """Return a validation in words: its scores, then lines of samples."""
        raise NotImplementedError

    def on_validation_epoch_start(self) -> None:
        """Reset the sums of `add_likelihood`."""
        self._likelihood = torch.zeros((), device=self.device)
        self._tokens = torch.zeros((), device=self.device)

    def add_likelihood(self, loss: Loss) -> None:
        """Add a batch to the likelihood of the validation texts."""
        self._likelihood += loss.likelihood
        self._tokens += loss.tokens

    def log_loss(self, mean: Tensor) -> None:
        """Log the loss of a training batch, and keep it for the check that it is finite."""
        self._loss = mean.detach()
        # Lightning cannot infer the size of our batches; the loss is a mean over tokens already.
        self.log("train_loss", self._loss, prog_bar=True, batch_size=1)

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Raise where loss or gradient is not finite, before it reaches the weights; log its norm, then clip.

        In 16-mixed precision gradients overflow now and then, and Lightning skips such an update. Elsewhere
        gradients are not scaled and are clipped here, since Lightning refuses to clip for a fused Adam in any
        mixed precision.
        """
        norm, scaled = self._loss, self.trainer.precision == "16-mixed"
        if not scaled:
            norm = nn.utils.get_total_norm([p.grad for p in self.parameters() if p.grad is not None])
            self.log("gradient_norm", norm, batch_size=1)
        self.log("learning_rate", optimizer.param_groups[0]["lr"], batch_size=1)
        if not torch.isfinite(self._loss + norm):
            raise FloatingPointError(
                f"loss or gradient of update {self.trainer.global_step + 1} is not finite; it changed "
                "nothing, resume with --ckpt_path last and a lower task.learning_rate or a longer task.warmup"
            )
        if scaled:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
        elif gradient_clip_val:
            clip = (
                nn.utils.clip_grad_value_ if gradient_clip_algorithm == "value" else nn.utils.clip_grad_norm_
            )
            clip(self.parameters(), gradient_clip_val)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Resume with the current settings: a changed learning rate applies from here on."""
        stored = {name: tensor.shape for name, tensor in checkpoint["state_dict"].items()}
        own = {name: tensor.shape for name, tensor in self.state_dict().items()}
        if different := sorted(dict(stored.items() ^ own.items())):
            raise ValueError(
                f"the checkpoint is of another model, {different[0]} differs; resume with the settings the "
                "run began with, they are in its config.yaml"
            )
        # Lightning restores the stored rates of the schedule: overwrite them by the current settings.
        (scheduler,), (optimizer,) = checkpoint["lr_schedulers"], checkpoint["optimizer_states"]
        next_update = scheduler["last_epoch"] + 1
        rate = self.learning_rate * factor(self.schedule, next_update, self.warmup, self.trainer.max_steps)
        scheduler["base_lrs"] = [self.learning_rate]
        for group in optimizer["param_groups"]:
            group |= {"lr": rate, "initial_lr": self.learning_rate, "weight_decay": self.weight_decay}

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return Adam as in Vaswani et al. 2017 (betas .9 and .98), its rate set at every update."""
        clipped_by_lightning = self.trainer.precision == "16-mixed" and bool(self.trainer.gradient_clip_val)
        optimizer = torch.optim.AdamW(
            self.parameters(),
            lr=self.learning_rate,
            betas=(0.9, self.beta),
            eps=1e-9,
            weight_decay=self.weight_decay,
            fused=not clipped_by_lightning,
        )
        scheduler = make_scheduler(optimizer, self.schedule, self.warmup, self.trainer.max_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def cut(text: str) -> str:
    """Return a text in one line, cut to a length that fits the screen."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
