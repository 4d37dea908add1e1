"""Dynamic batching: requests that wait together run together, in the one place where models run.

    job ─> room for its tokens? ─> its client's line ─┐
             └─ no: 503                               ├─> batch within a budget ─> lane ─> worker ─> results
    job ─> ...                     ─> another line ───┘                         └────> lane

While all lanes are busy the next batch gathers by itself. A lane that is free waits a few milliseconds for
others to join the first job, which costs little and doubles what fits together. A job whose client leaves
is taken out of the line and out of the batch that runs; a server that stops turns away what has not begun.
"""

import asyncio
import math
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import Busy
from ..limits import Limits
from ..metrics import Metrics
from .executor import Executor
from .fair_queue import FairQueue, Job, RunBatch

BUDGET = 1024  # tokens that run together
PATIENCE = 0.005  # seconds without a newcomer after which a lane begins that was idle
PART = 0.05  # of the time its last batch took: the patience of a lane that was not
LONGEST_PATIENCE = 10  # times the patience, and the longest that a batch is gathered
LONGEST_WAIT = 60  # seconds that a client is told to stay away, at most


class Batcher:
    """Runs jobs in batches; fair between clients, bounded, and cancellable while they wait."""

    def __init__(
        self,
        worker: Executor,
        limits: Limits,
        metrics: Metrics,
        *,
        budget: int = BUDGET,
        patience: float = PATIENCE,
        lanes: int = 1,
    ) -> None:
        self.worker = worker
        self.limits = limits
        self.metrics = metrics
        self.budget = budget
        self.patience = patience
        self.lanes = lanes
        self.stopping = False
        self._turns = FairQueue()
        self._waiters: dict[Job, asyncio.Future[None]] = {}
        self._draining: list[asyncio.Task[None]] = []  # the lanes at work
        self._admitted = 0  # tokens of requests that wait or run
        self._running = 0  # tokens of batches that run
        self._speed = 1000.0  # tokens a second of one lane, measured

    @contextmanager
    def admit(self, tokens: int) -> Iterator[None]:
        """Room for a request for as long as it waits and runs; HTTPException 503 when there is none."""
        if self.stopping:
            raise Busy("busy_stopping", "the server is stopping; ask again when it is back", 5)
        allowed = self.limits.waiting_tokens
        if self._admitted and self._admitted + tokens > allowed:
            seconds = math.ceil(self._admitted / (self._speed * self.lanes))
            raise Busy(
                "busy_full",
                f"the server is busy: {self._admitted} tokens wait, at most {allowed} may; ask again later",
                min(max(seconds, 1), LONGEST_WAIT),
            )
        self._admitted += tokens
        self.metrics.admitted.set(self._admitted)
        try:
            yield
        finally:
            self._admitted -= tokens
            self.metrics.admitted.set(self._admitted)

    async def run(
        self,
        client: str,
        kind: Hashable,
        run: RunBatch,
        items: Sequence[Any],
        costs: Sequence[int],
    ) -> list[Any]:
        """The results of `run` for each item; items of equal kinds, whosever they are, run together.

        A caller that is cancelled gives its items up, even those that run already. Raises what `run` raises
        for these items, and HTTPException 503 when the server stops first.
        """
        if not items:
            return []
        job = Job(client, kind, run, items, costs)
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[job] = finished
        self._turns.add(job)
        self._count()
        self._draining = [lane for lane in self._draining if not lane.done()]
        if len(self._draining) < self.lanes:
            self._draining.append(asyncio.create_task(self._drain()))
        try:
            await finished
        finally:
            job.cancelled = True
            self._turns.remove(job)
            del self._waiters[job]
            self._count()
        return [job.results[index] for index in range(len(items))]

    def stop(self) -> None:
        """Turns away new requests and those that have not begun; what runs goes on."""
        self.stopping = True
        for job in list(self._turns):
            if not job.started:
                self._fail(job, Busy("busy_stopping", "the server is stopping; ask again when it is back", 5))

    async def _drain(self) -> None:
        """Runs batch after batch until nothing waits."""
        took = 0.0
        while batch := await self._gather(took):
            self._count()
            self.metrics.batch_size.observe(len(batch))
            began, tokens = time.monotonic(), sum(job.costs[index] for job, index in batch)
            self._running += tokens
            await self._run_batch(batch)
            self._running -= tokens
            took = time.monotonic() - began
            self._speed += 0.2 * (tokens / max(took, 1e-3) - self._speed)

    async def _gather(self, took: float) -> list[tuple[Job, int]]:
        """The next batch, which is taken when it is full, or when nobody has joined for some milliseconds.

        Those whose answers have just come often have more to ask, and come one after another: after a batch
        that `took` long, a lane is more patient. It takes no more than its share of what waits and runs, so
        that no other lane idles or works on crumbs.
        """
        longest = LONGEST_PATIENCE * self.patience
        patience = max(self.patience, min(longest, PART * took))
        waiting, quiet, end = -1, 0.0, time.monotonic() + longest
        while self._turns.tokens < self.budget and time.monotonic() < end:
            if self._turns.items > waiting:
                quiet = time.monotonic() + patience
            elif time.monotonic() >= quiet:
                break
            waiting = self._turns.items
            await asyncio.sleep(self.patience / 5)
        share = math.ceil((self._turns.tokens + self._running) / self.lanes)
        return self._turns.take(min(self.budget, share))

    async def _run_batch(self, batch: list[tuple[Job, int]]) -> None:
        batch = [(job, index) for job, index in batch if not job.cancelled]
        if not batch:
            return
        run = batch[0][0].run
        items = [job.items[index] for job, index in batch]
        try:
            results = await self.worker.run(lambda: list(run(items, lambda place: batch[place][0].cancelled)))
        except Exception as error:
            if len(batch) == 1:
                self._fail(batch[0][0], error)
                return
            for one in batch:  # one item is at fault; the others are not to suffer for it
                await self._run_batch([one])
            return
        for (job, index), result in zip(batch, results, strict=True):
            job.results[index] = result
            waiter = self._waiters.get(job)
            if waiter and not waiter.done() and len(job.results) == len(job.items):
                waiter.set_result(None)

    def _fail(self, job: Job, error: Exception) -> None:
        self._turns.remove(job)
        waiter = self._waiters.get(job)
        if waiter and not waiter.done():
            waiter.set_exception(error)

    def _count(self) -> None:
        self.metrics.waiting.set(self._turns.items)
