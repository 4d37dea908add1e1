"""Work behind the page, through the service of the REST routes: the same queue, rate and limits.

    text ─> route ─┬─> hops before the last: translated whole
                   └─> last hop: segments ─> Translator.stream, one by one ─> draft ─> beam ─> PageState
                                                 └─> LiveMaps: the draft so far, at most every 150 ms

A stream shows the text while it is decoded, which is greedy search; beam search then replaces the draft.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple, TypeVar

from fastapi import HTTPException
from gradio.context import LocalContext

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.memory.memory import MemoryMatch
from seq2seq.inference.results import Translation
from seq2seq.text.joining import StreamJoiner

from ..engine.documents import DocumentExecutor
from ..engine.executor import Executor
from ..engine.registry import Hop, LanguagePair
from ..engine.routing import Route
from ..engine.segments import SegmentedText
from ..engine.service import AUTO, Service
from ..errors import RefusalError
from ..http.auth import Authenticator
from ..http.security import describe
from .explain import NothingToExplainError
from .live_maps import Draw, Drawing, LiveMaps
from .state import PagePart, PageState, PartVersion, read_part

CallResult = TypeVar("CallResult")


class TranslationUpdate(NamedTuple):
    """The text so far, and what is new beside it; while `searching`, the text is a draft."""

    text: str
    drawing: Drawing | None = None
    state: PageState | None = None
    searching: bool = False


class Message(NamedTuple):
    """A literal message or a label of the page, with untranslated detail."""

    text: str
    detail: str = ""


class Backend:
    """The functions behind the page.

    `directions` are the pairs of languages that the page offers, those with a detected source last.
    """

    def __init__(self, service: Service, access: Authenticator, documents: DocumentExecutor) -> None:
        self.service = service
        self.access = access
        self.documents = documents
        self.limits = service.limits
        pairs = service.registry.reachable
        targets = sorted({target for _, target in pairs})
        self.directions: list[LanguagePair] = [*pairs, *((AUTO, target) for target in targets)]
        # Not the batcher's worker: a draft's drawings would keep its own text waiting.
        self._drawer = Executor()

    @property
    def keeps_suggestions(self) -> bool:
        """True where a translation that the reader corrects can be kept."""
        return self.service.project is not None and self.service.project.suggestions is not None

    def admit(self) -> str:
        """Return the name under which a visitor's requests are queued.

        Raises:
            HTTPException: 429, the visitor sends too many requests.
        """
        return self.access.admit(visitor_address(), None)

    def reverse(self, direction: int) -> int | None:
        """Return the number of the opposite direction, if it is offered."""
        source, target = self.directions[direction]
        opposite = (target, source)
        return self.directions.index(opposite) if opposite in self.directions else None

    async def translator(self, pair: LanguagePair) -> Translator:
        """Return the translator of a pair, loaded if this is its first use.

        Raises:
            ValueError: no single model translates the pair.
        """
        hops = self.service.registry.route(*pair)
        if len(hops) > 1:
            route = f"{hops[0].source} → {hops[1].target}"
            raise RefusalError(
                "unsupported", f"no model translates {route} directly; ask for one of its hops", route
            )
        return await self.service.load(hops[0])

    async def run(self, client: str, cost: int, call: Callable[[], CallResult]) -> CallResult:
        """Return the result of a call that uses a model, queued with all other requests.

        Args:
            client: The name from `admit`.
            cost: How much the call reads and writes, in tokens.
            call: The call, made in the worker.
        """
        (result,) = await self.service.run_calls(client, [call], [cost])
        return result

    async def translate(
        self, direction: int, text: str, options: DecodeOptions, draw: Draw
    ) -> AsyncGenerator[TranslationUpdate, None]:
        """Yield the text as it is written, with drawings of it, and at last the state of the page.

        Raises:
            ValueError: the text is beyond a limit, or in a language that no model translates.
            HTTPException: the server is full, stops or needs too long, or the visitor sends too many.
        """
        client = self.admit()
        self.limits.check_texts([text])
        route = await self.service.route(text, *self.directions[direction])
        if not route.hops:
            unchanged = (PagePart(text, "", (PartVersion(text),)),)
            state = PageState(None, unchanged, route_to_show(route), is_served=route.served)
            yield TranslationUpdate(text, None, state)
            return
        hop = route.hops[-1]
        if project := self.service.project:
            if match := project.recall(text, options, route.hops):
                yield await self._recalled(text, match, route)
                return
            options = project.options_on(options, route.hops)
        if len(route.hops) > 1:
            text = await self._translate_first_hop(text, route.hops[0], client)
        translator = await self.service.load(hop)
        segmented = await self.service.segment(translator, text, options)
        self.limits.check_token_count(sum(segmented.costs))
        draft = ""
        drafting = replace(options, num_hypotheses=1)
        async with aclosing(self._stream(translator, segmented, drafting, draw, client)) as updates:
            async for update in updates:
                draft = update.text
                yield update
        yield TranslationUpdate(draft, searching=True)
        translations = await self.service.translate_segments(hop, segmented, options, client)
        parts = [
            read_part(source, separator, translation)
            for (source, separator), translation in zip(segmented.parts, translations, strict=True)
        ]
        joined = segmented.join(translations)
        state = PageState((hop.source, hop.target), tuple(parts), route_to_show(route), joined.is_unlike)
        yield TranslationUpdate(state.text, searching=True)
        if len(route.hops) == 1:  # with a pivot, nobody but the model knows the words that it read
            state = state._replace(left_out=await asyncio.to_thread(_left_out, joined))
        yield TranslationUpdate(state.text, None, state)

    async def _recalled(self, text: str, match: MemoryMatch, route: Route) -> TranslationUpdate:
        """Return the update of a text that the memory has, with its tokens where one model reads it whole."""
        hop = route.hops[-1]
        translator = await self.service.load(hop)
        tokens: list[str] = []
        if len(route.hops) == 1 and len((await self.service.segment(translator, text)).segments) == 1:
            tokens = translator.tokenizer.pieces(translator.tokenizer.target.encode(match.target))
        part = PagePart(text, "", (PartVersion(match.target, tuple(tokens)),))
        state = PageState((hop.source, hop.target), (part,), route_to_show(route), recalled=match.score)
        return TranslationUpdate(match.target, None, state)

    async def _translate_first_hop(self, text: str, hop: Hop, client: str) -> str:
        (routed,) = await self.service.translate([text], hop.source, hop.target, DecodeOptions(), client)
        return routed.best.text

    async def _stream(
        self,
        translator: Translator,
        segmented: SegmentedText,
        options: DecodeOptions,
        draw: Draw,
        client: str,
    ) -> AsyncGenerator[TranslationUpdate, None]:
        """Yield the draft of a text, with drawings of the segment that is being written."""
        maps, joiner = LiveMaps(self._drawer, translator, draw), StreamJoiner()
        end = time.monotonic() + self.limits.seconds
        try:
            async with self.service.batcher.admit(sum(segmented.costs) + 1, client):
                for source, separator in segmented.parts:
                    joiner.begin(source)
                    async for piece in self.service.batcher.executor.stream(
                        translator.stream(source, options)
                    ):
                        if time.monotonic() > end:
                            raise self.service.too_slow()
                        joiner.add(piece)
                        yield TranslationUpdate(joiner.text, maps.take())
                        maps.offer(source, joiner.part)
                    joiner.end(separator)
        finally:
            maps.stop()


def visitor_address() -> str:
    """Return the address of the visitor whose event is handled, as a proxy on this machine tells it.

    To be called before anything is awaited: Gradio's context is that of the event only so long.
    """
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    return client.host if client else ""


def _left_out(translation: Translation) -> str:
    """Return the words that a translation probably leaves out, or nothing."""
    if not translation.is_incomplete:
        return ""
    return " … ".join(translation.source[start:end] for start, end in translation.uncovered)


def route_to_show(route: Route) -> tuple[str, ...]:
    """Return the languages of a route that the reader did not choose (detected or pivoted), else none."""
    return tuple(route.to_json()["languages"]) if route.detected or route.pivots else ()


def failure_message(error: Exception) -> Message:
    """Return what the page says of a failure; details of a fault go to the log only."""
    if isinstance(error, NothingToExplainError):
        return Message(error.label)
    if kind := getattr(error, "kind", ""):
        return Message(kind, error.note)  # type: ignore[attr-defined]  # refusals of serve/errors.py have both
    if type(error) is ValueError:
        return Message(str(error))
    if isinstance(error, HTTPException):
        return Message(str(error.detail))
    describe(error)  # which logs it
    return Message("fault")
