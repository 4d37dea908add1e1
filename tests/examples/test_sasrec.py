"""SASRec: causal, the same step by step, better than its baselines on data with a known truth."""

import argparse
import sys
from pathlib import Path

import pytest
import sasrec
import torch
from interactions import Interactions
from sasrec import SASRec, measure, measure_look, newest_of_category, score_by_last_item, score_next, train
from series import generate, make_world
from test_interactions import write

LONGEST = 16


@pytest.fixture(scope="module")
def world() -> Interactions:
    """A small world: 1,000 users, two series each."""
    return make_world(users=1000, interests=2, longest=LONGEST, seed=1)


@pytest.fixture(scope="module")
def trained(world: Interactions) -> SASRec:
    """Two layers of width 24, briefly trained."""
    torch.manual_seed(1)
    model = SASRec(len(world.items), LONGEST, width=24, layers=2, heads=1, dropout=0.2)
    settings = {"longest": LONGEST, "learning_rate": 1e-2, "steps": 300, "batch": 64}
    train(model, world, argparse.Namespace(**settings))
    return model


@pytest.fixture
def untrained() -> SASRec:
    """Model of 13 items, two heads, in double precision."""
    torch.manual_seed(2)
    return SASRec(13, longest=7, width=8, layers=2, heads=2, dropout=0.1).double().eval()


def test_it_beats_popularity_and_the_last_item(trained: SASRec, world: Interactions) -> None:
    """HR and NDCG exceed those of popularity and of the last item."""
    popularity = world.popularity().float()
    popular = measure(lambda h: popularity.expand(len(h), -1), world, LONGEST, place=2)
    last = measure(score_by_last_item(world), world, LONGEST, place=2)
    ours = measure(lambda h: score_next(trained, h), world, LONGEST, place=2)
    print(popular, last, ours)
    assert ours[0] > last[0] + 0.05 > popular[0] + 0.05
    assert ours[1] > last[1] > popular[1]


def test_it_looks_where_series_were_left(trained: SASRec, world: Interactions) -> None:
    """Attention on the newest part of each series exceeds chance."""
    shares, chance = measure_look(trained, world, LONGEST)
    print(shares, chance)
    assert len(shares) == 2 and max(shares) > chance + 0.08


@torch.no_grad()
def test_it_reads_no_item_ahead(untrained: SASRec) -> None:
    """A later item does not change earlier predictions."""
    one, other = torch.tensor([[1, 5, 9, 4, 2]]), torch.tensor([[1, 5, 9, 12, 0]])
    torch.testing.assert_close(untrained(one).logits[:, :3], untrained(other).logits[:, :3])
    assert not torch.allclose(untrained(one).logits[:, 3], untrained(other).logits[:, 3])


@torch.no_grad()
def test_click_by_click_is_all_at_once(untrained: SASRec) -> None:
    """Reading items one by one gives the logits of the whole history."""
    items = torch.tensor([[1, 5, 9, 4, 2, 7], [3, 3, 8, 12, 6, 1]])
    at_once, memories = untrained(items).logits, untrained.empty_memories(2)
    steps = [untrained(items[:, t : t + 1], memories).logits for t in range(6)]
    torch.testing.assert_close(torch.cat(steps, dim=1), at_once, rtol=0, atol=1e-10)


@torch.no_grad()
def test_the_score_is_that_of_the_newest_item(untrained: SASRec) -> None:
    """Filler behind a short history does not change its scores."""
    found = score_next(untrained, torch.tensor([[1, 5, 0, 0], [2, 7, 9, 4]]))
    torch.testing.assert_close(found[0], untrained(torch.tensor([[1, 5]])).logits[0, -1])
    torch.testing.assert_close(found[1], untrained(torch.tensor([[2, 7, 9, 4]])).logits[0, -1])


def test_ranks_by_pencil() -> None:
    """HR and NDCG of a rank computed by hand; taken items are not ranked, ties do not win."""
    data = Interactions([[1, 2, 3, 4, 5]], [str(n) for n in range(30)], None)
    scores = torch.zeros(30)
    scores[:5] = 9  # filler and what was taken: not ranked
    scores[[6, 7, 8]] = 2
    scores[5] = 1
    assert measure(lambda h: scores[None], data, 4, place=1) == (1, pytest.approx(1 / 2.321928))  # rank 4
    scores[5:] = 1
    assert measure(lambda h: scores[None], data, 4, place=1) == (0, 0)  # 24 of 25 as good: rank 13


def test_where_categories_were_left_by_pencil() -> None:
    """The newest items of repeated categories are those found by hand."""
    data = Interactions([], ["", *"abcdef"], ["", *("x", "y", "x", "y", "x", "z")])
    found = newest_of_category(data, torch.tensor([[1, 2, 3, 6, 4, 5, 0], [2, 1, 0, 0, 0, 0, 0]]))
    assert found.int().tolist() == [[0, 0, 0, 0, 1, 1, 0], [0] * 7]


def test_the_command_on_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command runs on a file, with and without categories."""
    place = write(list(generate(users=60, longest=12)), tmp_path / "rows.jsonl")
    small = ["--data", str(place), "--longest", "8", "--width", "4", "--steps", "2", "--batch", "8"]
    for words, known in ((small, False), ([*small, "--category", "category"], True)):
        monkeypatch.setattr(sys, "argv", ["sasrec.py", *words])
        sasrec.main()
        shown = capsys.readouterr().out
        assert ("by chance" in shown) == known
        assert "SASRec " in shown and "next: " in shown


def test_errors_are_sentences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong flag is a sentence and exit code 2."""
    monkeypatch.setattr(sys, "argv", ["sasrec.py", "--width", "9", "--heads", "2", "--users", "20"])
    with pytest.raises(SystemExit) as ended:
        sasrec.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "--heads is 2, which does not divide --width 9; choose a divisor\n"
