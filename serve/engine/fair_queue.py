"""Work that waits, and who is next: clients take turns, and so do the requests of one client.

    client A: request 1 [a b c d ...]  request 2 [e]        order: a x e b y c d ...
    client B: request 3 [x y]

A client with a thousand texts delays another with one text by one batch, not by a thousand texts.
Only jobs of one kind (model and options) can run together; the first in turn says which.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from seq2seq.search import Cancelled

RunBatch = Callable[[list[Any], Cancelled], Sequence[Any]]


@dataclass(eq=False)
class Job:
    """Items of one request that go through one call, whatever batch they are in.

    `run(items, cancelled) -> results`, where `cancelled(n)` says that the n-th item was cancelled:
    its result may be anything. `costs` are tokens, one for each item; `results` fill up as batches
    come back.
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
        """Whether any item has been taken."""
        return len(self.left) < len(self.items)


class FairQueue:
    """The jobs that wait."""

    def __init__(self) -> None:
        self._clients: OrderedDict[str, OrderedDict[Job, None]] = OrderedDict()
        self.tokens = 0
        self.items = 0

    def __iter__(self) -> Iterator[Job]:
        for jobs in self._clients.values():
            yield from jobs

    def add(self, job: Job) -> None:
        """Puts a job at the end of its client's line, and a new client at the end of the clients."""
        if job.left:
            self._clients.setdefault(job.client, OrderedDict())[job] = None
            self.tokens += sum(job.costs)
            self.items += len(job.items)

    def remove(self, job: Job) -> None:
        """Takes what is left of a job out of the line; one that is not there is no error."""
        jobs = self._clients.get(job.client, OrderedDict())
        if job in jobs:
            self.tokens -= sum(job.costs[index] for index in job.left)
            self.items -= len(job.left)
            job.left.clear()
            self._drop(job)

    def take(self, budget: int) -> list[tuple[Job, int]]:
        """The next batch, of one kind: as many items as the budget of tokens allows, at least one."""
        first = next(iter(self), None)
        taken: list[tuple[Job, int]] = []
        while first is not None and budget > 0:
            found = [job for client in list(self._clients) if (job := self._next(client, first.kind))]
            if not found:
                break
            for job in found:
                cost = job.costs[job.left[0]]
                if taken and cost > budget:
                    return taken
                budget -= cost
                taken.append((job, self._pop(job)))
        return taken

    def _next(self, client: str, kind: Hashable) -> Job | None:
        return next((job for job in self._clients[client] if job.kind == kind), None)

    def _pop(self, job: Job) -> int:
        """Takes one item; its request and its client go to the end of their lines."""
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
