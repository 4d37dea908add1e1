"""Guided alignment: one cross-attention head learns word links beside translation.

    loss = - mean over linked target pieces t of log sum over source pieces s linked to t of weights[t, s]

Weights on the pieces of one word are summed, so that the head may look at any of them. A piece is trained at
the step whose input it is (row t + 1), where the decoder knows the word, or at the step that predicts it (row
t), where it does not yet (Garg et al. 2019, and Chen et al. 2020 for the shift). Pieces without a link have
no loss.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import ModelConfig

SMALLEST = 1e-6  # added to weights before the logarithm, which bounds loss and gradient of weights near 0


@dataclass(frozen=True)
class GuidedAlignment:
    """A head trained on word links, which the statistical aligner counts over the training texts.

    Args:
        weight: weight of its loss beside that of translation; 0 for off, 0.05 to 0.1 is usual.
        layer: its decoder layer, counted from 0, or from the last one by -1, -2 and so on.
        head: its number in that layer, counted from 0.
        read: the step at which a target token is aligned: the one whose input it is, or the one whose output.
    """

    weight: float = 0.0
    layer: int = -1
    head: int = 0
    read: Literal["input", "output"] = "input"

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"task.alignment.weight is {self.weight}; give 0 or more")

    def head_of(self, config: ModelConfig) -> AlignmentHead | None:
        """Return the head in a model of this shape, None where none is trained.

        Raises:
            ValueError: the model has no such layer or head.
        """
        if not self.weight:
            return None
        layers, heads = config.decoder_layers, config.cross_attention.heads
        if not -layers <= self.layer < layers:
            raise ValueError(f"task.alignment.layer is {self.layer}; the decoder has {layers} layers")
        if not 0 <= self.head < heads:
            raise ValueError(
                f"task.alignment.head is {self.head}; the cross-attention has {heads} heads, counted from 0"
            )
        return AlignmentHead(self.layer % layers, self.head, self.read)


def link_loss(weights: Tensor, links: Tensor, batch: int, read: Literal["input", "output"]) -> Tensor:
    """Return the loss of one head over the links of a batch, 0 where it has none.

    Shapes: weights [P * batch, T, S] of P passes over the batch, links [E, 3] (row, target piece, source
    piece).
    """
    row, target, source = links.unbind(1)
    # Row t + 1 has piece t as its input (row 0 has the start symbol).
    step = target + 1 if read == "input" else target
    passes = weights.float().reshape(-1, batch, *weights.shape[1:])  # [P, B, T, S]
    place = row * weights.shape[1] + step  # index of the linked row among all [B * T]
    rows = weights.new_zeros(len(passes), batch * weights.shape[1], dtype=torch.float32)
    sums = rows.index_add(1, place, passes[:, row, step, source])
    linked = torch.zeros_like(rows[0]).index_fill(0, place, 1.0)
    return -((sums + SMALLEST).log() * linked).sum() / (len(passes) * linked.sum()).clamp(min=1.0)
