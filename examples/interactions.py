"""Interactions of users with items: rows of user, item and time, as one history per user, oldest first.

    rows --`datasets`--> (user, item, time[, category]) --by user, by time--> Interactions

The rows come from a data set on the hub, a folder laid out like one, or a CSV, TSV, JSON-lines or Parquet
file. The last item of a history is the test, the one before it the validation, the rest is for training, as
in SASRec (Kang and McAuley 2018). Items are numbered from 1; 0 is filler.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

Row = dict[str, Any]

LEAST = 5  # interactions of an item, then of a user, for them to be kept: the 5-core of the papers
FILLER = 0
READERS = {".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".json": "json", ".parquet": "parquet"}


@dataclass(frozen=True)
class Interactions:
    """Histories of all users, as numbers of items.

    `items` and `categories` hold the name and the category of each number (filler: empty); without
    categories the latter is None.
    """

    histories: list[list[int]]
    items: list[str]
    categories: list[str] | None

    def __str__(self) -> str:
        count = sum(map(len, self.histories))
        return f"{len(self.histories):,} users, {len(self.items) - 1:,} items, {count:,} interactions"

    def rows(self, longest: int, held_out: int) -> Tensor:
        """Return the newest `longest` items of each history without its last `held_out`: [users, longest]."""
        rows = torch.full((len(self.histories), longest), FILLER)
        for row, history in zip(rows, self.histories, strict=True):
            kept = history[: len(history) - held_out][-longest:]
            row[: len(kept)] = torch.tensor(kept)
        return rows

    def held_out(self, place: int) -> Tensor:
        """Return each user's item at a place from the end, 1 the test, 2 the validation: [users]."""
        return torch.tensor([history[-place] for history in self.histories])

    def popularity(self) -> Tensor:
        """Return the number of users who took each item in training: [items]."""
        counts = Counter(item for history in self.histories for item in history[:-2])
        return torch.tensor([counts[number] for number in range(len(self.items))])

    def same_category(self, one: Tensor, other: Tensor) -> Tensor:
        """Return whether items are of one category, element by element; False for filler.

        Raises:
            ValueError: the data have no categories.
        """
        of = self._category_numbers
        return (of[one] == of[other]) & (one != FILLER)

    @cached_property
    def _category_numbers(self) -> Tensor:
        if self.categories is None:
            raise ValueError("the data have no categories; name their column with --category")
        numbers = {name: number for number, name in enumerate(dict.fromkeys(self.categories[1:]))}
        return torch.tensor([-1, *(numbers[name] for name in self.categories[1:])])


class Others:
    """Sampler of items that a user has not taken, by popularity."""

    def __init__(self, data: Interactions, seed: int):
        self.size = len(data.items)
        self.taken = torch.tensor(
            sorted(u * self.size + item for u, history in enumerate(data.histories) for item in history)
        )
        self.popular = torch.tensor([item for history in data.histories for item in history[:-2]])
        self.chance = torch.Generator().manual_seed(seed)

    def draw(self, users: Tensor, count: int) -> Tensor:
        """Draw `count` items for each user: users [B] -> [B, count]."""
        drawn = self._popular((len(users), count))
        for _ in range(100):  # a user may have taken nearly all there is
            keys = users[:, None] * self.size + drawn
            places = torch.searchsorted(self.taken, keys).clamp_max(len(self.taken) - 1)
            clash = self.taken[places] == keys
            if not clash.any():
                break
            drawn[clash] = self._popular((int(clash.sum()),))
        return drawn

    def _popular(self, shape: tuple[int, ...]) -> Tensor:
        return self.popular[torch.randint(len(self.popular), shape, generator=self.chance)]


