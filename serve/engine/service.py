"""What every route asks for: texts of one language translated to another, whatever that takes.

    text ─> language (given or detected) ─> route (one hop or two) ─> segments ─> batcher ─> joined again

A text of the target's own language, found by `auto`, is its own translation. Segments, not texts, are
what waits in line, so that a long text and a short one share a batch.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.decoding import Decode, decode_sources
from seq2seq.inference.processing import PreparedSegment
from seq2seq.inference.results import Translation
from seq2seq.search import Cancelled

from ..errors import Busy
from ..limits import Limits
from ..metrics import Metrics
from .batcher import Batcher
from .executor import Executor
from .language_id import DetectedLanguage, LanguageIdentifier
from .registry import Hop, ModelRegistry
from .routing import Route
from .segments import RoutedTranslation, SegmentedText, TranslationPlan

AUTO = "auto"
SHORT = 1_000  # characters that are cut at once, for changing threads takes longer

ServiceResult = TypeVar("ServiceResult")


class Service:
    """The models of a registry behind one line of waiting requests; batches are searched by `decode`."""

    def __init__(
        self,
        registry: ModelRegistry,
        batcher: Batcher,
        limits: Limits,
        metrics: Metrics,
        decode: Decode = decode_sources,
    ) -> None:
        self.registry = registry
        self.batcher = batcher
        self.limits = limits
        self.metrics = metrics
        self.decode = decode
        self.detector = LanguageIdentifier(registry.codes)
        self._reader = Executor()  # cuts texts and tells languages while the other worker translates
        self._loader = Executor()  # loads models meanwhile

    async def detect(self, text: str) -> list[DetectedLanguage]:
        """Every language of the registry, likeliest first."""
        return await self._reader.run(lambda: self.detector.rank(text))

    async def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodeOptions, client: str
    ) -> list[RoutedTranslation]:
        """The translation of each text, in order.

        Raises ValueError for a pair that is not supported and for too much text, HTTPException 503
        when the server is full, stops, or needs longer than a request may take.
        """
        plan = await self.plan(texts, source, target, options)
        self.limits.check_token_count(plan.tokens)
        return await self.in_time(self.carry_out(plan, client))

    async def plan(
        self, texts: Sequence[str], source: str, target: str, options: DecodeOptions
    ) -> TranslationPlan:
        """The way of each text and its segments; ValueError for a pair that is not supported."""
        routes = [await self.route(text, source, target) for text in texts]
        segmented: list[SegmentedText | None] = []
        for text, route in zip(texts, routes, strict=True):
            check_glossary_way(options, route.hops)
            translator = await self.load(route.hops[0]) if route.hops else None
            own = options_of_hop(options, route.hops, 0)
            segmented.append(await self.segment(translator, text, own) if translator else None)
        return TranslationPlan(texts, routes, segmented, options)

    async def carry_out(self, plan: TranslationPlan, client: str) -> list[RoutedTranslation]:
        """The translation of each text of a plan, however long that takes; HTTPException 503 when full."""
        groups = plan.groups
        with self.batcher.admit(plan.tokens + len(plan.texts)):
            self.metrics.tokens_in.inc(plan.tokens)
            found = await asyncio.gather(
                *(
                    self._along(hops, list(cuts.values()), plan.options, client)
                    for hops, cuts in groups.items()
                )
            )
        steps: dict[int, list[Translation]] = {}
        for cuts, results in zip(groups.values(), found, strict=True):
            steps.update(zip(cuts, results, strict=True))
        ways = zip(plan.texts, plan.routes, strict=True)
        return [
            RoutedTranslation(text, route, steps.get(number, [])) for number, (text, route) in enumerate(ways)
        ]

    async def stream(
        self, text: str, source: str, target: str, options: DecodeOptions, client: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Events: `piece` with its text as it is decoded, then `end` with the whole and its way.

        Raises what `translate` raises; with two hops only the second can be seen as it is written.
        """
        end = time.monotonic() + self.limits.seconds
        route = await self.route(text, source, target)
        written = ""
        async for piece in self._pieces(text, route, options, client):
            written += piece
            yield {"event": "piece", "data": {"text": piece}}
            if time.monotonic() > end:
                raise self.too_slow()
        yield {"event": "end", "data": {"text": written, **route.to_json()}}

    async def _pieces(
        self, text: str, route: Route, options: DecodeOptions, client: str
    ) -> AsyncIterator[str]:
        if not route.hops:
            yield text
            return
        check_glossary_way(options, route.hops)
        translator = await self.load(route.hops[0])
        segmented = await self.segment(translator, text, options_of_hop(options, route.hops, 0))
        tokens = sum(segmented.costs)
        self.limits.check_token_count(tokens)
        with self.batcher.admit(tokens + 1):
            self.metrics.tokens_in.inc(tokens)
            if len(route.hops) > 1:
                before = self._along(route.hops[:-1], [segmented], on_the_way(options), client)
                text = (await self.in_time(before))[0][-1].text
            hop = route.hops[-1]
            translator = await self.load(hop)
            steps = translator.stream(text, options, hop.source, hop.target)
            async for piece in self.batcher.executor.stream(steps):
                self.metrics.tokens_out.inc()
                yield piece

    async def route(self, text: str, source: str, target: str) -> Route:
        """The hops for one text; its language is detected where `source` is auto."""
        if source.lower() != AUTO:
            return Route(self.registry.route(source, target))
        reaching = self.registry.sources_of(target)  # refuses a target that nothing reaches
        detected = _likeliest(await self.detect(text), {*reaching, target.lower()})
        if detected.language == target.lower():
            return Route((), detected)
        if not detected.confidence:  # no letters: any model gives such a text back
            return Route(self.registry.route(reaching[0], target), detected)
        return Route(self.registry.route(detected.language, target), detected)

    async def load(self, hop: Hop) -> Translator:
        """The translator of a hop, loaded if this is its first use."""
        if hop.model.loaded is not None:
            return hop.model.loaded.directed(hop.source, hop.target)
        try:
            return await self._loader.run(hop.translator)
        except ValueError as error:
            raise Busy(
                "busy_model", f"the model {hop.model.name} cannot be loaded ({type(error).__name__})", 60
            ) from None

    async def segment(
        self, translator: Translator, text: str, options: DecodeOptions | None = None
    ) -> SegmentedText:
        """A text as segments that the model can read, what is to be kept in it being short."""
        if len(text) <= SHORT:
            return SegmentedText.of(translator, text, options)
        return await self._reader.run(lambda: SegmentedText.of(translator, text, options))

    async def translate_segments(
        self, hop: Hop, cut: SegmentedText, options: DecodeOptions, client: str
    ) -> list[Translation]:
        """The translation of each segment of a text by one model; raises as `translate` does."""
        tokens = sum(cut.costs)
        self.limits.check_token_count(tokens)
        with self.batcher.admit(tokens + 1):
            self.metrics.tokens_in.inc(tokens)
            return await self.in_time(self._by_segment(await self.load(hop), hop, [cut], options, client))

    async def in_time(self, work: Awaitable[ServiceResult]) -> ServiceResult:
        """The result of work; HTTPException 503 when it takes longer than a request may."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await work
        except TimeoutError:
            raise self.too_slow() from None

    async def in_turn(
        self, client: str, calls: Sequence[Callable[[], ServiceResult]], costs: Sequence[int]
    ) -> list[ServiceResult]:
        """The results of calls that use a model for a request that was admitted, in turn with all else."""
        return await self.batcher.run(client, object(), _call_all, calls, costs)

    async def look(
        self, client: str, calls: Sequence[Callable[[], ServiceResult]], costs: Sequence[int]
    ) -> list[ServiceResult]:
        """The results of calls that use a model, as a request of their own; raises as `translate` does."""
        self.limits.check_token_count(sum(costs))
        with self.batcher.admit(sum(costs)):
            self.metrics.tokens_in.inc(sum(costs))
            return await self.in_time(self.in_turn(client, calls, costs))

    def too_slow(self) -> Busy:
        """What a request is told that took longer than it may."""
        return Busy(
            "busy_slow",
            f"the request took longer than the {self.limits.seconds} seconds that are allowed; "
            "send less at once, or ask again when fewer others do",
            5,
        )

    async def _along(
        self, hops: Sequence[Hop], texts: list[SegmentedText], options: DecodeOptions, client: str
    ) -> list[list[Translation]]:
        """Return the translations of some texts by each hop, one list a text."""
        steps: list[list[Translation]] = [[] for _ in texts]
        for place, hop in enumerate(hops):
            translator = await self.load(hop)
            own = options_of_hop(options, hops, place)
            if place:
                texts = [await self.segment(translator, of_text[-1].text, own) for of_text in steps]
            translations = iter(await self._by_segment(translator, hop, texts, own, client))
            for of_text, text in zip(steps, texts, strict=True):
                of_text.append(text.join(list(islice(translations, len(text.segments)))))
        return steps

    async def _by_segment(
        self,
        translator: Translator,
        hop: Hop,
        texts: list[SegmentedText],
        options: DecodeOptions,
        client: str,
    ) -> list[Translation]:
        """Return the translations of the segments of some texts, one after another."""
        translations = await self.batcher.run(
            client,
            (hop.model.name, hop.source, hop.target, options),
            partial(_translate, translator, self.decode, options),
            [segment for text in texts for segment in text.segments],
            [cost for text in texts for cost in text.costs],
        )
        self.metrics.tokens_out.inc(sum(len(translation.tokens) for translation in translations))
        return translations


def _likeliest(ranked: list[DetectedLanguage], useful: set[str]) -> DetectedLanguage:
    """The likeliest language that can be of use; where all of these are ruled out, the likeliest of all."""
    return next((each for each in ranked if each.language in useful and each.confidence), ranked[0])


def options_of_hop(options: DecodeOptions, hops: Sequence[Hop], place: int) -> DecodeOptions:
    """Return the options of one hop of a route: those of the call for the last."""
    return options if place == len(hops) - 1 else on_the_way(options)


def on_the_way(options: DecodeOptions) -> DecodeOptions:
    """The options of the hops before the last: what is to be kept is kept on all of them."""
    return DecodeOptions(
        keep_words=options.keep_words,
        keep_placeholders=options.keep_placeholders,
        keep_numbers=options.keep_numbers,
    )


def check_glossary_way(options: DecodeOptions, hops: Sequence[Hop]) -> None:
    """Refuse (ValueError) a glossary where the text is first translated to another language."""
    if options.glossary and len(hops) > 1:
        way = " to ".join([hops[0].source, *(hop.target for hop in hops)]).lower()
        raise ValueError(
            f"a glossary needs a model of its two languages, but the way leads from {way}; "
            "leave out glossary, or translate step by step"
        )


def _translate(
    translator: Translator,
    decode: Decode,
    options: DecodeOptions,
    segments: Sequence[PreparedSegment],
    cancelled: Cancelled,
) -> list[Translation]:
    """Translate segments side by side, whosever they are."""
    return translator.translate_segments(segments, options, cancelled=cancelled, decode=decode)


def _call_all(
    calls: Sequence[Callable[[], ServiceResult]], cancelled: Cancelled
) -> list[ServiceResult | None]:
    return [None if cancelled(place) else call() for place, call in enumerate(calls)]
