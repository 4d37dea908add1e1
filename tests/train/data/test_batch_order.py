"""The order of batches: a pure function of (seed, epoch), divided among processes without overlap."""

from itertools import islice

import pytest

from train.data.batch_order import BatchOrder, BatchPosition
from train.data.packed import IdPair

BUDGET = 30


def pairs(count: int = 101) -> list[IdPair]:
    """Pairs of different lengths; the first id is the number of the pair."""
    return [([n] * (1 + n * 7 % 11), [n] * (1 + n * 5 % 13)) for n in range(count)]


def order(**place: object) -> BatchOrder:
    return BatchOrder(lambda epoch: pairs(), BUDGET, 1, **place)  # type: ignore[arg-type]


def numbers(batches: list[tuple[list[int], list[IdPair]]]) -> list[list[int]]:
    return [[source[0] for source, _ in batch] for _, batch in batches]


def test_epochs_differ_and_repeat_with_the_seed() -> None:
    """Each epoch has every pair once, in other batches than the last epoch; a seed repeats them."""
    sizes = [len(order().batches(epoch, pairs())) for epoch in (0, 1)]
    batches = numbers(list(islice(order(), sum(sizes))))
    first, second = batches[: sizes[0]], batches[sizes[0] :]
    for epoch in (first, second):
        assert sorted(n for batch in epoch for n in batch) == list(range(101)), (
            "a pair is lost or comes twice"
        )
    assert first != second and {frozenset(b) for b in first} != {frozenset(b) for b in second}
    assert first == numbers(list(islice(order(), len(first))))
    other = BatchOrder(lambda epoch: pairs(), BUDGET, 2)
    assert numbers(list(islice(other, len(first)))) != first


def test_no_batch_exceeds_the_budget() -> None:
    """Rows x the longer padded side of a batch is at most the budget."""
    for _, batch in islice(order(), 60):
        longest = max(max(len(source), len(target)) + 1 for source, target in batch)
        assert len(batch) * longest <= BUDGET


@pytest.mark.parametrize("taken", [0, 1, 17, 100])
def test_going_on_from_a_place_is_going_on(taken: int) -> None:
    """An order started at a position continues with the same batches."""
    place = order().position_after(taken)
    assert list(islice(order(start=place), 20)) == list(islice(order(), taken, taken + 20))
    assert order(start=place).position_after(5) == order().position_after(taken + 5)


def test_processes_share_an_epoch_without_overlap() -> None:
    """Processes take disjoint batches, each the same number."""
    whole = order().batches(0, pairs())
    parts = [order(rank=rank, world=3).batches(0, pairs()) for rank in range(3)]
    assert {len(part) for part in parts} == {len(whole) // 3}
    seen = [tuple(batch) for part in parts for batch in part]
    assert len(set(seen)) == len(seen) and set(seen) <= set(map(tuple, whole))


def test_the_draw_of_an_epoch_is_asked_for_by_its_number() -> None:
    """The ids of an epoch are drawn with the epoch's number, also after resuming."""
    asked = []

    def draw(epoch: int) -> list[IdPair]:
        asked.append(epoch)
        return pairs(5)

    size = len(BatchOrder(draw, BUDGET, 1).batches(3, pairs(5)))
    list(islice(BatchOrder(draw, BUDGET, 1, start=BatchPosition(3, 0)), size + 1))
    assert asked == [3, 4]


def test_fewer_batches_than_processes_is_refused() -> None:
    """A corpus with fewer batches than processes is refused."""
    with pytest.raises(ValueError, match=r"1 batches of data\.batch_tokens 30, fewer than the 2 processes"):
        next(iter(BatchOrder(lambda epoch: pairs(2), BUDGET, 1, world=2)))
