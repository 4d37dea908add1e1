"""The one place where models run: one call at a time, in a thread, so that the server keeps answering.

    request ──┐
    request ──┼──> limiter (one place, first come first served) ──> worker thread ──> model
    stream  ──┘

A stream takes the place anew for every step: a long one does not keep others waiting, and one whose
reader has left stops before its next step.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread

Result = TypeVar("Result")


class Worker:
    """Runs calls of models one after another, away from the event loop."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(1)

    async def run(self, call: Callable[[], Result]) -> Result:
        """The result of `call()`; a caller that gives up while waiting leaves the queue."""
        return await anyio.to_thread.run_sync(call, limiter=self._limiter)

    async def stream(self, steps: Iterator[Result]) -> AsyncIterator[Result]:
        """The items of a generator, each made in the worker thread; closed when its reader leaves."""
        try:
            while True:
                item = await self.run(lambda: next(steps, _END))
                if item is _END:
                    return
                yield item  # type: ignore[misc]
        finally:
            if close := getattr(steps, "close", None):
                close()


_END = object()
