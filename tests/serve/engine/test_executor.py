"""The executor runs a fixed number of calls, interleaves streams, and stops with its reader."""

import threading
from collections.abc import Iterator

import anyio
import torch

from serve.engine.executor import Executor


def test_calls_run_one_at_a_time() -> None:
    """Calls of one lane run one after the other."""
    together = []
    inside = 0

    def call() -> None:
        nonlocal inside
        inside += 1
        together.append(inside)
        threading.Event().wait(0.005)
        inside -= 1

    async def main() -> None:
        executor = Executor()
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(executor.run, call)

    anyio.run(main)
    assert together == [1] * 8


def test_places_are_how_many_run_at_once() -> None:
    """With two lanes two calls run at once."""
    both = threading.Barrier(2, timeout=30)

    async def main() -> None:
        executor = Executor(places=2)
        async with anyio.create_task_group() as group:
            group.start_soon(executor.run, both.wait)
            group.start_soon(executor.run, both.wait)

    anyio.run(main)


def test_calls_use_their_share_of_the_cores() -> None:
    """Each lane uses its share of the cores."""
    before = torch.get_num_threads()

    async def main() -> list[int]:
        return [await Executor(threads=number).run(torch.get_num_threads) for number in (2, 1)]

    assert anyio.run(main) == [2, 1]
    assert torch.get_num_threads() == before


def test_calls_run_away_from_the_event_loop() -> None:
    """The event loop runs while a call works."""

    async def main() -> None:
        assert await Executor().run(threading.get_ident) != threading.get_ident()

    anyio.run(main)


def test_stream_gives_every_item_in_order() -> None:
    """A stream yields every item in order, None included."""

    async def main() -> list[int | None]:
        return [item async for item in Executor().stream(iter([1, None, 3]))]

    assert anyio.run(main) == [1, None, 3]


def test_stream_and_calls_take_turns() -> None:
    """Calls run between the items of a long stream."""
    order: list[str] = []

    def steps() -> Iterator[int]:
        for number in range(50):
            order.append("step")
            yield number

    async def main() -> None:
        executor = Executor()

        async def read() -> None:
            async for number in executor.stream(steps()):
                if number == 0:
                    started.set()

        started = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await started.wait()
            await executor.run(lambda: order.append("call"))

    anyio.run(main)
    assert order.index("call") < len(order) - 1


def test_stream_stops_when_its_reader_leaves() -> None:
    """A stream ends when its reader leaves."""
    done: list[str] = []

    def steps() -> Iterator[int]:
        try:
            for number in range(1000):
                done.append("step")
                yield number
        finally:
            done.append("closed")

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async for number in Executor().stream(steps()):
                if number == 2:
                    scope.cancel()

    anyio.run(main)
    assert done.count("step") <= 4
    assert done[-1] == "closed"


def test_caller_that_gives_up_leaves_the_queue() -> None:
    """A cancelled call that still waits is not run."""
    done: list[str] = []
    release = threading.Event()

    async def main() -> None:
        executor = Executor()
        async with anyio.create_task_group() as group:
            group.start_soon(executor.run, release.wait)
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0.01):
                await executor.run(lambda: done.append("left"))
            release.set()
        await executor.run(lambda: done.append("stayed"))

    anyio.run(main)
    assert done == ["stayed"]
