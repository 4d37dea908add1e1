"""Batches: symbols and shifts by hand, budgets that hold, and an order that is a function of its seed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.config import BOS, EOS, PAD
from seq2seq.model.batch import Batch, make_batch, token_budget_batches

LENGTHS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=60)


def test_shift_by_hand() -> None:
    """The target output is the input one step ahead; special symbols stand once."""
    batch = make_batch([[7, 8, 9], [5]], [[4], [6, 4]])
    assert batch.target_input is not None and batch.target_output is not None
    assert batch.source.tolist() == [[7, 8, 9, EOS], [5, EOS, PAD, PAD]]
    assert batch.target_input.tolist() == [[BOS, 4, PAD], [BOS, 6, 4]]
    assert batch.target_output.tolist() == [[4, EOS, PAD], [6, 4, EOS]]
    assert batch.tokens == 6 + 5


def test_source_alone() -> None:
    """Translating needs no targets; an empty text is its end symbol."""
    batch = make_batch([[], [5]])
    assert batch.source.tolist() == [[EOS, PAD], [5, EOS]]
    assert batch.target_input is None and batch.target_output is None and batch.tokens == 3


def test_nothing_at_all() -> None:
    """No sentences are an empty batch of whole numbers, not an error."""
    batch = make_batch([], [])
    assert batch.source.shape == (0, 0) and batch.source.dtype == torch.int64 and batch.tokens == 0


def test_another_device_keeps_all_of_it() -> None:
    """Every tensor of a batch moves to the other device."""
    batch = make_batch([[5]], [[6]]).to("meta")
    assert {batch.source.device.type, batch.target_input.device.type, batch.target_output.device.type} == {
        "meta"
    }
    assert make_batch([[5]]).to("cpu").target_output is None


@given(LENGTHS, st.integers(40, 300), st.none() | st.integers(0, 5), st.integers(0, 3))
@settings(deadline=None, max_examples=150)
def test_budget_holds_and_every_pair_comes_once(
    lengths: list[tuple[int, int]], budget: int, seed: int | None, epoch: int
) -> None:
    """No batch exceeds the budget, and every pair comes exactly once an epoch."""
    batches = token_budget_batches(lengths, budget, seed=seed, epoch=epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert batch, "an empty batch"
        assert len(batch) * max(max(lengths[index]) for index in batch) <= budget


@given(LENGTHS, st.integers(40, 300))
@settings(deadline=None, max_examples=50)
def test_the_budget_of_real_batches(lengths: list[tuple[int, int]], budget: int) -> None:
    """`make_batch` lays out no more than was counted, special symbols included."""
    for chosen in token_budget_batches(lengths, budget, seed=1):
        made: Batch = make_batch(
            [[5] * (lengths[i][0] - 1) for i in chosen], [[5] * (lengths[i][1] - 1) for i in chosen]
        )
        assert made.target_output is not None
        assert max(made.source.numel(), made.target_output.numel()) <= budget


def many_lengths() -> list[tuple[int, int]]:
    return [(3 + 7 * i % 17, 3 + 5 * i % 13) for i in range(200)]


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    """A seed and an epoch give one order, and others give others."""
    orders = {
        (seed, epoch): token_budget_batches(many_lengths(), 100, seed=seed, epoch=epoch)
        for seed in (1, 2)
        for epoch in (0, 1, 2)
    }
    for (seed, epoch), order in orders.items():
        assert token_budget_batches(many_lengths(), 100, seed=seed, epoch=epoch) == order
    assert len({str(order) for order in orders.values()}) == len(orders)
    assert len({frozenset(map(frozenset, order)) for order in orders.values()}) == len(orders), (
        "epochs must differ in who stands beside whom, not in the order of the batches only"
    )


def test_the_order_does_not_depend_on_other_chance() -> None:
    """Random numbers drawn elsewhere do not change the batches."""
    torch.manual_seed(1)
    first = token_budget_batches(many_lengths(), 100, seed=1, epoch=0)
    torch.manual_seed(2)
    assert token_budget_batches(many_lengths(), 100, seed=1, epoch=0) == first


def test_without_a_seed_from_short_to_long() -> None:
    """Without a seed batches go from short to long."""
    lengths = many_lengths()
    order = [index for batch in token_budget_batches(lengths, 100, seed=None) for index in batch]
    assert [max(lengths[index]) for index in order] == sorted(map(max, lengths))


def test_batches_are_filled() -> None:
    """Rows of similar length stand together: little padding, few small batches."""
    lengths = many_lengths()
    batches = token_budget_batches(lengths, 100, seed=1)
    laid_out = sum(len(batch) * max(max(lengths[index]) for index in batch) for batch in batches)
    assert sum(map(max, lengths)) > 0.9 * laid_out
    assert laid_out > 0.8 * 100 * len(batches)


def test_a_pair_beyond_the_budget_is_named() -> None:
    """A pair longer than the budget is refused by its number."""
    with pytest.raises(ValueError, match=r"pair 1 has 41 tokens .* budget of 40; raise the budget or drop"):
        token_budget_batches([(3, 3), (2, 41)], 40, seed=1)
