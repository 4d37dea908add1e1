"""Room for requests: a bounded number of tokens at once; what does not fit waits in turn for a few seconds.

    request ─> room? ─> in                                    tokens of all that are in <= allowed
                 └─ no ─> line of its client ─> in            clients take turns, the first in turn goes first
                              └─ after `wait` seconds ─> no

Nobody overtakes the first in turn, however small: otherwise a stream of single sentences would keep a client
with twenty texts out. The line is bounded, too: as many tokens may wait for room as may be in.
"""

import asyncio
from collections import OrderedDict, deque
from typing import NamedTuple

# Weblate waits 5 seconds for an answer, and after a 503 sends nothing for half an hour.
ROOM_WAIT = 4.0  # seconds


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
