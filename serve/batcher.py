"""Dynamic batching: requests that wait together run together, in the one place where models run.

    job ─> room for its tokens? ─> its client's line ─┐
             └─ no: 503                               ├─> batch within a budget ─> worker ─> results
    job ─> ...                     ─> another line ───┘

While the worker is busy the next batch gathers by itself. When it is idle the first job waits a few
milliseconds for others, which costs little and doubles what fits together. A job whose client leaves
is taken out of the line and out of the batch that runs; a server that stops turns away what has not begun.
"""

import asyncio
import math
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .limits import Limits
from .metrics import Metrics
from .refusal import Busy
from .turns import Job, Run, Turns
from .worker import Worker

BUDGET = 1024  # tokens that run together
PATIENCE = 0.005  # seconds that an idle worker waits for more
LONGEST_WAIT = 60  # seconds that a client is told to stay away, at most


class Batcher:
    """Runs jobs in batches; fair between clients, bounded, and cancellable while they wait."""

    def __init__(
        self,
        worker: Worker,
        limits: Limits,
        metrics: Metrics,
        *,
        budget: int = BUDGET,
        patience: float = PATIENCE,
    ) -> None:
        self.worker = worker
        self.limits = limits
        self.metrics = metrics
        self.budget = budget
        self.patience = patience
        self.stopping = False
        self._turns = Turns()
        self._waiters: dict[Job, asyncio.Future[None]] = {}
        self._draining: asyncio.Task[None] | None = None
        self._admitted = 0  # tokens of requests that wait or run
        self._speed = 1000.0  # tokens a second, measured

    @contextmanager
    def admit(self, tokens: int) -> Iterator[None]:
        """Room for a request for as long as it waits and runs; HTTPException 503 when there is none."""
        if self.stopping:
            raise Busy("busy_stopping", "the server is stopping; ask again when it is back", 5)
        allowed = self.limits.waiting_tokens
        if self._admitted and self._admitted + tokens > allowed:
            seconds = math.ceil(self._admitted / self._speed)
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
        run: Run,
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
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        try:
            await finished
        finally:
            job.given_up = True
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
        await self._wait_for_more()
        while batch := self._turns.take(self.budget):
            self._count()
            self.metrics.batch_size.observe(len(batch))
            began = time.monotonic()
            await self._run_batch(batch)
            tokens = sum(job.costs[index] for job, index in batch)
            self._speed += 0.2 * (tokens / max(time.monotonic() - began, 1e-3) - self._speed)
            await asyncio.sleep(0)  # those who were answered may ask again before the next batch is taken

    async def _wait_for_more(self) -> None:
        """Lets others join: a few milliseconds, but not longer than until a batch is full."""
        end = time.monotonic() + self.patience
        while self._turns.tokens < self.budget and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.001))

    async def _run_batch(self, batch: list[tuple[Job, int]]) -> None:
        batch = [(job, index) for job, index in batch if not job.given_up]
        if not batch:
            return
        run = batch[0][0].run
        items = [job.items[index] for job, index in batch]
        try:
            results = await self.worker.run(lambda: list(run(items, lambda place: batch[place][0].given_up)))
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
