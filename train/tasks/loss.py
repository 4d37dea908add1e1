"""Label-smoothed cross-entropy, and the divergence of R-Drop.

    loss = sum over real tokens of -(1 - s) log p(target) - s/V sum_v log p(v)
           + r_drop * sum over real tokens of (KL(p || q) + KL(q || p)) / 2      p, q: two dropout passes
    d loss / d logits = p - (1 - s) onehot(target) - s/V  (+ the divergence's, see `_divergence_`)

On a vocabulary of thousands, output layer and loss are a good part of an update. `fused_loss` computes both
at once, in slices of rows that fit a processor's cache, and computes the gradient in the same pass: the
logits of a batch never exist as a whole, those of padding are never computed. `plain_loss` is the formula
beside it, for compiled models and for the test.

Shapes: states [P * B, T, M] of P passes over a batch (2 with R-Drop), table [V, M], logits [P * B, T, V],
targets [B, T] with PAD where there is no target.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seq2seq.config import PAD

SLICE_ELEMENTS = {"cpu": 3 << 19, "cuda": 1 << 27}  # logits a slice: 6 MB in float32 on a CPU


class Loss(NamedTuple):
    """Sums over the real tokens of all passes: the loss, the negative log-likelihood, the count."""

    total: Tensor
    likelihood: Tensor
    tokens: Tensor


def fused_loss(states: Tensor, table: Tensor, targets: Tensor, smoothing: float, r_drop: float = 0.0) -> Loss:
    """Return output layer and loss in one: the numbers of `plain_loss(states @ table.T, ...)`."""
    passes = len(states) // len(targets)
    apply: Callable[..., tuple[Tensor, Tensor]] = _FusedLoss.apply  # torch has no types for it
    by_pass = states.reshape(passes, len(targets), *states.shape[1:])
    total, likelihood = apply(by_pass, table, targets, smoothing, r_drop)
    return Loss(total, likelihood, passes * (targets != PAD).sum())


def plain_loss(logits: Tensor, targets: Tensor, smoothing: float, r_drop: float = 0.0) -> Loss:
    """Return the loss by the formula."""
    passes = len(logits) // len(targets)
    ids = targets.repeat(passes, 1)
    real = ids != PAD
    exact = torch.promote_types(logits.dtype, torch.float32)
    log_p = functional.log_softmax(logits, dim=-1, dtype=exact)
    likelihood = -log_p.gather(-1, ids.unsqueeze(-1)).squeeze(-1).masked_fill(~real, 0.0).sum()
    uniform = -log_p.mean(dim=-1).masked_fill(~real, 0.0).sum()
    total = (1 - smoothing) * likelihood + smoothing * uniform
    if r_drop:
        first, second = log_p.chunk(2)
        total = total + r_drop * _symmetric_divergence(first, second, targets)
    return Loss(total, likelihood.detach(), real.sum())


def _symmetric_divergence(log_p: Tensor, log_q: Tensor, targets: Tensor) -> Tensor:
    """Return half of KL(p || q) + KL(q || p), summed over real tokens (Liang et al. 2021, R-Drop, eq. 2)."""
    distance = ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(dim=-1)
    return distance.masked_fill(targets == PAD, 0.0).sum() / 2


class _FusedLoss(torch.autograd.Function):
    """A slice of rows from states to gradients, while its probabilities are still in the cache."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, table: Tensor, targets: Tensor, smoothing: float, r_drop: float
    ) -> tuple[Tensor, Tensor]:
        device = states.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
        real = targets != PAD
        rows, ids = states[:, real].to(kind), targets[real]  # [P, E, M], [E]: E real tokens
        weight = table.to(kind)
        of_rows, of_table = torch.empty_like(rows), torch.zeros_like(table)
        # Sums over thousands of terms lose digits in 16 bit.
        exact = torch.promote_types(kind, torch.float32)
        total, likelihood = (torch.zeros((), dtype=exact, device=states.device) for _ in range(2))
        passes, count, width = rows.shape
        # Slices small enough for the cache: each is written and read several times.
        size = max(1, SLICE_ELEMENTS[device] // (passes * len(table)))
        with torch.autocast(device, enabled=False):
            for start in range(0, count, size):
                part = rows[:, start : start + size].flatten(0, 1)
                answers = ids[start : start + size].repeat(passes).unsqueeze(1)
                log_p = functional.log_softmax(part @ weight.t(), dim=-1, dtype=exact)
                negative = -log_p.gather(1, answers)
                likelihood += negative.sum()
                total += (1 - smoothing) * negative.sum() - smoothing * log_p.mean(dim=1).sum()
                gradient = log_p.exp()
                if r_drop:
                    total += r_drop * _divergence_(gradient, log_p, r_drop)
                # d loss / d logits = p - (1 - s) onehot - s/V, in place in the one buffer of the slice.
                gradient.sub_(smoothing / len(table))
                gradient.scatter_add_(1, answers, torch.full_like(negative, smoothing - 1))
                gradient = gradient.to(kind)
                of_rows[:, start : start + size] = (gradient @ weight).view(passes, -1, width)
                of_table += gradient.t() @ part
        of_states = torch.zeros_like(states)
        of_states[:, real] = of_rows.to(states.dtype)
        ctx.save_for_backward(of_states, of_table)
        ctx.mark_non_differentiable(likelihood)
        return total, likelihood

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        # The gradients were computed with the loss; only the outer factor was unknown then.
        of_states, of_table = ctx.saved_tensors
        return of_states * outer[0], of_table * outer[0], None, None, None


def _divergence_(gradient: Tensor, log_probability: Tensor, weight: float) -> Tensor:
    """Return the divergence of the halves of a slice [2 E, V]; add its gradient times `weight` in place.

    d/d logits of p = (p (log p/q - KL(p || q)) + p - q) / 2, of q likewise; `gradient` holds p above q.
    """
    p, q = gradient.chunk(2)
    log_p, log_q = log_probability.chunk(2)
    ratio, difference = log_p - log_q, p - q
    of_p, of_q = p * ratio, q * ratio
    forward, backward = of_p.sum(dim=1, keepdim=True), -of_q.sum(dim=1, keepdim=True)
    of_p.addcmul_(p, forward, value=-1).add_(difference)
    of_q.neg_().addcmul_(q, backward, value=-1).sub_(difference)
    p.add_(of_p, alpha=weight / 2)
    q.add_(of_q, alpha=weight / 2)
    return (forward.sum() + backward.sum()) / 2
