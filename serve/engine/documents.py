"""HTML and files are read and written in threads of their own, and ask the service for translations.

    event loop:  run ──> thread: read ─ translate(texts) ─ write ──> result
                                          │      ▲
    event loop:      service.carry_out <──┘      └── translations, a portion at a time

What a document may cost is said by its terms: a file has limits of its own, HTML those of one request.
A thread waits while others translate, so it must not be the worker's. The word alignment that inline tags
follow is computed only where it is asked for, in turn with everything else.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import anyio
import anyio.to_thread
from anyio import from_thread
from fastapi import HTTPException

from seq2seq import DecodeOptions
from seq2seq.documents.template import TranslateTexts
from seq2seq.inference.results import ForcedDecoding, Translation

from ..errors import Busy
from ..http.parsing import CLIENT_LEFT
from ..limits import Limits
from .pivot import compose_alignments
from .routing import Route
from .segments import DocumentPart, RoutedTranslation, SegmentedText, TranslationPlan, portions, whole_texts
from .service import Service, options_of_hop

AT_ONCE = 16  # documents that are worked on side by side

DocumentResult = TypeVar("DocumentResult")


class DocumentLimits(NamedTuple):
    """What a document may cost in time, and what is checked of it before its first text is translated."""

    check_texts: Callable[[list[str]], None]
    check_tokens: Callable[[int], None]
    seconds: int


def file_terms(limits: Limits) -> DocumentLimits:
    """A file counts by its characters; how many tokens they are is its own affair, and they need time."""
    return DocumentLimits(limits.check_file_texts, lambda count: None, limits.file_seconds)


def html_terms(limits: Limits) -> DocumentLimits:
    """HTML counts as texts do, by its characters and tokens; how many blocks it has is its own affair."""
    return DocumentLimits(
        lambda texts: limits.check_texts(["".join(texts)]), limits.check_token_count, limits.seconds
    )


class DocumentExecutor:
    """Runs functions that take a `translate`, one thread each."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    async def run(
        self,
        work: Callable[[TranslateTexts], DocumentResult],
        source: str,
        target: str,
        client: str,
        terms: DocumentLimits,
    ) -> tuple[DocumentResult, Route]:
        """What `work` makes of its document, and the way of its texts (nowhere where there were none).

        Raises what `Service.translate` raises.
        """
        lender = _DocumentTranslator(self.service, source, target, client, terms)
        try:
            result = await anyio.to_thread.run_sync(
                lambda: work(lender.translate), limiter=self._limiter, abandon_on_cancel=True
            )
        finally:
            lender.give_up()
        return result, lender.route


class _DocumentTranslator:
    """The `translate` of one document."""

    def __init__(
        self, service: Service, source: str, target: str, client: str, terms: DocumentLimits
    ) -> None:
        self.service = service
        self.source = source
        self.target = target
        self.client = client
        self.terms = terms
        self.end = time.monotonic() + terms.seconds
        self.route = Route(())
        self.cancelled = False
        self._asked: asyncio.Future[Any] | None = None  # what the thread waits for

    def give_up(self) -> None:
        """Ends what the thread waits for, and itself when it asks for more: its client has left."""
        self.cancelled = True
        if self._asked is not None:
            self._asked.cancel()

    def translate(self, texts: list[str]) -> Iterator[Translation]:
        """The translations of all texts, in order; called in a thread, once a document."""
        self.terms.check_texts(texts)
        self.route = from_thread.run(self.service.route, "\n".join(texts), self.source, self.target)
        if not self.route.hops:
            return (Translation(text, text) for text in texts)
        translator = from_thread.run(self.service.load, self.route.hops[0])
        options = options_of_hop(DecodeOptions(), self.route.hops, 0)
        segmented = [SegmentedText.of(translator, text, options) for text in texts]
        self.terms.check_tokens(sum(sum(text.costs) for text in segmented))
        return map(self._lend, whole_texts(self._translated(segmented)))

    def _translated(self, segmented: list[SegmentedText]) -> Iterator[tuple[DocumentPart, RoutedTranslation]]:
        for portion in portions(segmented):
            yield from zip(portion, from_thread.run(self._translate, portion), strict=True)

    async def _translate(self, portion: list[DocumentPart]) -> list[RoutedTranslation]:
        if self.cancelled:
            raise HTTPException(CLIENT_LEFT, "the client left")
        segmented = [part.segmented for part in portion]
        texts, routes = [text.text for text in segmented], [self.route] * len(segmented)
        plan = TranslationPlan(texts, routes, segmented, DecodeOptions())
        return await self._wait_for(self.service.carry_out(plan, self.client))

    def _lend(self, found: RoutedTranslation) -> Translation:
        """A translation whose alignment, over all hops, is computed in the worker when it is asked for."""
        cost = len(found.best.tokens) + 1

        def look() -> ForcedDecoding:
            call = [lambda: ForcedDecoding([], compose_alignments(found))]
            return from_thread.run(self._look, call, [cost])[0]

        return replace(found.best, source=found.text, explain=look)

    async def _look(
        self, calls: list[Callable[[], ForcedDecoding]], costs: list[int]
    ) -> list[ForcedDecoding]:
        return await self._wait_for(self.service.in_turn(self.client, calls, costs))

    async def _wait_for(self, work: Coroutine[Any, Any, DocumentResult]) -> DocumentResult:
        self._asked = pending = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(self.end - time.monotonic()):
                return await pending
        except TimeoutError:
            sentence = "the document took longer than is allowed; send it in parts"
            raise Busy("busy_slow", sentence, 5) from None
