"""Dynamic batching: waiting requests share batches, and all batches run in one executor.

    request ─> admitted? ─> job ─> queue of its client ──┐
                 └─ no room: a short wait, then 503      ├─> batch within a token budget ─> lane ─> executor
    request ─> ...       ─> job ─> queue of another ─────┘                               └─> lane

A request that finds no room waits for it a few seconds (see `admission`), since some clients stay away for
half an hour after a 503.

While all lanes are busy, the next batch gathers by itself. An idle lane waits a few milliseconds for other
jobs to join the first one, which costs little and doubles the size of batches. A job whose client disconnects
leaves the queue and the running batch. A stopping server refuses jobs that have not started.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ..errors import Busy
from ..limits import Limits
from ..metrics import Metrics
from .executor import Executor
from .fair_queue import ROOM_WAIT, Admissions, FairQueue, Job, RunBatch

BUDGET = 1024  # tokens of a batch
PATIENCE = 0.005  # seconds without a new job after which an idle lane starts its batch
PART = 0.05  # of the time of its last batch: the patience of a busy lane
LONGEST_PATIENCE = 10  # times the patience: the longest time that a batch gathers
LONGEST_WAIT = 60  # seconds: the largest Retry-After


class Batcher:
    """A scheduler of jobs in batches: fair between clients, bounded, with cancellation."""

    def __init__(
        self,
        executor: Executor,
        limits: Limits,
        metrics: Metrics,
        *,
        budget: int = BUDGET,
        patience: float = PATIENCE,
        lanes: int = 1,
        room_wait: float = ROOM_WAIT,
    ) -> None:
        self.executor = executor
        self.limits = limits
        self.metrics = metrics
        self.budget = budget
        self.patience = patience
        self.lanes = lanes
        self.stopping = False
        self._queue = FairQueue()
        self._waiters: dict[Job, asyncio.Future[None]] = {}
        self._busy_lanes: list[asyncio.Task[None]] = []
        self._admissions = Admissions(limits.waiting_tokens, room_wait)
        self._running = 0  # tokens of running batches
        self._begun: dict[int, float] = {}  # when each running batch began
        self._speed = 1000.0  # tokens per second of one lane, measured

    @asynccontextmanager
    async def admit(self, tokens: int, client: str) -> AsyncIterator[None]:
        """Reserve room for a request while it waits and runs; clients in turn wait a while for room.

        A request larger than the whole limit is admitted when nothing else waits or runs.

        Raises:
            Busy: 503; no room came free in time, or the server is stopping.
        """
        if self.stopping or not await self._admissions.enter(tokens, client):
            raise self._stopping_error() if self.stopping else self._full_error()
        self.metrics.admitted.set(self._admissions.tokens)
        try:
            yield
        finally:
            self._admissions.leave(tokens)
            self.metrics.admitted.set(self._admissions.tokens)

    async def run(
        self,
        client: str,
        kind: Hashable,
        run: RunBatch,
        items: Sequence[Any],
        costs: Sequence[int],
    ) -> list[Any]:
        """Run items in batches with those of other jobs of the same kind, and return their results.

        When the caller is cancelled, its items are cancelled too, even those in a running batch.

        Args:
            client: The client, for fair queueing.
            kind: Items of equal kinds may share a batch.
            run: Runs a batch: `run(items, cancelled) -> results`.
            items: The items of this job.
            costs: The tokens of each item.

        Returns:
            The result of each item, in order.

        Raises:
            Busy: 503; the server stops before the job has started.
            Exception: Whatever `run` raises for these items.
        """
        if not items:
            return []
        job = Job(client, kind, run, items, costs)
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[job] = finished
        self._queue.add(job)
        self._count()
        self._busy_lanes = [lane for lane in self._busy_lanes if not lane.done()]
        if len(self._busy_lanes) < self.lanes:
            self._busy_lanes.append(asyncio.create_task(self._drain()))
        try:
            await finished
        finally:
            job.cancelled = True
            self._queue.remove(job)
            del self._waiters[job]
            self._count()
        return [job.results[index] for index in range(len(items))]

    @property
    def stuck(self) -> bool:
        """True where a batch has run for longer than a request may: its search does not come back."""
        return time.monotonic() - min(self._begun.values(), default=math.inf) > self.limits.seconds

    def stop(self) -> None:
        """Refuse new requests and waiting jobs that have not started; running batches continue."""
        self.stopping = True
        self._admissions.refuse_waiting()
        for job in list(self._queue):
            if not job.started:
                self._fail(job, self._stopping_error())

    async def _drain(self) -> None:
        """Run batch after batch until the queue is empty; this is one busy lane."""
        duration = 0.0
        while batch := await self._gather(duration):
            self._count()
            self.metrics.batch_size.observe(len(batch))
            start, tokens = time.monotonic(), sum(job.costs[index] for job, index in batch)
            self._running += tokens
            self._begun[id(batch)] = start
            await self._run_batch(batch)
            self._running -= tokens
            del self._begun[id(batch)]
            duration = time.monotonic() - start
            # A moving average, from which Retry-After is estimated.
            self._speed += 0.2 * (tokens / max(duration, 1e-3) - self._speed)

    async def _gather(self, last_duration: float) -> list[tuple[Job, int]]:
        """Take the next batch once it is full, or once no job has joined for some milliseconds.

        Clients that have just received results often send their next requests one after another, so the
        patience grows with the duration of the last batch. A lane takes at most its share of all tokens that
        wait and run, which leaves other lanes neither idle nor with tiny batches.
        """
        longest = LONGEST_PATIENCE * self.patience
        patience = max(self.patience, min(longest, PART * last_duration))
        waiting, quiet, end = -1, 0.0, time.monotonic() + longest
        while self._queue.tokens < self.budget and time.monotonic() < end:
            if self._queue.items > waiting:
                quiet = time.monotonic() + patience
            elif time.monotonic() >= quiet:
                break
            waiting = self._queue.items
            await asyncio.sleep(self.patience / 5)
        share = math.ceil((self._queue.tokens + self._running) / self.lanes)
        return self._queue.take(min(self.budget, share))

    async def _run_batch(self, batch: list[tuple[Job, int]]) -> None:
        batch = [(job, index) for job, index in batch if not job.cancelled]
        if not batch:
            return
        run = batch[0][0].run
        items = [job.items[index] for job, index in batch]
        try:
            results = await self.executor.run(
                lambda: list(run(items, lambda place: batch[place][0].cancelled))
            )
        except Exception as error:
            if len(batch) == 1:
                self._fail(batch[0][0], error)
                return
            # One item is at fault: each runs again by itself, so that the others get their results.
            for entry in batch:
                await self._run_batch([entry])
            return
        for (job, index), result in zip(batch, results, strict=True):
            job.results[index] = result
            waiter = self._waiters.get(job)
            if waiter and not waiter.done() and len(job.results) == len(job.items):
                waiter.set_result(None)

    def _fail(self, job: Job, error: Exception) -> None:
        self._queue.remove(job)
        waiter = self._waiters.get(job)
        if waiter and not waiter.done():
            waiter.set_exception(error)

    def _stopping_error(self) -> Busy:
        return Busy("busy_stopping", "the server is stopping; ask again when it is back", 5)

    def _full_error(self) -> Busy:
        tokens, allowed = self._admissions.tokens, self.limits.waiting_tokens
        seconds = math.ceil(tokens / (self._speed * self.lanes))
        return Busy(
            "busy_full",
            f"the server is busy: {tokens} tokens wait, at most {allowed} may; ask again later",
            min(max(seconds, 1), LONGEST_WAIT),
        )

    def _count(self) -> None:
        self.metrics.waiting.set(self._queue.items)
