"""The worker runs one call at a time, lets streams and calls take turns, and stops with its reader."""

import threading
from collections.abc import Iterator

import anyio
import torch

from serve.engine.executor import Executor


def test_calls_run_one_at_a_time() -> None:
    """Two requests would use the same model at once."""
    together = []
    inside = 0

    def call() -> None:
        nonlocal inside
        inside += 1
        together.append(inside)
        threading.Event().wait(0.005)
        inside -= 1

    async def main() -> None:
        worker = Executor()
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(worker.run, call)

    anyio.run(main)
    assert together == [1] * 8


def test_places_are_how_many_run_at_once() -> None:
    """A second lane would wait for the first, and half of the cores with it."""
    both = threading.Barrier(2, timeout=30)

    async def main() -> None:
        worker = Executor(places=2)
        async with anyio.create_task_group() as group:
            group.start_soon(worker.run, both.wait)
            group.start_soon(worker.run, both.wait)

    anyio.run(main)


def test_calls_use_their_share_of_the_cores() -> None:
    """Each of two lanes would spread over all cores, and they would wait for each other there."""
    before = torch.get_num_threads()

    async def main() -> list[int]:
        return [await Executor(threads=number).run(torch.get_num_threads) for number in (2, 1)]

    assert anyio.run(main) == [2, 1]
    assert torch.get_num_threads() == before


def test_calls_run_away_from_the_event_loop() -> None:
    """The server would not answer /health while a model works."""

    async def main() -> None:
        assert await Executor().run(threading.get_ident) != threading.get_ident()

    anyio.run(main)


def test_stream_gives_every_item_in_order() -> None:
    """A streamed translation would lose or swap pieces, or end at one that is None."""

    async def main() -> list[int | None]:
        return [item async for item in Executor().stream(iter([1, None, 3]))]

    assert anyio.run(main) == [1, None, 3]


def test_stream_and_calls_take_turns() -> None:
    """A long stream would keep everybody else waiting until its end."""
    order: list[str] = []

    def steps() -> Iterator[int]:
        for number in range(50):
            order.append("step")
            yield number

    async def main() -> None:
        worker = Executor()

        async def read() -> None:
            async for number in worker.stream(steps()):
                if number == 0:
                    started.set()

        started = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await started.wait()
            await worker.run(lambda: order.append("call"))

    anyio.run(main)
    assert order.index("call") < len(order) - 1


def test_stream_stops_when_its_reader_leaves() -> None:
    """A client that left would cost as much as one that stayed."""
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
    """The work of a client that left while waiting would be done all the same."""
    done: list[str] = []
    release = threading.Event()

    async def main() -> None:
        worker = Executor()
        async with anyio.create_task_group() as group:
            group.start_soon(worker.run, release.wait)
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0.01):
                await worker.run(lambda: done.append("left"))
            release.set()
        await worker.run(lambda: done.append("stayed"))

    anyio.run(main)
    assert done == ["stayed"]
