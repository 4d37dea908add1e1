"""Fair queueing (round robin): clients take turns, and so do the requests of one client.

    client A: request 1 [a b c d ...]  request 2 [e]        order: a x e b y c d ...
    client B: request 3 [x y]

A client with a thousand texts delays another with one text by one batch, not by a thousand texts. Only jobs
of one kind (model and options) share a batch; the first job in turn determines the kind.

Before that, requests take turns for room (`Admissions`): a bounded number of tokens is in at once, and what
does not fit waits for a few seconds. Nobody overtakes the first in turn, however small: otherwise a stream of
single sentences would keep a client with twenty texts out. As many tokens may wait for room as may be in.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from seq2seq.search import Cancelled

# Weblate waits 5 seconds for an answer, and after a 503 sends nothing for half an hour.
ROOM_WAIT = 4.0  # seconds

RunBatch = Callable[[list[Any], Cancelled], Sequence[Any]]


@dataclass(eq=False)
class Job:
    """The items of one request for one model, which may run in several batches.

    Attributes:
        client: The client of the request.
        kind: Jobs of equal kinds may share a batch.
        run: Runs a batch: `run(items, cancelled) -> results`. `cancelled(n)` is true once the n-th item is
            cancelled; its result is then ignored.
        items: The items.
        costs: The tokens of each item.
        left: The indices of items that still wait.
        results: The results by index, filled batch by batch.
        cancelled: Whether the client has left.
    """

    client: str
    kind: Hashable
    run: RunBatch
    items: Sequence[Any]
    costs: Sequence[int]
    left: deque[int] = field(init=False)
    results: dict[int, Any] = field(default_factory=dict)
    cancelled: bool = False  # set by the event loop, read by the thread in which the batch runs

    def __post_init__(self) -> None:
        self.left = deque(range(len(self.items)))

    @property
    def started(self) -> bool:
        """True once an item has been taken."""
        return len(self.left) < len(self.items)


class FairQueue:
    """The queue of waiting jobs, by client."""

    def __init__(self) -> None:
        self._clients: OrderedDict[str, OrderedDict[Job, None]] = OrderedDict()
        self.tokens = 0
        self.items = 0

    def __iter__(self) -> Iterator[Job]:
        for jobs in self._clients.values():
            yield from jobs

    def add(self, job: Job) -> None:
        """Append a job to the queue of its client; a new client goes to the end of the clients."""
        if job.left:
            self._clients.setdefault(job.client, OrderedDict())[job] = None
            self.tokens += sum(job.costs)
            self.items += len(job.items)

    def remove(self, job: Job) -> None:
        """Remove the waiting items of a job, if it is in the queue."""
        jobs = self._clients.get(job.client, OrderedDict())
        if job in jobs:
            self.tokens -= sum(job.costs[index] for index in job.left)
            self.items -= len(job.left)
            job.left.clear()
            self._drop(job)

    def take(self, budget: int) -> list[tuple[Job, int]]:
        """Take the next batch, of one kind: as many items as the token budget allows, at least one."""
        first = next(iter(self), None)
        batch: list[tuple[Job, int]] = []
        while first is not None and budget > 0:
            # A round: one item of each client.
            jobs = [job for client in list(self._clients) if (job := self._next(client, first.kind))]
            if not jobs:
                break
            for job in jobs:
                cost = job.costs[job.left[0]]
                if batch and cost > budget:
                    return batch
                budget -= cost
                batch.append((job, self._pop(job)))
        return batch

    def _next(self, client: str, kind: Hashable) -> Job | None:
        return next((job for job in self._clients[client] if job.kind == kind), None)

    def _pop(self, job: Job) -> int:
        """Take one item of a job; the job and its client go to the end of their queues."""
        index = job.left.popleft()
        self.tokens -= job.costs[index]
        self.items -= 1
        if job.left:
            self._clients[job.client].move_to_end(job)
        else:
            self._drop(job)
        if job.client in self._clients:
            self._clients.move_to_end(job.client)
        return index

    def _drop(self, job: Job) -> None:
        del self._clients[job.client][job]
        if not self._clients[job.client]:
            del self._clients[job.client]


class _Waiting(NamedTuple):
    """A request in the line; the result of `admitted` says whether it got in."""

    tokens: int
    admitted: asyncio.Future[bool]


class Admissions:
    """The tokens of requests that are in, and the requests that wait for room.

    Attributes:
        tokens: tokens of the requests that are in.
    """

    def __init__(self, allowed: int, wait: float = ROOM_WAIT) -> None:
        """Take the tokens that may be in at once, and the seconds that a request waits for room."""
        self.allowed = allowed
        self.wait = wait
        self.tokens = 0
        self._lines: OrderedDict[str, deque[_Waiting]] = OrderedDict()  # by client, the next in turn first

    async def enter(self, tokens: int, client: str) -> bool:
        """Reserve room for a request, and return whether there was room in time; `leave` gives it back."""
        if not self._lines and self._fits(tokens):
            self.tokens += tokens
            return True
        in_line = sum(waiting.tokens for line in self._lines.values() for waiting in line)
        if not self.wait or (in_line and in_line + tokens > self.allowed):
            return False
        waiting = _Waiting(tokens, asyncio.get_running_loop().create_future())
        self._lines.setdefault(client, deque()).append(waiting)
        admitted = False
        try:
            await asyncio.wait([waiting.admitted], timeout=self.wait)
            admitted = waiting.admitted.done() and waiting.admitted.result()
            return admitted
        finally:
            if not waiting.admitted.done():
                self._remove(waiting, client)
            elif not admitted and waiting.admitted.result():  # cancelled just as it was let in
                self.leave(tokens)

    def leave(self, tokens: int) -> None:
        """Give back the room of a request, and let in those for whom there is room now."""
        self.tokens -= tokens
        self._let_in()

    def refuse_waiting(self) -> None:
        """Let nobody in who waits: the server is stopping."""
        for line in self._lines.values():
            for waiting in line:
                waiting.admitted.set_result(False)
        self._lines.clear()

    def _fits(self, tokens: int) -> bool:
        # A request larger than the limit runs alone; otherwise it would never run.
        return not self.tokens or self.tokens + tokens <= self.allowed

    def _let_in(self) -> None:
        while self._lines:
            client, line = next(iter(self._lines.items()))
            if not self._fits(line[0].tokens):
                return
            waiting = line.popleft()
            self._lines.move_to_end(client)
            if not line:
                del self._lines[client]
            self.tokens += waiting.tokens
            waiting.admitted.set_result(True)

    def _remove(self, waiting: _Waiting, client: str) -> None:
        """Take a request out of the line; those behind it may fit where it did not."""
        self._lines[client].remove(waiting)
        if not self._lines[client]:
            del self._lines[client]
        self._let_in()
