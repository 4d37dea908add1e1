"""Synthetic interactions: parts in order, few series per user, occasional strays."""

import csv
import io
from collections import Counter

import pytest
import series
from series import PARTS, STRAY, generate, make_world


def steps_of(user: str, rows: list[dict]) -> list[tuple[str, int]]:
    """Return (series, part) of one user, in order."""
    own = sorted((row["time"], row["item"]) for row in rows if row["user"] == user)
    return [(item.split()[0], int(item.split()[1])) for _, item in own]


def test_parts_follow_one_another() -> None:
    """Parts of a followed series come in order."""
    rows, in_order, followed = list(generate(users=200)), 0, 0
    for user in {row["user"] for row in rows}:
        seen: dict[str, int] = {}
        for name, part in steps_of(user, rows):
            if name in seen:
                followed += 1
                in_order += part == seen[name] % PARTS + 1
            seen[name] = part
    assert in_order / followed > 1 - 2 * STRAY


def test_everyone_follows_his_own_few() -> None:
    """Each user follows few series, different users different ones."""
    rows = list(generate(users=200, interests=2, longest=20))
    shares = []
    for user in {row["user"] for row in rows}:
        counts = Counter(name for name, _ in steps_of(user, rows))
        shares.append(sum(count for _, count in counts.most_common(2)) / counts.total())
    assert sum(shares) / len(shares) > 1 - 1.5 * STRAY


def test_nothing_is_taken_twice_and_the_world_repeats() -> None:
    """No item repeats in a history, and a seed gives the same world."""
    rows = list(generate(users=50, seed=4))
    assert len({(row["user"], row["item"]) for row in rows}) == len(rows)
    assert rows == list(generate(users=50, seed=4)) != list(generate(users=50, seed=5))
    assert len(make_world(users=50, seed=4).histories) == 50


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"interests": 0}, "--interests is 0"),
        ({"interests": 17}, "choose from 1 to 16"),
        ({"longest": 31}, "10 to 30"),
    ],
)
def test_worlds_that_cannot_be_are_refused(change: dict, said: str) -> None:
    """Impossible settings are errors."""
    with pytest.raises(ValueError, match=said):
        make_world(**change)


def test_the_command_writes_csv(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes CSV with the columns of the examples."""
    monkeypatch.setattr("sys.argv", ["series.py", "--users", "5", "--longest", "12"])
    series.main()
    written = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["item"] for row in written] == [row["item"] for row in generate(users=5, longest=12)]
