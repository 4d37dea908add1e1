"""Learning rates, by hand."""

import math

import pytest
import torch

from train.tasks.schedule import Schedule, factor, make_scheduler

BY_HAND = [
    ("constant", {1: 0.25, 2: 0.5, 4: 1, 9: 1, 12: 1}),
    ("inverse_sqrt", {1: 0.25, 3: 0.75, 4: 1, 9: 2 / 3, 16: 0.5, 400: 0.1}),
    ("linear", {1: 0.25, 4: 1, 6: 0.75, 8: 0.5, 12: 0, 13: 0}),
    ("cosine", {1: 0.25, 4: 1, 6: 0.5 + math.sqrt(0.125), 8: 0.5, 12: 0, 13: 0}),
]


@pytest.mark.parametrize(("schedule", "rates"), BY_HAND)
def test_rates_by_hand(schedule: Schedule, rates: dict[int, float]) -> None:
    """Rates of each schedule by hand: warm-up 4, 12 updates in all."""
    assert {update: factor(schedule, update, 4, 12) for update in rates} == pytest.approx(rates)


@pytest.mark.parametrize("schedule", ["constant", "inverse_sqrt", "linear", "cosine"])
def test_no_warm_up_begins_at_the_peak(schedule: Schedule) -> None:
    """Without warm-up the first update has the peak rate."""
    assert factor(schedule, 1, 0, 1_000_000) == pytest.approx(1, rel=1e-5)


def test_optimiser_moves_from_its_first_update_on() -> None:
    """The optimizer has the first rate, not 0, at its first update."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=8.0)
    scheduler = make_scheduler(optimizer, "linear", 2, 4)
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == [4.0, 8.0, 4.0, 0.0]


def test_contradictions_are_refused() -> None:
    """A negative warm-up, and a decay without a last update, are refused."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match=r"task\.warmup is -1"):
        make_scheduler(optimizer, "constant", -1, 10)
    for schedule in ("linear", "cosine"):
        with pytest.raises(
            ValueError, match=rf"{schedule} falls until trainer\.max_steps, which is -1; set it"
        ):
            make_scheduler(optimizer, schedule, 10, -1)
