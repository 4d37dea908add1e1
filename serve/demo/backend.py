"""The work behind the page, asked of the service of the REST routes: one line, one rate, the same limits.

    text ─> route ─┬─> legs before the last: translated whole
                   └─> last leg: segments ─> Translator.stream, one after another ─> draft ─> beam ─> Shown
                                                 └─> Sketch: what is written so far, at most every 150 ms

A stream shows the text while it is decoded, and that is greedy search; the beam then has the last word.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, NamedTuple

from fastapi import HTTPException

from seq2seq import DecodeOptions, Translator
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
from . import visitor
from .explain import NothingToExplainError
from .live_maps import Draw, Drawing, LiveMaps
from .state import PagePart, PageState, PartVersion, read_part


class TranslationUpdate(NamedTuple):
    """What a translation has come to; None where nothing is new. Once `searching`, the text is a draft."""

    text: str
    drawing: Drawing | None = None
    shown: PageState | None = None
    searching: bool = False


class Message(NamedTuple):
    """What the page says of a failure: a sentence, or the name of one of ours, and what needs no language."""

    sentence: str
    note: str = ""


class Backend:
    """What the page can be asked for."""

    def __init__(self, service: Service, access: Authenticator, documents: DocumentExecutor) -> None:
        self.service = service
        self.access = access
        self.documents = documents
        self.limits = service.limits
        pairs = service.catalog.ways
        targets = sorted({target for _, target in pairs})
        self.ways: list[LanguagePair] = [*pairs, *((AUTO, target) for target in targets)]
        self._sketcher = Executor()

    def admit(self) -> str:
        """The name under which a visitor takes its turn; HTTPException 429 when it asks too often."""
        return self.access.admit(visitor.address(), None)

    def reverse(self, way: int) -> int | None:
        """The number of the way back, if there is one."""
        source, target = self.ways[way]
        return self.ways.index((target, source)) if (target, source) in self.ways else None

    async def find(self, pair: LanguagePair) -> Translator:
        """The translator of a pair, loaded if this is its first use; ValueError where no model knows it."""
        legs = self.service.catalog.route(*pair)
        if len(legs) > 1:
            way = f"{legs[0].source} → {legs[1].target}"
            raise RefusalError(
                "unsupported", f"no model translates {way} directly; ask for one of its legs", way
            )
        return await self.service.load(legs[0])

    async def look(self, client: str, cost: int, call: Callable[[], Any]) -> Any:
        """The result of a call that uses a model, in turn with everything else; `cost` is in tokens."""
        (found,) = await self.service.look(client, [call], [cost])
        return found

    async def translate(
        self, way: int, text: str, options: DecodeOptions, draw: Draw
    ) -> AsyncIterator[TranslationUpdate]:
        """The text as it is written, with drawings of it, and at last all that is known of it.

        Raises:
            ValueError: a text beyond a limit, or in a language that leads nowhere.
            HTTPException: the server is full, stops or needs too long, or the visitor asks too often.
        """
        client = self.admit()
        self.limits.check_texts([text])
        route = await self.service.route(text, *self.ways[way])
        if not route.legs:
            yield TranslationUpdate(
                text, None, PageState(None, (PagePart(text, "", (PartVersion(text),)),), way_of(route))
            )
            return
        leg = route.legs[-1]
        if len(route.legs) > 1:
            text = await self._approach(text, route.legs[0], client)
        translator = await self.service.load(leg)
        cut = await self.service.cut(translator, text, options)
        self.limits.check_token_count(sum(cut.costs))
        written = ""
        async for update in self._write(translator, cut, replace(options, num_hypotheses=1), draw):
            written = update.text
            yield update
        yield TranslationUpdate(written, searching=True)
        found = await self.service.translate_segments(leg, cut, options, client)
        parts = [read_part(*part, each) for part, each in zip(cut.parts, found, strict=True)]
        shown = PageState((leg.source, leg.target), tuple(parts), way_of(route))
        yield TranslationUpdate(shown.text, None, shown)

    async def _approach(self, text: str, leg: Hop, client: str) -> str:
        """The text as the next leg reads it."""
        (found,) = await self.service.translate([text], leg.source, leg.target, DecodeOptions(), client)
        return found.best.text

    async def _write(
        self, translator: Translator, cut: SegmentedText, options: DecodeOptions, draw: Draw
    ) -> AsyncIterator[TranslationUpdate]:
        """The draft of a text, with drawings of the segment that is being written."""
        sketch, growing = LiveMaps(self._sketcher, translator, draw), StreamJoiner()
        end = time.monotonic() + self.limits.seconds
        try:
            with self.service.batcher.admit(sum(cut.costs) + 1):
                for source, separator in cut.parts:
                    growing.begin(source)
                    async for piece in self.service.batcher.worker.stream(translator.stream(source, options)):
                        if time.monotonic() > end:
                            raise self.service.too_slow()
                        growing.add(piece)
                        yield TranslationUpdate(growing.text, sketch.take())
                        sketch.offer(source, growing.part)
                    growing.end(separator)
        finally:
            sketch.stop()


def way_of(route: Route) -> tuple[str, ...]:
    """The languages of a way that is to be told, for it was not the one that was asked for; else none."""
    return tuple(route.to_json()["languages"]) if route.detected or route.pivots else ()


def explain_failure(error: Exception) -> Message:
    """What the page says of a failure; of a fault no details."""
    if isinstance(error, NothingToExplainError):
        return Message(error.label)
    if kind := getattr(error, "kind", ""):
        return Message(kind, error.note)  # type: ignore[attr-defined]  # the kinds of refusal.py have both
    if type(error) is ValueError:
        return Message(str(error))
    if isinstance(error, HTTPException):
        return Message(str(error.detail))
    describe(error)  # which logs it
    return Message("fault")
