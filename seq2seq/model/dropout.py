"""Dropout whose random numbers are cheap on a processor.

    y = x / (1 - p) where a 16-bit random number reaches 65536 p, else 0

torch draws one Bernoulli number an element, one after the other; here one 64-bit draw serves four
elements, which on a CPU takes a tenth of the time off a training step. p is met to 1/65536. On
other devices, and in compiled graphs, torch's own dropout is the faster one.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seq2seq.attention.transforms import transformed


class Dropout(nn.Module):
    """Zero each element with probability p while training, and scale up the rest."""

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return x
        if x.device.type != "cpu" or torch.compiler.is_compiling() or transformed():
            return functional.dropout(x, self.p)
        return x * keep_mask(x.shape, self.p) * (1 / (1 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}"


def keep_mask(shape: torch.Size, p: float) -> Tensor:
    """A boolean mask, each element true with probability 1 - p, from torch's own generator."""
    count = shape.numel()
    draws = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    # Read as signed 16-bit numbers the draws are uniform from -32768 to 32767.
    return (draws.view(torch.int16)[:count] >= round(p * 65536) - 32768).view(shape)
