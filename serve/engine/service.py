"""What every route asks for: texts of one language translated to another, whatever that takes.

    text ─> language (given or detected) ─> route (one leg or two) ─> segments ─> batcher ─> joined again

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
from seq2seq.inference.results import Translation
from seq2seq.search import Cancelled, rows_cancelled

from ..errors import Busy
from ..limits import Limits
from ..metrics import Metrics
from .batcher import Batcher
from .executor import Executor
from .language_id import DetectedLanguage, LanguageIdentifier
from .plan import TranslationPlan
from .registry import Hop, ModelRegistry
from .routing import Route, RoutedTranslation
from .segments import SegmentedText

AUTO = "auto"
SHORT = 1_000  # characters that are cut at once, for changing threads takes longer

ServiceResult = TypeVar("ServiceResult")


class Service:
    """The models of a catalog behind one line of waiting requests; batches are searched by `decode`."""

    def __init__(
        self,
        catalog: ModelRegistry,
        batcher: Batcher,
        limits: Limits,
        metrics: Metrics,
        decode: Decode = decode_sources,
    ) -> None:
        self.catalog = catalog
        self.batcher = batcher
        self.limits = limits
        self.metrics = metrics
        self.decode = decode
        self.detector = LanguageIdentifier(catalog.codes)
        self._reader = Executor()  # cuts texts and tells languages while the other worker translates
        self._loader = Executor()  # loads models meanwhile

    async def detect(self, text: str) -> list[DetectedLanguage]:
        """Every language of the catalog, likeliest first."""
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
        cuts: list[SegmentedText | None] = []
        for text, route in zip(texts, routes, strict=True):
            check_glossary_way(options, route.legs)
            translator = await self.load(route.legs[0]) if route.legs else None
            cuts.append(await self.cut(translator, text, options) if translator else None)
        return TranslationPlan(texts, routes, cuts, options)

    async def carry_out(self, plan: TranslationPlan, client: str) -> list[RoutedTranslation]:
        """The translation of each text of a plan, however long that takes; HTTPException 503 when full."""
        groups = plan.groups
        with self.batcher.admit(plan.tokens + len(plan.texts)):
            self.metrics.tokens_in.inc(plan.tokens)
            found = await asyncio.gather(
                *(
                    self._along(legs, list(cuts.values()), plan.options, client)
                    for legs, cuts in groups.items()
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

        Raises what `translate` raises; with two legs only the second can be seen as it is written.
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
        if not route.legs:
            yield text
            return
        check_glossary_way(options, route.legs)
        translator = await self.load(route.legs[0])
        cut = await self.cut(translator, text, options)
        tokens = sum(cut.costs)
        self.limits.check_token_count(tokens)
        with self.batcher.admit(tokens + 1):
            self.metrics.tokens_in.inc(tokens)
            if len(route.legs) > 1:
                before = self._along(route.legs[:-1], [cut], on_the_way(options), client)
                text = (await self.in_time(before))[0][-1].text
            leg = route.legs[-1]
            translator = await self.load(leg)
            steps = translator.stream(text, options, leg.source, leg.target)
            async for piece in self.batcher.worker.stream(steps):
                self.metrics.tokens_out.inc()
                yield piece

    async def route(self, text: str, source: str, target: str) -> Route:
        """The legs for one text; its language is detected where `source` is auto."""
        if source.lower() != AUTO:
            return Route(tuple(self.catalog.route(source, target)))
        reaching = self.catalog.sources_of(target)  # refuses a target that nothing reaches
        detected = _likeliest(await self.detect(text), {*reaching, target.lower()})
        if detected.language == target.lower():
            return Route((), detected)
        if not detected.confidence:  # no letters: any model gives such a text back
            return Route(tuple(self.catalog.route(reaching[0], target)), detected)
        return Route(tuple(self.catalog.route(detected.language, target)), detected)

    async def load(self, leg: Hop) -> Translator:
        """The translator of a leg, loaded if this is its first use."""
        if leg.offer.loaded is not None:
            return leg.translator()
        try:
            return await self._loader.run(leg.translator)
        except ValueError as error:
            raise Busy(
                "busy_model", f"the model {leg.offer.name} cannot be loaded ({type(error).__name__})", 60
            ) from None

    async def cut(
        self, translator: Translator, text: str, options: DecodeOptions | None = None
    ) -> SegmentedText:
        """A text as segments that the model can read, what is to be kept in it being short."""
        if len(text) <= SHORT:
            return SegmentedText.of(translator, text, options)
        return await self._reader.run(lambda: SegmentedText.of(translator, text, options))

    async def translate_segments(
        self, leg: Hop, cut: SegmentedText, options: DecodeOptions, client: str
    ) -> list[Translation]:
        """The translation of each segment of a text by one model; raises as `translate` does."""
        tokens = sum(cut.costs)
        self.limits.check_token_count(tokens)
        with self.batcher.admit(tokens + 1):
            self.metrics.tokens_in.inc(tokens)
            return await self.in_time(self._by_segment(await self.load(leg), leg, [cut], options, client))

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
        self, legs: Sequence[Hop], cuts: list[SegmentedText], options: DecodeOptions, client: str
    ) -> list[list[Translation]]:
        """The translations of some texts by each leg, one list a text."""
        steps: list[list[Translation]] = [[] for _ in cuts]
        for leg in legs:
            last = leg == legs[-1]
            translator = await self.load(leg)
            if leg != legs[0]:
                cuts = [await self.cut(translator, done[-1].text, options) for done in steps]
            asked = options if last else on_the_way(options)
            found = await self._by_model(translator, leg, cuts, asked, client)
            for done, translation in zip(steps, found, strict=True):
                done.append(translation)
        return steps

    async def _by_model(
        self, translator: Translator, leg: Hop, cuts: list[SegmentedText], options: DecodeOptions, client: str
    ) -> list[Translation]:
        """The translations of some texts by one model."""
        found = iter(await self._by_segment(translator, leg, cuts, options, client))
        return [cut.join(list(islice(found, len(cut.parts)))) for cut in cuts]

    async def _by_segment(
        self, translator: Translator, leg: Hop, cuts: list[SegmentedText], options: DecodeOptions, client: str
    ) -> list[Translation]:
        """The translations of the segments of some texts, one after another."""
        beginning = options.later != options
        items = [item for cut in cuts for item in cut.items(translator, beginning)]
        found = await self.batcher.run(
            client,
            (leg.offer.name, leg.source, leg.target, options),
            partial(_translate, translator, self.decode, leg, options),
            items,
            [cost for cut in cuts for cost in cut.costs],
        )
        self.metrics.tokens_out.inc(sum(len(each.tokens) for each in found))
        return found


def _likeliest(ranked: list[DetectedLanguage], useful: set[str]) -> DetectedLanguage:
    """The likeliest language that can be of use; where all of these are ruled out, the likeliest of all."""
    return next((each for each in ranked if each.language in useful and each.confidence), ranked[0])


def on_the_way(options: DecodeOptions) -> DecodeOptions:
    """The options of the legs before the last: what is to be kept is kept on all of them."""
    return DecodeOptions(
        keep_words=options.keep_words,
        keep_placeholders=options.keep_placeholders,
        keep_numbers=options.keep_numbers,
    )


def check_glossary_way(options: DecodeOptions, legs: Sequence[Hop]) -> None:
    """Refuse (ValueError) a glossary where the text is first translated to another language."""
    if options.glossary and len(legs) > 1:
        way = " to ".join([legs[0].source, *(leg.target for leg in legs)]).lower()
        raise ValueError(
            f"a glossary needs a model of its two languages, but the way leads from {way}; "
            "leave out glossary, or translate step by step"
        )


def _translate(
    translator: Translator,
    decode: Decode,
    leg: Hop,
    options: DecodeOptions,
    items: Sequence[tuple[str, bool]],
    cancelled: Cancelled,
) -> list[Translation]:
    """The translation of each segment, whosever it is; all side by side."""
    found: list[Translation | None] = [None] * len(items)
    for first in {first for _, first in items}:
        rows = [row for row, item in enumerate(items) if item[1] == first]
        chosen = options if first else options.later
        texts = [items[row][0] for row in rows]
        left = rows_cancelled(cancelled, rows)
        batch = translator.translate_batch(texts, chosen, leg.source, leg.target, left, decode)
        for row, translation in zip(rows, batch, strict=True):
            found[row] = translation
    return [translation for translation in found if translation is not None]


def _call_all(
    calls: Sequence[Callable[[], ServiceResult]], cancelled: Cancelled
) -> list[ServiceResult | None]:
    return [None if cancelled(place) else call() for place, call in enumerate(calls)]
