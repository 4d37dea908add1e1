"""The exponential moving average of a training's weights, kept beside them.

    average <- d * average + (1 - d) * weights      after each update, d = min(decay, (1 + n) / (10 + n))

The smaller d of the first updates n lets the average forget the random weights it began with.
"""

from typing import Any

import torch
from torch import Tensor, nn


class MovingAverage:
    """The average of one model's weights; with decay 0 there is none."""

    def __init__(self, decay: float):
        if not 0 <= decay < 1:
            raise ValueError(f"checkpoints.ema is {decay}; give 0 (none) to below 1, such as 0.999")
        self.decay, self.updates = decay, 0
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
        """Move towards the weights after one update."""
        if not self.decay:
            return
        self.updates += 1
        kept = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, tensor in model.state_dict().items():
            average = self.weights.get(name)
            if average is None or not tensor.is_floating_point():
                self.weights[name] = tensor.detach().clone()
            else:
                self.weights[name] = average.to(tensor).lerp_(tensor, 1 - kept)

    def state_dict(self) -> dict[str, Any]:
        """The average, and how many updates it has seen."""
        return {"weights": self.weights, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that average; where there is none, with the weights as they are."""
        if self.decay:
            self.weights, self.updates = dict(state["weights"]), state["updates"]
