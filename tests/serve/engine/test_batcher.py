"""The batcher joins waiting texts, returns each answer to its caller, and refuses when full."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import HTTPException

from serve.engine.batcher import Batcher
from serve.engine.executor import Executor
from serve.limits import Limits
from serve.metrics import Metrics


class Model:
    """Doubles numbers and records which came together; waits for `gate` before each batch."""

    def __init__(self, *, open: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.cancelled: list[int] = []
        self.gate = threading.Event()
        self.begun = threading.Event()
        if open:
            self.gate.set()

    def __call__(self, items: list[int], cancelled: Callable[[int], bool]) -> list[int]:
        self.begun.set()
        assert self.gate.wait(30)
        self.batches.append(list(items))
        self.cancelled += [item for place, item in enumerate(items) if cancelled(place)]
        if 13 in items:
            raise ValueError("13 is not allowed")
        return [2 * item for item in items]


def run(
    main: Callable[[Batcher, Model], Awaitable[Any]],
    *,
    open: bool = True,
    lanes: int = 1,
    room_wait: float = 30,
    **limits: int,
) -> Model:
    """Run a test in a loop of its own with a batcher of budget 100 and its model."""
    model = Model(open=open)

    async def inner() -> None:
        executor = Executor(lanes)
        batcher = Batcher(
            executor,
            Limits(**limits),
            Metrics(),
            budget=100,
            patience=0.001,
            lanes=lanes,
            room_wait=room_wait,
        )
        await asyncio.wait_for(main(batcher, model), 60)

    asyncio.run(inner())
    return model


async def ask(
    batcher: Batcher, model: Model, items: list[int], client: str = "one", cost: int = 1
) -> list[int]:
    """The doubles of some numbers."""
    return await batcher.run(client, "kind", model, items, [cost] * len(items))


async def enter(batcher: Batcher, tokens: int, client: str = "two", entered: list[str] | None = None) -> None:
    """A request that needs room and nothing else; its client joins `entered` once it is in."""
    async with batcher.admit(tokens, client):
        if entered is not None:
            entered.append(client)
        await asyncio.sleep(0)


async def begun(model: Model) -> None:
    """Waits until the model is at work on its first batch."""
    await asyncio.to_thread(model.begun.wait, 30)


def test_everybody_gets_their_own_answers() -> None:
    """Each caller gets the answers of its own texts."""

    async def main(batcher: Batcher, model: Model) -> None:
        asked = [[client * 1000 + n for n in range(client % 5)] for client in range(20)]
        answers = await asyncio.gather(*(ask(batcher, model, q, f"client {i}") for i, q in enumerate(asked)))
        assert answers == [[2 * item for item in q] for q in asked]

    assert max(map(len, run(main).batches)) > 5


def test_what_comes_while_the_model_works_runs_together() -> None:
    """Texts that arrive while the model works share the next batch."""

    async def main(batcher: Batcher, model: Model) -> None:
        first = asyncio.create_task(ask(batcher, model, [0]))
        await begun(model)
        others = [asyncio.create_task(ask(batcher, model, [n])) for n in range(1, 9)]
        await asyncio.sleep(0)
        model.gate.set()
        await asyncio.gather(first, *others)

    assert run(main, open=False).batches == [[0], [1, 2, 3, 4, 5, 6, 7, 8]]


def test_lanes_share_what_waits() -> None:
    """Two lanes share the waiting texts and run at the same time."""

    async def main(batcher: Batcher, model: Model) -> None:
        both = threading.Barrier(2, timeout=30)
        batches: list[list[int]] = []

        def together(items: list[int], cancelled: Callable[[int], bool]) -> list[int]:
            both.wait()
            batches.append(list(items))
            return items

        asked = [batcher.run(f"client {n}", "kind", together, [n], [1]) for n in range(8)]
        assert await asyncio.gather(*asked) == [[n] for n in range(8)]
        assert sorted(map(len, batches)) == [4, 4]

    run(main, lanes=2)


def test_fault_of_one_is_not_the_fault_of_others() -> None:
    """An error of one text reaches its caller only."""

    async def main(batcher: Batcher, model: Model) -> None:
        tasks = [asyncio.create_task(ask(batcher, model, [n])) for n in (12, 13, 14)]
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert (answers[0], answers[2]) == ([24], [28])
        assert str(answers[1]) == "13 is not allowed"

    run(main)


def test_client_that_leaves_leaves_the_line() -> None:
    """Texts of a client that leaves the queue are not run."""

    async def main(batcher: Batcher, model: Model) -> None:
        first = asyncio.create_task(ask(batcher, model, [0]))
        await begun(model)
        gone = asyncio.create_task(ask(batcher, model, [7, 8, 9]))
        stays = asyncio.create_task(ask(batcher, model, [1]))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        model.gate.set()
        assert await asyncio.gather(first, stays) == [[0], [2]]

    assert run(main, open=False).batches == [[0], [1]]


def test_leaving_while_the_model_works_harms_nobody() -> None:
    """A client that leaves during its batch changes no other answer."""

    async def main(batcher: Batcher, model: Model) -> None:
        gone = asyncio.create_task(ask(batcher, model, [0]))
        stays = asyncio.create_task(ask(batcher, model, [1]))
        await begun(model)
        gone.cancel()
        await asyncio.sleep(0)
        model.gate.set()
        assert await stays == [2]
        assert await ask(batcher, model, [3]) == [6]

    assert run(main, open=False).cancelled == [0]


def test_full_is_said_with_a_time() -> None:
    """A server that stays full refuses, with a time to retry."""

    async def main(batcher: Batcher, model: Model) -> None:
        async with batcher.admit(8, "one"):
            with pytest.raises(HTTPException) as refused:
                await enter(batcher, 3)
            await enter(batcher, 2)
        await enter(batcher, 11)  # nobody is in: what a request may hold, it may hold
        assert refused.value.status_code == 503
        assert refused.value.headers and int(refused.value.headers["retry-after"]) >= 1
        assert "8 tokens wait, at most 10 may" in refused.value.detail

    run(main, waiting_tokens=10, room_wait=0.01)


def test_request_waits_for_room() -> None:
    """A request that finds no room gets in as soon as there is some; nobody overtakes it."""

    async def main(batcher: Batcher, model: Model) -> None:
        entered: list[str] = []
        async with batcher.admit(8, "one"):
            large = asyncio.create_task(enter(batcher, 6, "large", entered))
            await asyncio.sleep(0.01)
            small = asyncio.create_task(enter(batcher, 1, "small", entered))
            await asyncio.sleep(0.01)
            assert not entered
        await asyncio.gather(large, small)
        assert entered == ["large", "small"]

    run(main, waiting_tokens=10)


def test_clients_wait_for_room_in_turn() -> None:
    """Of requests that wait for room, those of a client with many do not come before that of another."""

    async def main(batcher: Batcher, model: Model) -> None:
        entered: list[str] = []
        async with batcher.admit(10, "one"):
            names = ["busy", "busy", "busy", "other"]
            tasks = [asyncio.create_task(enter(batcher, 3, name, entered)) for name in names]
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
        assert entered == ["busy", "other", "busy", "busy"]

    run(main, waiting_tokens=12)


def test_line_for_room_is_bounded() -> None:
    """No more tokens wait for room than may be in; a request beyond that is refused at once."""

    async def main(batcher: Batcher, model: Model) -> None:
        async with batcher.admit(10, "one"):
            waiting = asyncio.create_task(enter(batcher, 10))
            await asyncio.sleep(0)
            with pytest.raises(HTTPException):
                await asyncio.wait_for(enter(batcher, 1), 5)
        await waiting

    run(main, waiting_tokens=10)


def test_client_that_leaves_gives_its_room_back() -> None:
    """A request that is cancelled while it waits for room, or just as it gets in, leaves none reserved."""

    async def main(batcher: Batcher, model: Model) -> None:
        async with batcher.admit(8, "one"):
            waits = asyncio.create_task(enter(batcher, 5))
            behind = asyncio.create_task(enter(batcher, 2))
            await asyncio.sleep(0.01)
            waits.cancel()
            await behind  # it fits, once the one before it is gone
            late = asyncio.create_task(enter(batcher, 5))
            await asyncio.sleep(0.01)
        late.cancel()  # its room is reserved already
        with pytest.raises(asyncio.CancelledError):
            await late
        assert batcher._admissions.tokens == 0

    run(main, waiting_tokens=10)


def test_stop_refuses_what_waits_for_room() -> None:
    """A stopping server refuses requests that wait for room at once."""

    async def main(batcher: Batcher, model: Model) -> None:
        async with batcher.admit(10, "one"):
            waits = asyncio.create_task(enter(batcher, 5))
            await asyncio.sleep(0.01)
            batcher.stop()
            with pytest.raises(HTTPException) as refused:
                await waits
        assert refused.value.detail.startswith("the server is stopping")

    run(main, waiting_tokens=10)


def test_stop_turns_away_what_has_not_begun() -> None:
    """Stopping finishes running batches and refuses waiting ones."""

    async def main(batcher: Batcher, model: Model) -> None:
        running = asyncio.create_task(ask(batcher, model, [1]))
        await begun(model)
        waiting = asyncio.create_task(ask(batcher, model, [2]))
        await asyncio.sleep(0)
        batcher.stop()
        with pytest.raises(HTTPException) as refused:
            await waiting
        assert (refused.value.status_code, refused.value.detail.startswith("the server is stopping")) == (
            503,
            True,
        )
        with pytest.raises(HTTPException):
            await enter(batcher, 1)
        model.gate.set()
        assert await running == [2]

    assert run(main, open=False).batches == [[1]]


def test_figures_return_to_nothing() -> None:
    """All gauges return to 0 after answers, errors and clients that left."""

    async def main(batcher: Batcher, model: Model) -> None:
        leaving = asyncio.create_task(ask(batcher, model, [5]))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(ask(batcher, model, [1, 2]), ask(batcher, model, [13]), return_exceptions=True)
        await enter(batcher, 3)
        figures = batcher.metrics.write().decode()
        assert "seq2seq_queue_depth 0.0" in figures
        assert "seq2seq_queue_tokens 0.0" in figures

    run(main)
