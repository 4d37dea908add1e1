"""Recommendation: with a known truth, target-aware pooling beats the mean and attends to the right items."""

import argparse
import sys
from pathlib import Path

import pytest
import target_aware
import torch
from interactions import Interactions
from series import generate, make_world
from target_aware import POOLINGS, Recommender, draw_table, first_mixed, measure_auc, measure_look, train
from test_interactions import write

LONGEST = 16


@pytest.fixture(scope="module")
def world() -> Interactions:
    """A small world: 400 users, two series each."""
    return make_world(users=400, interests=2, longest=LONGEST, seed=1)


@pytest.fixture(scope="module")
def trained(world: Interactions) -> dict[str, Recommender]:
    """A model per pooling, trained alike."""
    models = {}
    for pooling in POOLINGS:
        torch.manual_seed(1)
        models[pooling] = Recommender(len(world.items), 16, pooling)
        settings = {"seed": 1, "longest": LONGEST, "learning_rate": 1e-2, "steps": 500, "batch": 64}
        train(models[pooling], world, argparse.Namespace(**settings))
    return models


def auc(model: Recommender, world: Interactions) -> float:
    """Return AUC on the validation items."""
    return measure_auc(model.score, world, LONGEST, place=2)


def test_target_aware_beats_the_mean(trained: dict[str, Recommender], world: Interactions) -> None:
    """Target-aware pooling and cross-attention have a higher AUC than the mean."""
    reached = {pooling: auc(model, world) for pooling, model in trained.items()}
    print(reached)
    assert reached["target_aware"] > reached["mean"] + 0.05
    assert reached["cross"] > reached["mean"]


def test_it_looks_at_what_decides(trained: dict[str, Recommender], world: Interactions) -> None:
    """The strongest item is of the candidate's category far more often than by chance."""
    found, chance = measure_look(trained["target_aware"], world, LONGEST)
    print(found, chance)
    assert found > chance + 0.2
    assert measure_look(trained["mean"], world, LONGEST)[0] < found


@torch.no_grad()
@pytest.mark.parametrize("pooling", POOLINGS)
def test_filler_changes_nothing(pooling: str) -> None:
    """Filler behind a short history changes neither logits nor weights."""
    torch.manual_seed(2)
    model = Recommender(11, 8, pooling)
    short = model(torch.tensor([3]), torch.tensor([[5, 7]]))
    padded = model(torch.tensor([3]), torch.tensor([[5, 7, 0, 0, 0]]))
    torch.testing.assert_close(padded.logits, short.logits)
    torch.testing.assert_close(padded.weights, torch.cat([short.weights, torch.zeros(1, 3)], dim=1))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_new_user_is_judged(pooling: str) -> None:
    """An empty history gives finite logits and gradients."""
    model = Recommender(11, 8, pooling)
    logits = model(torch.tensor([3]), torch.zeros(1, 4, dtype=torch.long)).logits
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_auc_by_pencil(world: Interactions) -> None:
    """AUC is 1 for a perfect score, 0 for its opposite, 1/2 for a constant."""
    test = world.held_out(1)

    def knows(candidate: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return (candidate == test).float()

    assert measure_auc(knows, world, LONGEST, place=1) == 1
    assert measure_auc(lambda c, h: -knows(c, h), world, LONGEST, place=1) == 0
    assert measure_auc(lambda c, _: torch.zeros(len(c)), world, LONGEST, place=1) == 0.5


def test_the_table_shows_a_history_for_two_candidates(
    trained: dict[str, Recommender], world: Interactions
) -> None:
    """The table shows one history with different weights for two candidates."""
    lines = draw_table(trained["target_aware"], world, LONGEST).splitlines()
    history = [world.items[item] for item in world.histories[first_mixed(world)]]
    assert [" ".join(line.split()[:2]) for line in lines[1:]] == history[:-2]
    assert all(f"for {name}" in lines[0] for name in history[-2:])
    first, second = zip(*([word for word in line.split() if "." in word] for line in lines[1:]), strict=True)
    assert first != second


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command with these arguments."""
    monkeypatch.setattr(sys, "argv", ["target_aware.py", *words])
    target_aware.main()


def test_the_command_on_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command runs on a file, with and without categories."""
    place = write(list(generate(users=60, longest=12)), tmp_path / "rows.csv")
    small = ["--data", str(place), "--longest", "8", "--width", "4", "--steps", "2", "--batch", "8"]
    run(small, monkeypatch)
    assert "same category" not in (plain := capsys.readouterr().out) and "target_aware " in plain
    run([*small, "--category", "category"], monkeypatch)
    assert (
        "same category" in (shown := capsys.readouterr().out) and "by chance" in shown and "history" in shown
    )


def test_errors_are_sentences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong flag is a sentence and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        run(["--interests", "99"], monkeypatch)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "--interests is 99; choose from 1 to 16\n"


@pytest.mark.parametrize("words", [["--steps", "0"], ["--width", "-3"], ["--batch", "many"]])
def test_counts_are_checked(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts below 1 are errors."""
    with pytest.raises(SystemExit) as ended:
        run(words, monkeypatch)
    assert ended.value.code == 2
    assert "give a whole number, at least 1" in capsys.readouterr().err
