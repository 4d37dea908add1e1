"""Translation of HTML and files, which are read and written in threads of their own.

    event loop:  run ──> thread: read ─ translate(texts) ─ write ──> result
                                          │      ▲
    event loop:        service.execute <──┘      └── translations, one portion at a time

A file has limits of its own (`DocumentLimits`), HTML those of one request. The thread of a document waits
for translations, so it must not be one of the executor that runs models. The word alignment that inline tags
follow is computed only on access, in the queue of the batcher.
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

from seq2seq import DecodeOptions, Translator
from seq2seq.documents.template import TranslateTexts
from seq2seq.inference.memory.recall import recalled
from seq2seq.inference.results import ForcedDecoding, Translation

from ..errors import Busy
from ..http.parsing import CLIENT_LEFT
from ..limits import Limits
from .pivot import compose_alignments
from .routing import Route
from .segments import (
    DocumentPart,
    RoutedTranslation,
    SegmentedText,
    TranslationPlan,
    most_kept,
    portions,
    whole_texts,
)
from .service import Service, options_of_hop

AT_ONCE = 16  # documents in progress, one thread each

DocumentResult = TypeVar("DocumentResult")


class DocumentLimits(NamedTuple):
    """The time limit of a document, and the checks before its first text is translated."""

    check_texts: Callable[[list[str]], None]
    check_tokens: Callable[[int], None]
    seconds: int


def file_limits(limits: Limits) -> DocumentLimits:
    """Return the limits of a file: on its characters and its time, not on its tokens."""
    return DocumentLimits(limits.check_file_texts, lambda count: None, limits.file_seconds)


def html_limits(limits: Limits) -> DocumentLimits:
    """Return the limits of HTML: those of a text with as many characters, however many blocks it has."""
    return DocumentLimits(
        lambda texts: limits.check_texts(["".join(texts)]), limits.check_token_count, limits.seconds
    )


class MeanConfidence:
    """The mean confidence of a document's texts, each weighted by its characters.

    Texts without a confidence (of numbers alone, or of a model without calibration) do not count.
    """

    def __init__(self) -> None:
        self._sum = 0.0
        self._characters = 0

    def add(self, translation: RoutedTranslation) -> None:
        """Count a text of the document."""
        if (confidence := translation.confidence) is not None:
            self._sum += confidence * len(translation.text)
            self._characters += len(translation.text)

    @property
    def value(self) -> float | None:
        """The mean, None where no text has a confidence."""
        return self._sum / self._characters if self._characters else None


class DocumentExecutor:
    """An executor of functions that take a `translate`, one thread each."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    async def run(
        self,
        work: Callable[[TranslateTexts], DocumentResult],
        source: str,
        target: str,
        client: str,
        limits: DocumentLimits,
        confidence: MeanConfidence | None = None,
    ) -> tuple[DocumentResult, Route]:
        """Run `work` in a thread; return its result and the route of the texts, without hops if none.

        `confidence` is told of every translated text.

        Raises:
            ValueError: As `Service.translate`.
            Busy: As `Service.translate`.
        """
        translator = _DocumentTranslator(
            self.service, source, target, client, limits, confidence or MeanConfidence()
        )
        try:
            result = await anyio.to_thread.run_sync(
                lambda: work(translator.translate), limiter=self._limiter, abandon_on_cancel=True
            )
        finally:
            translator.cancel()
        return result, translator.route


class _DocumentTranslator:
    """The translator of one document, called from its thread."""

    def __init__(
        self,
        service: Service,
        source: str,
        target: str,
        client: str,
        limits: DocumentLimits,
        confidence: MeanConfidence,
    ) -> None:
        self.confidence = confidence
        self.service = service
        self.source = source
        self.target = target
        self.client = client
        self.limits = limits
        self.end = time.monotonic() + limits.seconds
        self.route = Route(())
        self.cancelled = False
        self._pending: asyncio.Future[Any] | None = None  # the thread waits for it

    def cancel(self) -> None:
        """Cancel the pending work of the thread, and refuse any further."""
        self.cancelled = True
        if self._pending is not None:
            self._pending.cancel()

    def translate(self, texts: list[str]) -> Iterator[Translation]:
        """Return the translations of all texts, in order and lazily; called once, in the thread."""
        self.limits.check_texts(texts)
        # One route for the document: its language is detected from all texts together.
        self.route = from_thread.run(self.service.route, "\n".join(texts), self.source, self.target)
        if not self.route.hops:
            return (Translation(text, text) for text in texts)
        translator = from_thread.run(self.service.load, self.route.hops[0])
        options = options_of_hop(DecodeOptions(), self.route.hops, 0)
        known = self._recall(translator, texts)
        if self.service.project:
            options = self.service.project.options_on(options, self.route.hops)
        segmented = [
            SegmentedText.of(translator, text, options)
            for number, text in enumerate(texts)
            if number not in known
        ]
        self.limits.check_tokens(sum(sum(text.costs) for text in segmented))
        # Each segment must be within the limit of one request, also where a file as a whole need not be.
        longest = max((cost for text in segmented for cost in text.costs), default=0)
        if (kept := most_kept(segmented)) > 1:
            self.service.limits.check_token_count(longest, kept)
        others = whole_texts(self._translate_parts(segmented))
        in_order = (known[number] if number in known else next(others) for number in range(len(texts)))
        return map(self._with_alignment, in_order)

    def _recall(self, translator: Translator, texts: list[str]) -> dict[int, RoutedTranslation]:
        """Return the translations of those texts that the project's memory has, by their numbers."""
        project, hops = self.service.project, self.route.hops
        if project is None:
            return {}
        matches = project.recall_all(texts, DecodeOptions(), [self.route] * len(texts))
        align = translator.align if len(hops) == 1 else None
        return {
            number: RoutedTranslation(texts[number], self.route, [recalled(texts[number], match, align)])
            for number, match in matches.items()
        }

    def _translate_parts(
        self, segmented: list[SegmentedText]
    ) -> Iterator[tuple[DocumentPart, RoutedTranslation]]:
        for portion in portions(segmented):
            yield from zip(portion, from_thread.run(self._translate_portion, portion), strict=True)

    async def _translate_portion(self, portion: list[DocumentPart]) -> list[RoutedTranslation]:
        if self.cancelled:
            raise HTTPException(CLIENT_LEFT, "the client left")
        segmented = [part.segmented for part in portion]
        texts, routes = [text.text for text in segmented], [self.route] * len(segmented)
        plan = TranslationPlan(texts, routes, segmented, DecodeOptions())
        return await self._wait_for(self.service.execute(plan, self.client))

    def _with_alignment(self, translation: RoutedTranslation) -> Translation:
        """Return a translation whose alignment over all hops is computed on access, in the executor."""
        cost = len(translation.best.tokens) + 1
        self.confidence.add(translation)

        def explain() -> ForcedDecoding:
            calls = [lambda: ForcedDecoding([], compose_alignments(translation))]
            return from_thread.run(self._run_calls, calls, [cost])[0]

        return replace(translation.best, source=translation.text, explain=explain)

    async def _run_calls(
        self, calls: list[Callable[[], ForcedDecoding]], costs: list[int]
    ) -> list[ForcedDecoding]:
        return await self._wait_for(self.service.queue_calls(self.client, calls, costs))

    async def _wait_for(self, work: Coroutine[Any, Any, DocumentResult]) -> DocumentResult:
        self._pending = pending = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(self.end - time.monotonic()):
                return await pending
        except TimeoutError:
            sentence = "the document took longer than is allowed; send it in parts"
            raise Busy("busy_slow", sentence, 5) from None
