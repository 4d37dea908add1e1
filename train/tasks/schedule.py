"""Learning-rate schedules: a linear warm-up to the peak, then one of three decays, or none.

    inverse_sqrt   peak * sqrt(warmup / n)                      Vaswani et al. 2017, without a last update
    linear         peak * (steps - n) / (steps - warmup)        to zero at the last update
    cosine         peak * (1 + cos(pi (n - warmup) / (steps - warmup))) / 2
    constant       peak

n counts updates from 1, so the rate of the first update is not 0.
"""

import math
from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

Schedule = Literal["inverse_sqrt", "linear", "cosine", "constant"]


def factor(schedule: Schedule, update: int, warmup: int, steps: int) -> float:
    """Return the share of the peak rate that update number `update` (from 1) uses."""
    if update < warmup:
        return update / warmup
    left = max(0.0, (steps - update) / max(1, steps - warmup))
    match schedule:
        case "inverse_sqrt":
            return math.sqrt(max(1, warmup) / update)
        case "linear":
            return left
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * (1 - left)))
        case "constant":
            return 1.0


def make_scheduler(optimizer: Optimizer, schedule: Schedule, warmup: int, steps: int) -> LambdaLR:
    """Return a scheduler to be stepped after each update.

    `steps` is the number of updates of the whole training, which linear and cosine need. A training that ends
    before its warm-up only warms up.

    Raises:
        ValueError: a negative warm-up, or linear and cosine without a last update.
    """
    if warmup < 0:
        raise ValueError(f"task.warmup is {warmup}; give a number of updates, 0 for none")
    if schedule in ("linear", "cosine") and steps < 1:
        raise ValueError(
            f"task.schedule {schedule} falls until trainer.max_steps, which is {steps}; set it, or choose "
            "inverse_sqrt or constant"
        )
    return LambdaLR(optimizer, lambda done: factor(schedule, done + 1, warmup, steps))
