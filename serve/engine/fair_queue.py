"""Fair queueing (round robin): clients take turns, and so do the requests of one client.

    client A: request 1 [a b c d ...]  request 2 [e]        order: a x e b y c d ...
    client B: request 3 [x y]

A client with a thousand texts delays another with one text by one batch, not by a thousand texts. Only jobs
of one kind (model and options) share a batch; the first job in turn determines the kind.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from seq2seq.search import Cancelled

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
