"""Ctrl-C and SIGTERM: the first signal saves and stops after the current update, the second stops at once.

Lightning handles them too, but stops without a checkpoint and without a message.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from .checkpoints import Checkpoints, StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals(Callback):
    """A context in which signals make `checkpoints` save and stop."""

    def __init__(self, checkpoints: Checkpoints):
        self.checkpoints = checkpoints

    def __enter__(self) -> None:
        self.before = {number: signal.signal(number, self._stop) for number in SIGNALS}

    def __exit__(self, *error: Any) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Install the handlers again: Lightning has just replaced them by its own."""
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.checkpoints.stop_requested:
            raise StoppedError("stopped at once; resume from the last checkpoint with --ckpt_path last")
        self.checkpoints.stop_requested = True
        # Not print, which is not reentrant: the signal may have interrupted one.
        os.write(sys.stderr.fileno(), b"\nstopping after the current update; a second signal stops at once\n")
