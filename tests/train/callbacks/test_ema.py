"""The moving average of weights: by hand, through a stop, and as a candidate for the model."""

from pathlib import Path

import pytest
import torch
from torch import nn

pytest.importorskip("lightning")

from training_process import train

from train.callbacks.checkpoint_io import LAST, read_checkpoint
from train.callbacks.ema import MovingAverage


def test_average_by_hand() -> None:
    """The average starts at the weights and moves by 1 - min(decay, (1 + n) / (10 + n)) at update n."""
    layer = nn.Linear(1, 1, bias=False)
    moving = MovingAverage(0.3)
    expected = 0.0
    for number, value in enumerate((4.0, 8.0, 1.0, 2.0), 1):
        nn.init.constant_(layer.weight, value)
        moving.update(layer)
        kept = min(0.3, (1 + number) / (10 + number))
        expected = value if number == 1 else kept * expected + (1 - kept) * value
        assert moving.weights["weight"].item() == pytest.approx(expected)
    assert min(0.3, 5 / 14) == 0.3, "the decay itself was never reached"
    again = MovingAverage(0.3)
    again.load_state_dict(moving.state_dict())
    again.update(layer)
    moving.update(layer)
    assert torch.equal(again.weights["weight"], moving.weights["weight"])


def test_without_decay_nothing_is_kept() -> None:
    """Without decay no copy of the weights is made; a decay of 1 is refused."""
    moving = MovingAverage(0.0)
    moving.update(nn.Linear(2, 2))
    assert moving.weights == {}
    with pytest.raises(ValueError, match=r"checkpoints\.ema is 1\.0; give 0"):
        MovingAverage(1.0)


def test_a_stopped_run_goes_on_with_its_average(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resumed run has the same moving average as an uninterrupted one."""
    flags = ["--checkpoints.ema", "0.9"]
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    assert train([*recipe, *flags, "--run_dir", str(whole)]) == 0
    assert train([*recipe, *flags, "--run_dir", str(halved), "--trainer.max_steps", "6"]) == 0
    assert train([*recipe, *flags, "--run_dir", str(halved), "--ckpt_path", "last"]) == 0
    averages = [moving_of(run) for run in (whole, halved)]
    assert averages[0]["updates"] == averages[1]["updates"] == 12
    for name, tensor in averages[0]["weights"].items():
        assert torch.equal(tensor, averages[1]["weights"][name]), name
    state = read_checkpoint(whole / "checkpoints" / LAST)["state_dict"]
    assert any(not torch.equal(state[f"model.{n}"], t) for n, t in averages[0]["weights"].items())
    assert "the moving average of the weights (decay 0.9): valid BLEU" in capsys.readouterr().err


def moving_of(run: Path) -> dict:
    """Return the moving average of a run's last checkpoint."""
    callbacks = read_checkpoint(run / "checkpoints" / LAST)["callbacks"].values()
    (found,) = [state["moving"] for state in callbacks if "moving" in state]
    return found
