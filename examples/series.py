"""Synthetic interactions with a known truth: each user follows a few series, part by part.

    a user       follows 3 of 16 series, each from a random part on
    each step    the next part of one of them at random; one time in ten any other item

So a candidate is relevant exactly to those who have come that far in its series: whether "chess 8" is next
depends on "chess 7" in the history and on nothing else. A few of the series are followed by many users.

    python examples/series.py > interactions.csv
"""

import argparse
import csv
import random
import sys
from collections.abc import Callable, Iterator

import torch
from interactions import FILLER, Interactions, Row, group, load_interactions, natural
from torch import Tensor

SERIES = [
    *("chess", "sailing", "baking", "opera", "robots", "gardens", "spies", "trains"),
    *("dragons", "surfing", "knots", "comets", "jazz", "castles", "horses", "magic"),
]
PARTS = 10
STRAY = 0.1  # share of steps that follow no series
COLUMNS = ("user", "item", "time")


def generate(users: int = 2000, interests: int = 3, longest: int = 24, seed: int = 1) -> Iterator[Row]:
    """Yield the interactions of `users` users, each half of `longest` to `longest` of them, by time.

    Raises:
        ValueError: a world that cannot be.
    """
    if not 1 <= interests <= len(SERIES):
        raise ValueError(f"--interests is {interests}; choose from 1 to {len(SERIES)}")
    if not 10 <= longest <= PARTS * interests:
        raise ValueError(
            f"--longest is {longest}; choose from 10 to {PARTS * interests}, the parts of {interests} series"
        )
    chance = random.Random(seed)
    for user in range(users):
        walk = _follow(chance, interests, chance.randint(longest // 2, longest))
        for time, (series, part) in enumerate(walk):
            yield {"user": f"u{user}", "item": f"{series} {part}", "time": time, "category": series}


def _follow(chance: random.Random, interests: int, length: int) -> list[tuple[str, int]]:
    fame = [1 / (rank + 3) for rank in range(len(SERIES))]
    followed: dict[str, int] = {}
    while len(followed) < interests:
        followed.setdefault(chance.choices(SERIES, fame)[0], chance.randrange(PARTS))
    walk: dict[tuple[str, int], None] = {}  # in order, each part once
    while len(walk) < length:
        series = chance.choice(list(followed))
        if chance.random() < STRAY:
            step = (chance.choice(SERIES), 1 + chance.randrange(PARTS))
        else:
            step = (series, 1 + followed[series] % PARTS)
            followed[series] += 1
        walk.setdefault(step)
    return list(walk)


def make_world(users: int = 2000, interests: int = 3, longest: int = 24, seed: int = 1) -> Interactions:
    """Return the same as histories."""
    return group(generate(users, interests, longest, seed), COLUMNS, "category", "the made-up world")


def score_by_truth(data: Interactions) -> Callable[[Tensor], Tensor]:
    """Return the true ranking of next items: due parts first, by how much of their series was taken.

    A function from histories [U, S] to scores [U, items].
    """
    numbers = {item: number for number, item in enumerate(data.items)}
    names = (item.rsplit(maxsplit=1) for item in data.items[1:])
    after = torch.tensor(
        [FILLER, *(numbers.get(f"{series} {int(part) % PARTS + 1}", FILLER) for series, part in names)]
    )
    every = torch.arange(len(data.items))

    def score(history: Tensor) -> Tensor:
        due = torch.zeros(len(history), len(data.items)).scatter(1, after[history], 1.0)
        return due * len(data.items) + data.same_category(history[:, :, None], every).sum(dim=1)

    return score


def add_world_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that shape the synthetic world."""
    world = parser.add_argument_group("the made-up world, used without --data")
    world.add_argument("--users", type=natural, default=2000)
    world.add_argument("--interests", type=natural, default=3, help="series that a user follows")


def chosen_data(arguments: argparse.Namespace) -> Interactions:
    """Return the data that --data names; without it the synthetic world."""
    if arguments.data is not None:
        return load_interactions(arguments)
    return make_world(arguments.users, arguments.interests, arguments.longest, arguments.seed)


def main() -> None:
    """Write the rows as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_world_arguments(parser)
    parser.add_argument("--longest", type=natural, default=24, help="items of the longest history")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    writer = csv.DictWriter(sys.stdout, [*COLUMNS, "category"], lineterminator="\n")
    writer.writeheader()
    try:
        writer.writerows(generate(arguments.users, arguments.interests, arguments.longest, arguments.seed))
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
