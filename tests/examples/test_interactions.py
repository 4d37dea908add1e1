"""Interactions: every format gives the same histories, held-out items stay unseen, errors are sentences."""

import argparse
import csv
import json
import random
from pathlib import Path

import pytest
import torch
from interactions import LEAST, Interactions, Others, add_data_arguments, group, load_interactions
from series import COLUMNS, generate, make_world

ROWS = list(generate(users=60, longest=12, seed=3))


def arguments(*words: str) -> argparse.Namespace:
    """Parse flags as the examples do."""
    parser = argparse.ArgumentParser()
    add_data_arguments(parser)
    return parser.parse_args(list(words))


def write(rows: list[dict], path: Path) -> Path:
    """Write the rows in the format of the path's suffix."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def tiny() -> Interactions:
    """Three users: items a to f are 1 to 6, of two categories."""
    histories = [[1, 2, 3, 4, 5], [2, 1, 4, 6, 3, 5], [6, 5, 4, 3, 2]]
    return Interactions(histories, ["", *"abcdef"], ["", *("x", "y") * 3])


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl", "hub-like"])
def test_every_place_gives_the_same_histories(name: str, tmp_path: Path) -> None:
    """CSV, TSV, JSON lines and a folder give the same histories."""
    place = tmp_path / name
    if name == "hub-like":
        place.mkdir()
        write(ROWS, place / "train.csv")
    else:
        write(ROWS, place)
    found = load_interactions(arguments("--data", str(place), "--category", "category"))
    assert found == group(ROWS, COLUMNS, "category", "rows")


def test_other_columns_and_ratings(tmp_path: Path) -> None:
    """Columns may have other names, and low ratings are left out on request."""
    rows = [
        {"userId": n % 13, "movieId": n // 13, "rating": 4.5 if n % 2 else 2, "timestamp": n}
        for n in range(260)
    ]
    place = str(write(rows, tmp_path / "ratings.csv"))
    names = ("--columns", "userId", "movieId", "timestamp")
    every = load_interactions(arguments("--data", place, *names))
    liked = load_interactions(arguments("--data", place, *names, "--at-least", "rating", "4"))
    assert sum(map(len, every.histories)) == 260 and sum(map(len, liked.histories)) == 130


def test_the_order_of_rows_does_not_matter() -> None:
    """Histories follow the times, not the file."""
    shuffled = ROWS.copy()
    random.Random(1).shuffle(shuffled)
    first, second = (group(rows, COLUMNS, "category", "rows") for rows in (ROWS, shuffled))
    assert sorted(map(tuple, first.histories)) == sorted(map(tuple, second.histories))


def test_what_is_taken_twice_counts_the_first_time() -> None:
    """A repeated item counts once, at its first time."""
    rows = [{"user": u, "item": i, "time": t} for u in range(LEAST) for t, i in enumerate("abcdeab")]
    assert group(rows, COLUMNS, None, "rows").histories == [[1, 2, 3, 4, 5]] * LEAST


def test_the_rare_is_dropped() -> None:
    """Items and users with too few interactions are dropped."""
    rows = [{"user": u, "item": i, "time": i} for u in range(LEAST) for i in range(LEAST)]
    rows += [{"user": 0, "item": 99, "time": 99}, {"user": 99, "item": 1, "time": 0}]
    found = group(rows, COLUMNS, None, "rows")
    assert found.items == ["", *map(str, range(LEAST))] and len(found.histories) == LEAST


def test_held_out_items_are_in_no_row(tiny: Interactions) -> None:
    """Training rows end before the held-out items and keep the newest."""
    assert tiny.rows(6, held_out=2).tolist() == [[1, 2, 3, 0, 0, 0], [2, 1, 4, 6, 0, 0], [6, 5, 4, 0, 0, 0]]
    assert tiny.rows(3, held_out=1).tolist() == [[2, 3, 4], [4, 6, 3], [5, 4, 3]]
    assert tiny.held_out(1).tolist() == [5, 5, 2] and tiny.held_out(2).tolist() == [4, 3, 3]
    assert tiny.popularity().tolist() == [0, 2, 2, 1, 2, 1, 2]


def test_categories_are_compared_and_filler_is_of_none(tiny: Interactions) -> None:
    """Equal categories compare as equal; filler never does."""
    one, other = torch.tensor([1, 2, 1, 0, 0, 3]), torch.tensor([3, 6, 2, 0, 1, 0])
    assert tiny.same_category(one, other).tolist() == [True, True, False, False, False, False]


def test_others_are_never_what_the_user_took() -> None:
    """Negative items were never taken by the user, and popular ones are drawn more often."""
    world = make_world(users=100, seed=2)
    drawn = Others(world, seed=1).draw(torch.arange(len(world.histories)), 50)
    taken = [set(history) for history in world.histories]
    assert not any(set(row) & own for row, own in zip(drawn.tolist(), taken, strict=True))
    counts, popularity = torch.bincount(drawn.flatten(), minlength=len(world.items)), world.popularity()
    common, rare = popularity >= popularity.float().quantile(0.8), popularity <= 1
    assert (
        counts[common].float().mean() > 2 * counts[rare].float().mean()
    )  # the popular ones are the hard ones
    assert counts[popularity == 0].sum() == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "https://example.org/ratings.csv"], "a URL; download it first"),
        (["--data", "no/such-place"], "no file or folder here, and it was not got from the hub"),
        (["--data", "{}/rows.txt"], "give a file that ends in .csv, .tsv"),
        (["--data", "{}/broken.jsonl"], "cannot be read"),
        (["--data", "{}/rows.csv", "--columns", "user", "movie", "time"], "has no column 'movie' but"),
        (["--data", "{}/rows.csv", "--category", "genre"], "has no column 'genre' but"),
        (["--data", "{}/holes.csv"], "row 2, has nothing in column 'item'; fill it in"),
        (["--data", "{}/few.csv"], "has no user with 5 items that 5 users took"),
        (["--data", "{}/rows.csv", "--at-least", "item", "4"], "item is .*; give a number"),
        (["--data", "{}/rows.csv", "--at-least", "time", "much"], "--at-least is 'much'; give a number"),
    ],
)
def test_bad_data_are_refused_in_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    """Unreadable data are one sentence with the remedy."""
    write(ROWS, tmp_path / "rows.csv")
    write(ROWS[:4], tmp_path / "few.csv")
    write([{"user": 1, "item": 1, "time": 1}, {"user": 1, "item": "", "time": 2}], tmp_path / "holes.csv")
    (tmp_path / "rows.txt").write_text("user item time\n")
    (tmp_path / "broken.jsonl").write_text('{"user": 1,\n')
    with pytest.raises(ValueError, match=said) as caught:
        load_interactions(arguments(*(word.format(tmp_path) for word in words)))
    assert "\n" not in str(caught.value)


def test_no_categories_no_comparison() -> None:
    """Comparing categories without any is an error that names the flag."""
    with pytest.raises(ValueError, match="no categories; name their column with --category"):
        group(ROWS, COLUMNS, None, "rows").same_category(torch.tensor(1), torch.tensor(2))
