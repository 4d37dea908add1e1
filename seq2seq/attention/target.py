"""Target-aware pooling: one vector of a history, weighted by relevance to a candidate.

    a_s = MLP([c, h_s, c - h_s, c * h_s])        relevance of item s of the history to the candidate c
    pooled = sum_s a_s h_s                       the history as this candidate sees it

The weights are no softmax and need not sum to 1: a history with many items like the candidate weighs more
than one with a single such item. Another candidate gets another vector of the same history.
Source: Zhou et al. 2018 (Deep Interest Network), section 4.3, eq. 3.
"""

import torch
from torch import Tensor, nn

from seq2seq.attention.attend import Attended
from seq2seq.attention.score import TargetAwareScore


class TargetAwarePooling(nn.Module):
    """Pooling of a history for one candidate, by DIN's activation unit.

    `hidden` is the width of the unit's hidden layer (36 in the paper).
    """

    def __init__(self, width: int, hidden: int = 36):
        super().__init__()
        self.score = TargetAwareScore(width, hidden)

    def forward(self, candidate: Tensor, history: Tensor, present: Tensor | None = None) -> Attended:
        """Pool the history, each item weighted by its relevance to the candidate.

        Shapes: candidate [B, M], history [B, S, M], present [B, S] boolean (true = a real item) ->
        context [B, M], weights [B, S]. An empty history gives zeros.

        Raises:
            ValueError: `present` is not boolean, or has not one value for each item.
        """
        if present is not None and (present.dtype != torch.bool or present.shape != history.shape[:2]):
            raise ValueError(
                f"present is of {present.dtype} and {list(present.shape)}; give booleans of "
                f"{list(history.shape[:2])}, true for a real item"
            )
        weights = self.score(candidate[:, None, None], history[:, None])[:, 0, 0]
        if present is not None:
            weights = weights.masked_fill(~present, 0.0)
        return Attended((weights[:, None] @ history).squeeze(1), weights)
