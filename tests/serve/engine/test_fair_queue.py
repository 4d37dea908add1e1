"""The fair queue: turns between clients and requests, one kind a batch, nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.fair_queue import FairQueue, Job


def job(client: str, items: str, kind: str = "kind", cost: int = 1) -> Job:
    """Return a job whose items are letters of equal cost."""
    return Job(client, kind, list, list(items), [cost] * len(items))


def taken(turns: FairQueue, budget: int) -> str:
    """Return the letters of the next batch."""
    return "".join(job.items[index] for job, index in turns.take(budget))


def test_clients_take_turns() -> None:
    """A client with many texts and one with few take turns."""
    turns = FairQueue()
    turns.add(job("first", "abcdef"))
    turns.add(job("second", "xy"))
    assert [taken(turns, 3), taken(turns, 3), taken(turns, 3)] == ["axb", "ycd", "ef"]


def test_requests_of_one_client_take_turns() -> None:
    """Requests from one address, such as a proxy's, take turns."""
    turns = FairQueue()
    turns.add(job("proxy", "abcdef"))
    turns.add(job("proxy", "x"))
    assert "x" in taken(turns, 2)


def test_batch_is_of_one_kind() -> None:
    """A batch has texts of one model and of equal options only."""
    turns = FairQueue()
    turns.add(job("first", "ab", "beam 5"))
    turns.add(job("second", "xy", "beam 1"))
    turns.add(job("third", "cd", "beam 5"))
    assert [taken(turns, 9), taken(turns, 9)] == ["acbd", "xy"]


def test_many_kinds_give_no_more_turns() -> None:
    """A client gains no turns by varying its options."""
    turns = FairQueue()
    for number in range(5):
        turns.add(job("greedy", "g", f"kind {number}"))
    turns.add(job("modest", "m", "plain"))
    assert [taken(turns, 1), taken(turns, 1)] == ["g", "m"]


def test_budget_bounds_a_batch_but_one_item_always_goes() -> None:
    """The budget limits a batch, but one item always runs."""
    turns = FairQueue()
    turns.add(job("first", "ab", cost=6))
    turns.add(job("second", "z", cost=50))
    assert [taken(turns, 10), taken(turns, 10), taken(turns, 10), taken(turns, 10)] == ["a", "z", "b", ""]


def test_removed_job_is_gone() -> None:
    """Removed jobs leave the queue and its counts."""
    turns = FairQueue()
    first, second = job("first", "abc"), job("second", "x")
    turns.add(first)
    turns.add(second)
    assert taken(turns, 1) == "a"
    turns.remove(first)
    turns.remove(first)
    assert taken(turns, 9) == "x"
    assert (turns.items, turns.tokens, list(turns)) == (0, 0, [])


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("kl"), st.lists(st.integers(1, 9), max_size=5)),
        max_size=12,
    ),
    st.integers(1, 12),
)
def test_every_item_is_taken_once(jobs: list[tuple[str, str, list[int]]], budget: int) -> None:
    """Every item is taken exactly once, in any order of requests."""
    turns = FairQueue()
    made = [Job(client, kind, list, costs, costs) for client, kind, costs in jobs]
    for each in made:
        turns.add(each)
    seen: list[tuple[Job, int]] = []
    while batch := turns.take(budget):
        assert len({each.kind for each, _ in batch}) == 1
        assert len(batch) == 1 or sum(each.costs[index] for each, index in batch) <= budget
        seen += batch
    assert len(seen) == len(set(seen)) == sum(len(costs) for _, _, costs in jobs)
    assert (turns.items, turns.tokens) == (0, 0)
