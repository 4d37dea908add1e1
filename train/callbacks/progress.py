"""The progress of a run on standard error: a bar on a terminal, and a line at each validation."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from tqdm import tqdm

from .checkpoints import Checkpoints


class Progress(Callback):
    """Updates, loss and speed (real source and target tokens per second, validation excluded)."""

    def __init__(self, checkpoints: Checkpoints, bar: bool):
        self.checkpoints = checkpoints
        self.visible = bar and sys.stderr.isatty()
        self._bar: tqdm | None = None
        self._tokens, self._seconds, self._started = 0, 0.0, 0.0

    @property
    def speed(self) -> float:
        """Tokens per second since the last validation."""
        return self._tokens / self._seconds if self._seconds else 0.0

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Draw the bar on a terminal."""
        if self.visible and trainer.is_global_zero:
            total = trainer.max_steps if trainer.max_steps > 0 else None
            self._bar = tqdm(total=total, initial=trainer.global_step, unit="update", dynamic_ncols=True)
        self._started = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch's tokens; advance the bar after an update."""
        now = time.monotonic()
        self._tokens, self._seconds, self._started = (
            self._tokens + batch.tokens,
            self._seconds + now - self._started,
            now,
        )
        module.log("tokens_per_second", self.speed, batch_size=1)
        if self._bar is not None and trainer.global_step > self._bar.n:
            loss = float(trainer.callback_metrics.get("train_loss", float("nan")))
            self._bar.set_postfix_str(f"loss {loss:.3f}, {self.speed:,.0f} tokens/s", refresh=False)
            self._bar.update(trainer.global_step - self._bar.n)

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Print a line of scores, and the samples below it."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking and trainer.is_global_zero:
            entry = self.checkpoints.measure(trainer)
            scores, *samples = module.describe(entry)  # type: ignore[operator]
            when = "update {update:.0f}, {minutes:.1f} min".format(**entry)
            losses = "train loss {train_loss:.3f}, valid loss {loss:.3f}".format(**entry)
            self.say(f"{when}: {losses}, {scores} ({self.speed:,.0f} tokens/s)")
            for sample in samples:
                self.say(sample)
        # The time of the validation does not count for the speed.
        self._tokens, self._seconds, self._started = 0, 0.0, time.monotonic()

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Close the bar where training fails."""
        self.on_train_end(trainer, module)

    @contextmanager
    def counting(self, task: str, total: int) -> Iterator[Callable[[], object]]:
        """Show a bar for work before training, on a terminal; yield the function that advances it."""
        with tqdm(total=total, desc=task, leave=False, disable=not self.visible) as bar:
            yield bar.update

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)
