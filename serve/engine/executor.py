"""The one place where models are used: a few calls at a time, in threads, so that the server keeps answering.

    batch   ──┐                                                                       ┌──> searchers
    batch   ──┼──> limiter (a place for each thread, first come first served) ──> thread
    stream  ──┘                                                                       └──> model

A small model leaves most of a processor's cores idle if one batch is spread over them, so batches run side
by side instead, each on its share of the cores (`lanes`), in `searchers` where the server has processes. A
stream takes a place anew for every step: a long one does not keep others waiting, and one whose reader has
left stops before its next step.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
import torch

CallResult = TypeVar("CallResult")

MOST_LANES = 4  # each holds a batch in memory, and the models once more


def lanes() -> int:
    """How many batches run side by side: one on a GPU, else one for each core that torch may use."""
    return 1 if torch.cuda.is_available() else min(MOST_LANES, torch.get_num_threads())


class Executor:
    """Runs calls of models away from the event loop, `places` at a time, on `threads` cores each.

    None leaves the number of cores to torch.
    """

    def __init__(self, places: int = 1, threads: int | None = None) -> None:
        self._limiter = anyio.CapacityLimiter(places)
        self._threads = threads

    async def run(self, call: Callable[[], CallResult]) -> CallResult:
        """The result of `call()`; a caller that gives up while waiting leaves the queue."""
        return await anyio.to_thread.run_sync(self._call, call, limiter=self._limiter)

    async def stream(self, steps: Iterator[CallResult]) -> AsyncIterator[CallResult]:
        """The items of a generator, each made in a worker thread; closed when its reader leaves."""
        try:
            while True:
                item = await self.run(lambda: next(steps, _END))
                if item is _END:
                    return
                yield item  # type: ignore[misc]
        finally:
            if close := getattr(steps, "close", None):
                close()

    def _call(self, call: Callable[[], CallResult]) -> CallResult:
        if self._threads is not None:
            torch.set_num_threads(self._threads)  # of this thread, which another worker may have used
        return call()


_END = object()
