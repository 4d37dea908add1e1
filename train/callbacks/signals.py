"""Ctrl-C and SIGTERM: the first ends the training after the update at hand, saved; the second at once.

Lightning listens to them too, but ends without a checkpoint and without a word.
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
    """While this context lasts, signals ask `checkpoints` to save and stop."""

    def __init__(self, checkpoints: Checkpoints):
        self.checkpoints = checkpoints

    def __enter__(self) -> None:
        self.before = {number: signal.signal(number, self._stop) for number in SIGNALS}

    def __exit__(self, *error: Any) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Take the signals back from Lightning, which has just put its own handlers before ours."""
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.checkpoints.stop_requested:
            raise StoppedError("stopped at once; go on from the last checkpoint with --ckpt_path last")
        self.checkpoints.stop_requested = True
        # Not print: the signal may have come in the middle of one.
        os.write(sys.stderr.fileno(), b"\nstopping after the update at hand; a second signal stops at once\n")
