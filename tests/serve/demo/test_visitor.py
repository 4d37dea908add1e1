"""The newest request of a visitor wins: translations, stops and answers in any order, at random moments."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from seq2seq import Translator
from seq2seq.inference.results import Translation

if TYPE_CHECKING:
    from serve.demo.handlers import Handlers
    from tests.serve.conftest import MakeBackend

OPTIONS = (1, 1, 1.0, 1.0, 0, "")  # as the controls send them: one translation, greedily
TEXTS = ["two dogs plays in the snow.", "a man sleeps in the water.", "three children looks at a big park!"]
TEXT, STATUS, STATE = 0, 1, 2  # the places of an update


@pytest.fixture(scope="module")
def handlers(translator: Translator, make_backend: "MakeBackend") -> "Handlers":
    """The handlers of a page of one model."""
    from serve.demo.handlers import Handlers

    settings = replace(translator.settings, longest_target=6)
    scripted = ScriptedTranslator(translator.model, translator.tokenizer, settings)
    return Handlers(make_backend({"tiny": scripted}), [])


def expected(text: str) -> str:
    """Return the translation that the scripted translator writes for a text: its words backwards."""
    return " ".join(reversed(text.split()))


class ScriptedTranslator(Translator):
    """A translator that writes the words backwards, one a step: a hundred races take a second."""

    def stream(self, text: str, *given: Any, **named: Any) -> Iterator[str]:
        return iter([f"{word} " for word in expected(text).split()])

    def translate_segments(self, segments: Any, *given: Any, **named: Any) -> Any:
        texts = [segment.source.source for segment in segments]
        pieces = self.tokenizer.pieces
        return [
            Translation(text, expected(text), tokens=pieces(self.tokenizer.encode(expected(text))))
            for text in texts
        ]


class PageOfVisitor:
    """What a visitor sees: updates are taken in the order in which the server gives them, as Gradio does."""

    def __init__(self, handlers: "Handlers") -> None:
        from serve.demo.visitor import Visitor

        self.handlers = handlers
        self.visitor = Visitor()
        self.shown: list[Any] = [None, None, None]
        self.updates = self.awaited = 0
        self.reached = asyncio.Event()

    async def translate(self, number: int, text: str) -> None:
        """Show the updates of a translation."""
        given = self.handlers.translate(number, self.visitor, "words", 0, text, *OPTIONS)
        async with aclosing(given) as updates:  # type: ignore[type-var]
            async for update in updates:
                for place in (TEXT, STATUS, STATE):
                    if not isinstance(update[place], dict):  # gr.skip()
                        self.shown[place] = update[place]
                self.updates += 1
                if self.updates >= self.awaited:
                    self.reached.set()
        self.reached.set()

    async def wait_for_updates(self, count: int) -> None:
        """Wait until so many updates are shown, or there are no more."""
        self.awaited = count
        if self.updates < count:
            await self.reached.wait()


def test_newest_translation_wins_at_any_moment(handlers: "Handlers") -> None:
    """A translation that begins at a random moment of another is the one that is shown, whole and alone."""
    from serve.demo.labels import say

    chance = random.Random(5)

    async def race() -> None:
        page = PageOfVisitor(handlers)
        first, second = chance.sample(TEXTS, 2)
        older = asyncio.create_task(page.translate(1, first))
        await page.wait_for_updates(chance.randrange(10))
        for _ in range(chance.randrange(20)):
            await asyncio.sleep(0)
        await asyncio.gather(older, page.translate(2, second))
        assert page.shown[:2] == [expected(second), say("done")]
        assert [part.source for part in page.shown[STATE].parts] == [second]

    for _ in range(100):
        asyncio.run(race())


def test_late_older_translation_is_silent(handlers: "Handlers") -> None:
    """A request that the network delivers after a newer one shows nothing."""

    async def race() -> None:
        page = PageOfVisitor(handlers)
        await page.translate(2, TEXTS[1])
        before = page.updates
        await page.translate(1, TEXTS[0])
        assert page.updates == before
        assert page.shown[TEXT] == expected(TEXTS[1])

    asyncio.run(race())


def test_stop_is_no_error_at_any_moment(handlers: "Handlers") -> None:
    """A stop at a random moment, even before the translation arrives, leaves a draft or the whole."""
    from serve.demo.labels import say

    chance = random.Random(6)
    seen = set()

    async def race() -> None:
        page = PageOfVisitor(handlers)
        if chance.random() < 0.2:
            handlers.stop(2, page.visitor)
        work = asyncio.create_task(page.translate(1, TEXTS[0]))
        await page.wait_for_updates(chance.randrange(10))
        handlers.stop(2, page.visitor)
        await work
        line = page.shown[STATUS]
        assert line in (say("stopped"), say("done"))
        assert not page.shown[STATE].is_writing
        assert (line == say("done")) == bool(page.shown[STATE].parts)
        seen.add(line)

    for _ in range(50):
        asyncio.run(race())
    assert say("stopped") in seen

    async def go_on() -> None:
        page = PageOfVisitor(handlers)
        handlers.stop(1, page.visitor)
        await page.translate(2, TEXTS[0])
        assert page.shown[STATUS] == say("done")

    asyncio.run(go_on())


def test_work_ends_with_the_translation(handlers: "Handlers") -> None:
    """What produces a translation is closed before the next one begins, and when its reader leaves."""
    from serve.demo.visitor import Visitor

    closed: list[str] = []

    async def updates(name: str) -> AsyncGenerator[str, None]:
        try:
            while True:
                yield name
                await asyncio.sleep(0)
        finally:
            closed.append(name)

    async def run() -> None:
        visitor = Visitor()
        async with aclosing(visitor.translate(1, updates("first"))) as first:
            assert await anext(first) == "first"
            second = visitor.translate(2, updates("second"))
            waiting = asyncio.create_task(anext(second))
            await asyncio.sleep(0)
            assert await anext(first, None) is None
            assert await waiting == "second" and closed == ["first"]
            await second.aclose()
        assert closed == ["first", "second"]

    asyncio.run(run())


def test_answer_about_an_earlier_text_is_not_shown(handlers: "Handlers") -> None:
    """Regression: a forced token whose text was replaced meanwhile put the old text on the page."""
    import gradio as gr

    from serve.demo.visitor import Visitor

    async def run() -> None:
        page = PageOfVisitor(handlers)
        await page.translate(1, TEXTS[0])
        event = gr.EventData(None, {"step": 0, "token": page.shown[STATE].parts[0].version.tokens[0]})
        arguments = (page.shown[STATE], 0, event, *OPTIONS)
        changed, text, _ = await handlers.force(page.visitor, *arguments)
        assert changed.text == text
        forced = asyncio.create_task(handlers.force(page.visitor, *arguments))
        await asyncio.sleep(0)
        await page.translate(2, TEXTS[1])
        assert await forced == [gr.skip()] * 3

    asyncio.run(run())
    visitor = Visitor()
    older = visitor.begin("tab")
    newer = visitor.begin("tab")
    assert visitor.is_newest("tab", newer) and not visitor.is_newest("tab", older)


@pytest.mark.parametrize("sent", [None, "7", [], {}, float("inf"), float("nan"), 2.0**60])
def test_odd_numbers_are_taken_for_none(sent: Any) -> None:
    """A number that no page sends is that of the first request."""
    from serve.demo.visitor import read_number

    assert read_number(sent) == 0
    assert read_number(3.0) == 3
