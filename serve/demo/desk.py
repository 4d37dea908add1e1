"""The work behind the page: texts are translated in the worker, drawings of drafts are made beside it.

    text ─> segments ─> Translator.stream, one after another ─> draft ─> beam search ─> Shown
                              └─> Sketch: what is written so far, at most every 150 ms

A stream shows the text while it is decoded, and that is greedy search; the beam then has the last word.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, NamedTuple

from seq2seq import DecodeOptions, Translator

from ..catalog import Catalog
from ..guard import describe
from ..limits import Limits
from ..worker import Worker
from .insight import UnseenError
from .shown import Part, Shown, read_part

PAUSE = 0.15  # seconds between two drawings of a text that is being written
Drawing = dict[str, Any]
# (translator, source, what is written of its translation) -> the value of a view
Draw = Callable[[Translator, str, str], Drawing]


class Update(NamedTuple):
    """What a translation has come to; None where nothing is new. Once `searching`, the text is a draft."""

    text: str
    drawing: Drawing | None = None
    shown: Shown | None = None
    searching: bool = False


class Sketch:
    """Drawings of a text that is still being written, made beside it, so that the text never waits."""

    def __init__(self, worker: Worker, translator: Translator, draw: Draw) -> None:
        self._worker = worker
        self._translator = translator
        self._draw = draw
        self._task: asyncio.Task[Drawing] | None = None
        self._next = 0.0

    def offer(self, source: str, target: str) -> None:
        """Begins a drawing, unless one is being made or one was made just now."""
        now = asyncio.get_running_loop().time()
        if self._task is None and now >= self._next and target.strip():
            self._next = now + PAUSE
            self._task = asyncio.create_task(
                self._worker.run(lambda: self._draw(self._translator, source, target))
            )

    def take(self) -> Drawing | None:
        """The drawing that has become ready; one that cannot be made is left to the end of the text."""
        if self._task is None or not self._task.done():
            return None
        task, self._task = self._task, None
        return None if task.cancelled() or task.exception() else task.result()

    def stop(self) -> None:
        """Gives up what is being drawn."""
        if self._task is not None:
            self._task.cancel()


class Desk:
    """Translators, and the workers in which they run."""

    def __init__(self, catalog: Catalog, worker: Worker, limits: Limits) -> None:
        self.catalog = catalog
        self.worker = worker
        self.limits = limits
        self._sketcher = Worker()

    async def find(self, pair: int) -> Translator:
        """The translator for the pair of languages with this number, loaded if this is its first use."""
        return await self.find_by_codes(*self.catalog.pairs[pair])

    async def find_by_codes(self, source: str, target: str) -> Translator:
        """The translator for two language codes; ValueError where there is none."""
        return await self._sketcher.run(lambda: self.catalog.find(source, target))

    def reverse(self, pair: int) -> int | None:
        """The number of the pair that translates back, if there is one."""
        source, target = self.catalog.pairs[pair]
        pairs = self.catalog.pairs
        return pairs.index((target, source)) if (target, source) in pairs else None

    async def run(self, call: Callable[[], Any]) -> Any:
        """The result of a call that uses a model."""
        return await self.worker.run(call)

    async def translate(
        self, pair: int, text: str, options: DecodeOptions, draw: Draw
    ) -> AsyncIterator[Update]:
        """The text as it is written, with drawings of it, and at last all that is known of it.

        Raises:
            ValueError: a text beyond a limit.
        """
        translator = await self.find(pair)
        self.limits.check_texts([text])
        parts = await self.run(lambda: self._segments(translator, text))
        sketch = Sketch(self._sketcher, translator, draw)
        draft, written = replace(options, num_hypotheses=1), ""
        try:
            for source, separator in parts:
                start = len(written)
                async for piece in self.worker.stream(translator.stream(source, draft)):
                    written += piece
                    yield Update(written, sketch.take())
                    sketch.offer(source, written[start:])
                written += separator
        finally:
            sketch.stop()
        yield Update(written, searching=True)
        found: list[Part] = []
        sources = iter([source for source, _ in parts])
        async for translation in self.worker.stream(translator.translate(sources, options)):
            source, separator = parts[len(found)]
            found.append(read_part(source, separator, translation))
        shown = Shown(pair, tuple(found))
        yield Update(shown.text, None, shown)

    def _segments(self, translator: Translator, text: str) -> list[tuple[str, str]]:
        self.limits.check_tokens([text], translator.tokenizer)
        return translator.segments(text)


def explain_failure(error: Exception) -> str:
    """What the page says of a failure: a sentence, or the name of one of ours; of a fault no details."""
    if isinstance(error, UnseenError):
        return error.label
    return str(error) if type(error) is ValueError else describe(error)[1]
