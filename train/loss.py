"""Label-smoothed cross-entropy, and the distance of R-Drop.

    loss = sum over real tokens of -(1 - s) log p(target) - s/V sum_v log p(v)
    d loss / d logits = p - (1 - s) onehot(target) - s/V

On a vocabulary of thousands the loss is a good part of a step, so `smoothed_cross_entropy` walks
once over slices of rows that fit a processor's cache and writes the gradient as it goes; the plain
formula stands beside it (`plain_cross_entropy`), for compiled models and for the test.

Shapes: logits [N, V] (or [B, T, V]), targets [N] (or [B, T]) with PAD where nothing is asked.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seq2seq.config import PAD

SLICE_ELEMENTS = 1 << 20  # numbers a slice: 4 MB in float32


class Loss(NamedTuple):
    """Sums over the real tokens: what is minimised, the plain negative log-likelihood, how many tokens."""

    smoothed: Tensor
    likelihood: Tensor
    tokens: Tensor


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Loss:
    """The loss by slices: the same numbers as `plain_cross_entropy`, in one pass over the logits."""
    rows, wanted = logits.flatten(0, -2), targets.flatten()
    smoothed, likelihood = _SlicedLoss.apply(rows, wanted, smoothing)
    return Loss(smoothed, likelihood, (wanted != PAD).sum())


def plain_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Loss:
    """The loss as the formula says."""
    real = targets != PAD
    log_p = functional.log_softmax(logits.float(), dim=-1)
    likelihood = -log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1).masked_fill(~real, 0.0)
    uniform = -log_p.mean(dim=-1).masked_fill(~real, 0.0)
    smoothed = (1 - smoothing) * likelihood + smoothing * uniform
    return Loss(smoothed.sum(), likelihood.sum().detach(), real.sum())


def symmetric_divergence(first: Tensor, second: Tensor, targets: Tensor) -> Tensor:
    """Half of KL(p || q) + KL(q || p), summed over the real tokens (Liang et al. 2021, R-Drop, eq. 2)."""
    log_p = functional.log_softmax(first.float(), dim=-1)
    log_q = functional.log_softmax(second.float(), dim=-1)
    distance = ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(dim=-1)
    return distance.masked_fill(targets == PAD, 0.0).sum() / 2


class _SlicedLoss(torch.autograd.Function):
    """Loss and gradient of a slice of rows while its probabilities are still in the cache."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        vocabulary = logits.shape[1]
        real = (targets != PAD).float().unsqueeze(1)
        gradient = torch.empty_like(logits)
        smoothed = logits.new_zeros((), dtype=torch.float32)
        likelihood = logits.new_zeros((), dtype=torch.float32)
        size = max(1, SLICE_ELEMENTS // vocabulary) if logits.device.type == "cpu" else len(logits)
        for start in range(0, len(logits), size):
            part = slice(start, start + size)
            wanted, weight = targets[part].unsqueeze(1), real[part]
            log_p = functional.log_softmax(logits[part], dim=-1, dtype=torch.float32)
            negative = -log_p.gather(1, wanted) * weight
            uniform = -log_p.mean(dim=1, keepdim=True) * weight
            likelihood += negative.sum()
            smoothed += (1 - smoothing) * negative.sum() + smoothing * uniform.sum()
            p = log_p.exp_().sub_(smoothing / vocabulary)
            p.scatter_add_(1, wanted, torch.full_like(negative, smoothing - 1))
            gradient[part] = p.mul_(weight)
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(likelihood)
        return smoothed, likelihood

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(outer[0].to(gradient.dtype)), None, None
