"""An exponential moving average (EMA) of the weights, updated during training.

    average <- d * average + (1 - d) * weights      after each update, d = min(decay, (1 + n) / (10 + n))

The smaller d of the first updates n lets the average forget the initial random weights.
"""

from typing import Any

import torch
from torch import Tensor, nn


class MovingAverage:
    """The moving average of one model's weights; none with decay 0."""

    def __init__(self, decay: float):
        if not 0 <= decay < 1:
            raise ValueError(f"checkpoints.ema is {decay}; give 0 (none) to below 1, such as 0.999")
        self.decay, self.updates = decay, 0
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards the weights after an update."""
        if not self.decay:
            return
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, tensor in model.state_dict().items():
            average = self.weights.get(name)
            # Integer buffers have no meaningful average.
            if average is None or not tensor.is_floating_point():
                self.weights[name] = tensor.detach().clone()
            else:
                self.weights[name] = average.to(tensor).lerp_(tensor, 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        """Return the average and its number of updates."""
        return {"weights": self.weights, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the average; without one it starts from the weights at the next update."""
        if self.decay:
            self.weights, self.updates = dict(state["weights"]), state["updates"]