def group(rows: Iterable[Row], columns: Sequence[str], category: str | None, where: str) -> Interactions:
    """Return one history per user from rows in any order; a repeated item counts the first time.

    `columns` names those of user, item and time. Items, then users, with fewer than LEAST are dropped.
    """
    taken: dict[str, dict[str, Any]] = {}
    category_of: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        user, item, time = (cell(row, column, f"{where}, row {number},") for column in columns)
        times = taken.setdefault(str(user), {})
        times[str(item)] = min(time, times.get(str(item), time))
        if category is not None:
            category_of[str(item)] = str(cell(row, category, f"{where}, row {number},"))
    users_of = Counter(item for times in taken.values() for item in times)
    histories = [
        sorted((item for item in times if users_of[item] >= LEAST), key=times.__getitem__)
        for times in taken.values()
    ]
    histories = [history for history in histories if len(history) >= LEAST]
    if not histories:
        raise ValueError(f"{where} has no user with {LEAST} items that {LEAST} users took; give more rows")
    items = ["", *sorted({item for history in histories for item in history})]
    numbers = {item: number for number, item in enumerate(items)}
    categories = None if category is None else ["", *(category_of[item] for item in items[1:])]
    return Interactions([[numbers[item] for item in history] for history in histories], items, categories)


def cell(row: Row, column: str, where: str) -> Any:
    """Return a row's value in a column, which must be present and not empty."""
    if column not in row:
        raise ValueError(
            f"{where} has no column {column!r} but {sorted(row)}; name the columns of user, item and time "
            "with --columns, that of the category with --category"
        )
    if row[column] is None:
        raise ValueError(f"{where} has nothing in column {column!r}; fill it in or leave the row out")
    return row[column]


def read_rows(place: str) -> Iterable[Row]:
    """Return the rows of a data set on the hub, of a folder laid out like one, or of a file.

    Raises:
        ValueError: a place that cannot be read.
    """
    import datasets  # takes seconds, which --help need not wait for

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what is wrong is said below, in a sentence
    path = Path(place)
    if "://" in place:
        raise ValueError(f"--data is {place!r}, a URL; download it first and name the local file")
    if path.is_file() and path.suffix not in READERS:
        raise ValueError(f"--data is {place}; give a file that ends in {', '.join(READERS)}")
    try:
        if not path.is_file():
            rows: Iterable[dict[str, Any]] = datasets.load_dataset(place, split="train")
            return rows
        separator = {"sep": "\t"} if path.suffix == ".tsv" else {}
        rows = datasets.load_dataset(READERS[path.suffix], data_files=place, split="train", **separator)
        return rows
    except Exception as error:  # of pyarrow, pandas, the hub's client: the list has no end
        if not path.exists():
            raise ValueError(
                f"--data is {place!r}, no file or folder here, and it was not got from the hub; check the "
                "name and the connection"
            ) from error
        reason = str(error.__cause__ or error).splitlines()[0]
        raise ValueError(f"--data {place!r} cannot be read ({reason}); mend or replace it") from error


def natural(text: str) -> int:
    """Parse the value of a flag that must be a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"is {text}; give a whole number, at least 1")
    return int(text)


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the interactions."""
    data = parser.add_argument_group("data")
    data.add_argument("--data", help="a hub id, a folder or a file; none: a made-up world (series.py)")
    data.add_argument(
        "--columns",
        nargs=3,
        default=["user", "item", "time"],
        metavar=("USER", "ITEM", "TIME"),
        help="names of the columns (MovieLens: userId movieId timestamp)",
    )
    data.add_argument("--category", help="the column of the item's category, which no model is shown")
    data.add_argument(
        "--at-least",
        nargs=2,
        metavar=("COLUMN", "NUMBER"),
        help="keep the rows with at least this number in this column (rating 4)",
    )


def load_interactions(arguments: argparse.Namespace) -> Interactions:
    """Return the interactions that the flags of `add_data_arguments` name, `--data` given."""
    rows, where = read_rows(arguments.data), arguments.data
    if arguments.at_least is not None:
        column, least = arguments.at_least
        rows = (
            row for row in rows if _number(cell(row, column, where), column) >= _number(least, "--at-least")
        )
    return group(rows, arguments.columns, arguments.category, where)


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is {value!r}; give a number") from error
