"""HTML and files are read and written in threads of their own, and ask the service for translations.

    event loop:  run ──> thread: read ─ translate(texts) ─ write ──> result
                                          │      ▲
    event loop:      service.translate <──┘      └── translations, a few at a time

A thread waits while others translate, so it must not be the worker's. The word alignment that inline tags
follow is computed only where it is asked for, in turn with everything else.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio import from_thread
from fastapi import HTTPException

from seq2seq import DecodeOptions
from seq2seq.translation import Forced, Translation

from .composition import compose
from .limits import Limits
from .refusal import Busy
from .request import CLIENT_LEFT
from .route import Route, Translated
from .service import AUTO, Service
from .template import Translate

AT_ONCE = 16  # documents that are worked on side by side
TURN = 32  # texts that are asked for together

Result = TypeVar("Result")


class DocumentWorker:
    """Runs functions that take a `translate`, one thread each."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    async def run(
        self,
        work: Callable[[Translate], Result],
        source: str,
        target: str,
        client: str,
        *,
        check: Callable[[list[str]], None],
        seconds: int,
    ) -> tuple[Result, Route]:
        """What `work` makes of its document, and the way of its texts (nowhere where there were none).

        `check` sees all texts before the first is translated. Raises what `Service.translate` raises.
        """
        lender = _Lender(self.service, source, target, client, check, time.monotonic() + seconds)
        try:
            result = await anyio.to_thread.run_sync(
                lambda: work(lender.translate), limiter=self._limiter, abandon_on_cancel=True
            )
        finally:
            lender.give_up()
        return result, lender.route


class _Lender:
    """The `translate` of one document."""

    def __init__(
        self,
        service: Service,
        source: str,
        target: str,
        client: str,
        check: Callable[[list[str]], None],
        end: float,
    ) -> None:
        self.service = service
        self.source = source
        self.target = target
        self.client = client
        self.check = check
        self.end = end
        self.route = Route(())
        self.given_up = False
        self._asked: asyncio.Future[Any] | None = None  # what the thread waits for

    def give_up(self) -> None:
        """Ends what the thread waits for, and itself when it asks for more: its client has left."""
        self.given_up = True
        if self._asked is not None:
            self._asked.cancel()

    def translate(self, texts: list[str]) -> Iterator[Translation]:
        """The translations of all texts, in order; called in a thread, once a document."""
        self.check(texts)
        self.route = from_thread.run(self.service.route, "\n".join(texts), self.source, self.target)
        legs = self.route.legs
        source = legs[0].source if legs else AUTO
        for start in range(0, len(texts), TURN):
            turn = texts[start : start + TURN]
            found = from_thread.run(self._translate, turn, source) if legs else map(_unchanged, turn)
            yield from found

    async def _translate(self, texts: list[str], source: str) -> list[Translation]:
        if self.given_up:
            raise HTTPException(CLIENT_LEFT, "the client left")
        if time.monotonic() > self.end:
            raise Busy("busy_slow", "the document took longer than is allowed; send it in parts", 5)
        work = self.service.translate(texts, source, self.target, DecodeOptions(), self.client)
        return [self._lend(each) for each in await self._wait_for(work)]

    def _lend(self, found: Translated) -> Translation:
        """A translation whose alignment, over all legs, is computed in the worker when it is asked for."""
        cost = len(found.best.tokens) + 1

        def look() -> Forced:
            call = [lambda: Forced([], compose(found))]
            return from_thread.run(self._look, call, [cost])[0]

        return replace(found.best, source=found.text, explain=look)

    async def _look(self, calls: list[Callable[[], Forced]], costs: list[int]) -> list[Forced]:
        return await self._wait_for(self.service.in_turn(self.client, calls, costs))

    async def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        self._asked = asyncio.ensure_future(work)
        return await self._asked


def _unchanged(text: str) -> Translation:
    return Translation(text, text)


def html_check(limits: Limits) -> Callable[[list[str]], None]:
    """HTML counts as texts do, by its characters; how many blocks it has is its own affair."""
    return lambda texts: limits.check_texts(["".join(texts)])
