"""The executor of model calls: a few threads, so that the event loop stays responsive.

    batch   ──┐                                                                   ┌──> process pool
    batch   ──┼──> limiter (one place per thread, first come first served) ──> thread
    stream  ──┘                                                                   └──> model

A batch of a small model cannot use all cores of a processor. Batches therefore run side by side, each on its
share of the cores (`lanes`), and in a process pool where the server has one. A stream takes a new place for
each step: a long stream does not block others, and one whose reader has left stops before its next step.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
import torch

CallResult = TypeVar("CallResult")

MOST_LANES = 4  # each has a batch and, with processes, a copy of the models in memory


def lanes() -> int:
    """Return the number of batches that run at once: one on a GPU, else one per core that torch may use."""
    return 1 if torch.cuda.is_available() else min(MOST_LANES, torch.get_num_threads())


class Executor:
    """An executor of model calls outside of the event loop: `places` at once, on `threads` cores each.

    `threads` None leaves the number of cores to torch.
    """

    def __init__(self, places: int = 1, threads: int | None = None) -> None:
        self._limiter = anyio.CapacityLimiter(places)
        self._threads = threads

    async def run(self, call: Callable[[], CallResult]) -> CallResult:
        """Return the result of `call()` in a thread; a caller cancelled while waiting leaves the queue."""
        return await anyio.to_thread.run_sync(self._call, call, limiter=self._limiter)

    async def stream(self, steps: Iterator[CallResult]) -> AsyncIterator[CallResult]:
        """Yield the items of an iterator, each computed in a thread; it is closed when the reader leaves."""
        try:
            while True:
                # A marker, since StopIteration cannot pass through a future.
                item = await self.run(lambda: next(steps, _END))
                if item is _END:
                    return
                yield item  # type: ignore[misc]
        finally:
            if close := getattr(steps, "close", None):
                close()

    def _call(self, call: Callable[[], CallResult]) -> CallResult:
        if self._threads is not None:
            torch.set_num_threads(self._threads)  # per thread; another executor may have used this one
        return call()


_END = object()
