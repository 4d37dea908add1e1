"""The translation service behind the routes.

    text ─> language (given or detected) ─> route (one hop or two) ─> segments ─> batcher ─> joined

A text detected (`auto`) to be in the target language is its own translation, and one in a language that is
not served is given back. Segments are queued, not texts, so that a long text and a short one can share a
batch.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.decoding import Decode, decode_sources
from seq2seq.inference.memory.memory import MemoryMatch
from seq2seq.inference.memory.recall import recalled
from seq2seq.inference.processing import PreparedSegment
from seq2seq.inference.results import Translation
from seq2seq.options import FIDELITY
from seq2seq.search import Cancelled

from ..errors import Busy, RefusalError
from ..limits import Limits
from ..metrics import Metrics
from .batcher import Batcher
from .executor import Executor
from .language_id import DetectedLanguage, LanguageIdentifier
from .project import Project
from .registry import Hop, ModelRegistry
from .routing import Route
from .segments import RoutedTranslation, SegmentedText, TranslationPlan

AUTO = "auto"
log = logging.getLogger("seq2seq.serve")
SHORT = 1_000  # characters; segmenting so few takes less time than a switch of threads
# Texts that are segmented or detected at once. One that takes a second, of addresses alone, keeps no other
# waiting: they share the interpreter in turns of milliseconds.
READERS = 4

ServiceResult = TypeVar("ServiceResult")


class Service:
    """The models of a registry behind one batcher; `decode` runs the searches.

    `project` has the terms and earlier translations that go before the models; None for none.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        batcher: Batcher,
        limits: Limits,
        metrics: Metrics,
        decode: Decode = decode_sources,
        project: Project | None = None,
    ) -> None:
        self.project = project
        self.registry = registry
        self.batcher = batcher
        self.limits = limits
        self.metrics = metrics
        self.decode = decode
        self.detector = LanguageIdentifier(registry.codes)
        # Executors of their own: segmenting and loading do not wait for translations.
        self._reader = Executor(READERS)
        self._loader = Executor()

    async def detect(self, text: str) -> list[DetectedLanguage]:
        """Return every language of the registry and others that are possible, most probable first."""
        return await self._reader.run(lambda: self.detector.rank(text))

    async def contradictions(self, texts: Sequence[str], source: str) -> list[DetectedLanguage | None]:
        """Return for each text the language that it is in for certain where that is not the given source."""
        if source.lower() == AUTO:
            return [None for _ in texts]
        return await self._reader.run(lambda: [self.detector.contradiction(text, source) for text in texts])

    async def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodeOptions, client: str
    ) -> list[RoutedTranslation]:
        """Translate texts and return their translations in order.

        Raises:
            ValueError: The pair is not supported, or the text is too long.
            Busy: 503; the server is full or stopping, or the request took too long.
        """
        plan = await self.plan(texts, source, target, options)
        if plan.tokens > self.limits.tokens:
            self.limits.check_token_count(plan.tokens, plan.most_kept)
        return await self.in_time(self.execute(plan, client))

    async def plan(
        self, texts: Sequence[str], source: str, target: str, options: DecodeOptions
    ) -> TranslationPlan:
        """Find the route of each text and split it into segments.

        Raises:
            ValueError: The pair is not supported, or a glossary meets a pivot.
            Busy: 503; a model cannot be loaded.
        """
        routes = [await self.route(text, source, target) for text in texts]
        known = await self._recall(self.project, texts, routes, options) if self.project else {}
        work: list[tuple[Translator | None, str, DecodeOptions]] = []
        for number, (text, route) in enumerate(zip(texts, routes, strict=True)):
            check_glossary_route(options, route.hops)
            translator = await self.load(route.hops[0]) if route.hops and number not in known else None
            hop_options = options_of_hop(options, route.hops, 0)
            if self.project:
                hop_options = self.project.options_on(hop_options, route.hops)
            work.append((translator, text, hop_options))
        # A list of short texts takes as long as one long text: it must not hold up the event loop either.
        if sum(map(len, texts)) <= SHORT:
            segmented = _segment_all(work)
        else:
            segmented = await self._reader.run(lambda: _segment_all(work))
        return TranslationPlan(texts, routes, segmented, options, known)

    async def matches(self, translations: Sequence[RoutedTranslation]) -> list[list[MemoryMatch]]:
        """Return for each text the units of the project's memory that are most alike, best first."""
        project = self.project
        if project is None:
            return [[] for _ in translations]
        return await self._reader.run(
            lambda: [project.matches(each.text, each.route.hops) for each in translations]
        )

    async def suggest(self, text: str, suggestion: str, source: str, target: str) -> None:
        """Keep a better translation of a text in the project, which must take suggestions.

        Raises:
            ValueError: A side is blank, or no model translates the pair.
            Busy: 503; the file of suggestions is full or cannot be written.
        """
        assert self.project is not None
        if not (text.strip() and suggestion.strip()):
            raise RefusalError("blank", "q and s must have text; send a text and its translation")
        hops = (await self.route(text, source, target)).hops
        if not hops:
            sentence = f"no model translates this text to {target}; name its language in source"
            raise RefusalError("unsupported", sentence)
        pair = hops[0].source.lower(), hops[-1].target.lower()
        try:
            await self._loader.run(partial(self.project.suggest, text, suggestion, pair))
        except (OSError, ValueError) as error:
            log.error("a suggestion could not be kept: %s", error)  # the file's name is for the operator
            sentence = "the server cannot keep suggestions now; tell its operator"
            raise Busy("busy_suggestions", sentence, 60) from None

    async def _recall(
        self, project: Project, texts: Sequence[str], routes: Sequence[Route], options: DecodeOptions
    ) -> dict[int, Translation]:
        """Return the translations of those texts that the memory has, by their numbers."""
        if sum(map(len, texts)) <= SHORT:
            matches = project.recall_all(texts, options, routes)
        else:
            matches = await self._reader.run(lambda: project.recall_all(texts, options, routes))
        translations: dict[int, Translation] = {}
        for number, match in matches.items():
            hops = routes[number].hops
            align = (await self.load(hops[0])).align if len(hops) == 1 else None
            translations[number] = recalled(texts[number], match, align)
        return translations

    async def execute(self, plan: TranslationPlan, client: str) -> list[RoutedTranslation]:
        """Translate the texts of a plan without a time limit.

        Raises:
            Busy: 503; the server is full or stopping.
        """
        groups = plan.groups
        async with self.batcher.admit(plan.tokens + len(plan.texts), client):
            self.metrics.tokens_in.inc(plan.tokens)
            group_steps = await asyncio.gather(
                *(
                    self._along(hops, list(texts.values()), plan.options, client)
                    for hops, texts in groups.items()
                )
            )
        steps: dict[int, list[Translation]] = {}
        for texts, text_steps in zip(groups.values(), group_steps, strict=True):
            steps.update(zip(texts, text_steps, strict=True))
        return [
            RoutedTranslation(text, route, steps.get(number, []))
            if number not in plan.recalled
            else RoutedTranslation(text, route, [plan.recalled[number]])
            for number, (text, route) in enumerate(zip(plan.texts, plan.routes, strict=True))
        ]

    async def stream(
        self, text: str, source: str, target: str, options: DecodeOptions, client: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield events: `piece` with each piece of text, then `end` with the whole text and its route.

        With two hops only the second is streamed.

        Raises:
            ValueError: As `translate`.
            Busy: As `translate`.
        """
        end = time.monotonic() + self.limits.seconds
        route = await self.route(text, source, target)
        emitted = ""
        async for piece in self._pieces(text, route, options, client):
            emitted += piece
            yield {"event": "piece", "data": {"text": piece}}
            if time.monotonic() > end:
                raise self.too_slow()
        yield {"event": "end", "data": {"text": emitted, **route.to_json()}}

    async def _pieces(
        self, text: str, route: Route, options: DecodeOptions, client: str
    ) -> AsyncIterator[str]:
        if not route.hops:
            yield text
            return
        check_glossary_route(options, route.hops)
        if self.project:
            if match := self.project.recall(text, options, route.hops):
                yield match.target
                return
            options = self.project.options_on(options, route.hops)
        translator = await self.load(route.hops[0])
        segmented = await self.segment(translator, text, options_of_hop(options, route.hops, 0))
        tokens = sum(segmented.costs)
        self.limits.check_token_count(tokens)
        async with self.batcher.admit(tokens + 1, client):
            self.metrics.tokens_in.inc(tokens)
            if len(route.hops) > 1:
                pivoting = self._along(route.hops[:-1], [segmented], pivot_options(options), client)
                text = (await self.in_time(pivoting))[0][-1].text
            hop = route.hops[-1]
            translator = await self.load(hop)
            steps = translator.stream(text, options, hop.source, hop.target)
            async for piece in self.batcher.executor.stream(steps):
                self.metrics.tokens_out.inc()
                yield piece

    async def route(self, text: str, source: str, target: str) -> Route:
        """Find the route of one text; its language is detected where `source` is "auto".

        A text that is most probably in a language that is not served has no hops.

        Raises:
            ValueError: The pair is not supported.
        """
        if source.lower() != AUTO:
            return Route(self.registry.route(source, target))
        sources = self.registry.sources_of(target)  # refuses a target without sources
        target = self.registry.served(target)
        ranked = await self.detect(text)
        if other := self.detector.not_served(ranked):
            return Route((), other, served=False)
        detected = _most_probable(ranked, {*sources, target})
        if detected.language == target:
            return Route((), detected)
        if not detected.confidence:  # no letters: any model returns such a text unchanged
            return Route(self.registry.route(sources[0], target), detected)
        return Route(self.registry.route(detected.language, target), detected)

    async def load(self, hop: Hop) -> Translator:
        """Return the translator of a hop, loaded if this is its first use.

        Raises:
            Busy: 503; the model cannot be loaded.
        """
        if hop.model.loaded is not None:
            return hop.model.loaded.directed(hop.source, hop.target)
        try:
            return await self._loader.run(hop.translator)
        except ValueError as error:
            # Without the message of the error, which may name files of the server.
            raise Busy(
                "busy_model", f"the model {hop.model.name} cannot be loaded ({type(error).__name__})", 60
            ) from None

    async def segment(
        self, translator: Translator, text: str, options: DecodeOptions | None = None
    ) -> SegmentedText:
        """Split a text into segments that fit the model."""
        if len(text) <= SHORT:
            return SegmentedText.of(translator, text, options)
        return await self._reader.run(lambda: SegmentedText.of(translator, text, options))

    async def translate_segments(
        self, hop: Hop, text: SegmentedText, options: DecodeOptions, client: str
    ) -> list[Translation]:
        """Translate the segments of a text by one model, and return a translation for each.

        Raises:
            ValueError: The text is too long.
            Busy: As `translate`.
        """
        tokens = sum(text.costs)
        self.limits.check_token_count(tokens)
        async with self.batcher.admit(tokens + 1, client):
            self.metrics.tokens_in.inc(tokens)
            return await self.in_time(self._by_segment(await self.load(hop), hop, [text], options, client))

    async def in_time(self, work: Awaitable[ServiceResult]) -> ServiceResult:
        """Return the result of work within the time limit of a request.

        Raises:
            Busy: 503; it took too long.
        """
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await work
        except TimeoutError:
            raise self.too_slow() from None

    async def queue_calls(
        self, client: str, calls: Sequence[Callable[[], ServiceResult]], costs: Sequence[int]
    ) -> list[ServiceResult]:
        """Queue calls of a model for a request that is admitted already, and return their results."""
        # A kind of its own: calls share no batch with other jobs.
        return await self.batcher.run(client, object(), _call_all, calls, costs)

    async def run_calls(
        self, client: str, calls: Sequence[Callable[[], ServiceResult]], costs: Sequence[int]
    ) -> list[ServiceResult]:
        """Run calls of a model as a request of their own, and return their results.

        Raises:
            ValueError: The texts are too long.
            Busy: As `translate`.
        """
        self.limits.check_token_count(sum(costs))
        async with self.batcher.admit(sum(costs), client):
            self.metrics.tokens_in.inc(sum(costs))
            return await self.in_time(self.queue_calls(client, calls, costs))

    def too_slow(self) -> Busy:
        """Return the error of a request that took too long."""
        return Busy(
            "busy_slow",
            f"the request took longer than the {self.limits.seconds} seconds that are allowed; "
            "send less at once, or ask again when fewer others do",
            5,
        )

    async def _along(
        self, hops: Sequence[Hop], texts: list[SegmentedText], options: DecodeOptions, client: str
    ) -> list[list[Translation]]:
        """Translate texts along a route; return for each text its translation by every hop."""
        steps: list[list[Translation]] = [[] for _ in texts]
        if self.project:
            options = self.project.options_on(options, hops)
        for place, hop in enumerate(hops):
            translator = await self.load(hop)
            hop_options = options_of_hop(options, hops, place)
            if place:
                texts = [await self.segment(translator, done[-1].text, hop_options) for done in steps]
            translations = iter(await self._by_segment(translator, hop, texts, hop_options, client))
            for text_steps, text in zip(steps, texts, strict=True):
                text_steps.append(text.join(list(islice(translations, len(text.segments)))))
        return steps

    async def _by_segment(
        self,
        translator: Translator,
        hop: Hop,
        texts: list[SegmentedText],
        options: DecodeOptions,
        client: str,
    ) -> list[Translation]:
        """Translate the segments of texts in common batches; return the translations in order."""
        translations = await self.batcher.run(
            client,
            (hop.model.name, hop.source, hop.target, options),
            partial(_translate, translator, self.decode, options),
            [segment for text in texts for segment in text.segments],
            [cost for text in texts for cost in text.costs],
        )
        self.metrics.tokens_out.inc(sum(len(translation.tokens) for translation in translations))
        return translations


def _segment_all(work: Sequence[tuple[Translator | None, str, DecodeOptions]]) -> list[SegmentedText | None]:
    """Split texts into segments, each for its model; None where there is no model."""
    return [
        SegmentedText.of(translator, text, options) if translator else None
        for translator, text, options in work
    ]


def _most_probable(ranked: list[DetectedLanguage], supported: set[str]) -> DetectedLanguage:
    """Return the most probable supported language; the first of all where these have confidence 0."""
    candidates = (each for each in ranked if each.language in supported and each.confidence)
    return next(candidates, ranked[0])


def options_of_hop(options: DecodeOptions, hops: Sequence[Hop], place: int) -> DecodeOptions:
    """Return the options of one hop of a route: those of the request for the last hop."""
    return options if place == len(hops) - 1 else pivot_options(options)


def pivot_options(options: DecodeOptions) -> DecodeOptions:
    """Return the options of the hops before the last, which protect the same words."""
    return DecodeOptions(
        keep_words=options.keep_words,
        keep_numbers=options.keep_numbers,
        **{name: getattr(options, name) for name in FIDELITY},
    )


def check_glossary_route(options: DecodeOptions, hops: Sequence[Hop]) -> None:
    """Refuse a glossary on a route through a pivot language, where its source terms would be lost.

    Raises:
        ValueError: With the languages of the route.
    """
    if options.glossary and len(hops) > 1:
        languages = " to ".join([hops[0].source, *(hop.target for hop in hops)]).lower()
        raise ValueError(
            f"a glossary needs a model of its two languages, but the route is {languages}; "
            "leave out glossary, or translate step by step"
        )


def _translate(
    translator: Translator,
    decode: Decode,
    options: DecodeOptions,
    segments: Sequence[PreparedSegment],
    cancelled: Cancelled,
) -> list[Translation]:
    """Translate a batch of segments, whatever requests they belong to."""
    return translator.translate_segments(segments, options, cancelled=cancelled, decode=decode)


def _call_all(
    calls: Sequence[Callable[[], ServiceResult]], cancelled: Cancelled
) -> list[ServiceResult | None]:
    return [None if cancelled(place) else call() for place, call in enumerate(calls)]
