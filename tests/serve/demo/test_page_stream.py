"""The demo with translators that write what no good one would: endless, hostile, or too long texts."""

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from visit import SENTENCE, Visit

from seq2seq import Translator
from seq2seq.inference.results import Translation

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serve.conftest import Make, Running

pytestmark = pytest.mark.browser


def writing(written: str) -> type[Translator]:
    """A translator that always writes the same."""

    class Writing(Translator):
        def stream(self, *given: Any, **named: Any) -> Iterator[str]:
            yield written

        def translate_segments(self, segments: Any, *given: Any, **named: Any) -> Any:
            pieces = self.tokenizer.pieces(self.tokenizer.encode(written))
            return [Translation(segment.source.source, written, tokens=pieces) for segment in segments]

    return Writing


@pytest.mark.parametrize("written", ["<img src=x onerror=hacked=1>", "${window.hacked=1} {{value}}</p>"])
def test_hostile_translation_stays_text(
    browser: "Browser", make: "Make", running: "Running", written: str
) -> None:
    """What a model writes, or a visitor, could run a script in the reader's browser."""
    with running(make(writing(written))) as address:
        visit = Visit(browser, address)
        visit.translate(f"dogs {written}")
        assert visit.translation() == written
        for tab in ("Attention", "Explore alternatives", "How it works"):
            visit.open_tab(tab)
            visit.page.wait_for_timeout(1_000)
            assert visit.page.evaluate("window.hacked") is None
        assert visit.page.locator("img[src=x], #pair script, #difference script").count() == 0
        visit.close()


def test_translation_beyond_the_model_is_not_looked_at(
    browser: "Browser", make: "Make", running: "Running"
) -> None:
    """A translation longer than the model reads would be a fault of the page."""
    with running(make(writing("dogs " * 200))) as address:
        visit = Visit(browser, address)
        visit.submit(SENTENCE)
        visit.wait_for_status("longer than the model's maximum length")
        assert visit.translation().startswith("dogs")
        visit.close()


class Endless:
    """A stream that waits after its first piece, then goes on until it is closed."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.closed = threading.Event()

    def pieces(self) -> Iterator[str]:
        """One piece, and when told to go on, more without end."""
        try:
            yield "dogs"
            self.go_on.wait(60)
            while True:
                time.sleep(0.1)  # no model writes faster; a text beyond its length is not drawn
                yield " dogs"
        finally:
            self.closed.set()


@pytest.mark.parametrize("leave", ["stop", "close"])
def test_stream_is_seen_and_stops(browser: "Browser", make: "Make", running: "Running", leave: str) -> None:
    """The text would come only at its end; or the work would go on when nobody waits for it."""
    endless = Endless()

    class Streaming(Translator):
        def stream(self, *given: Any, **named: Any) -> Iterator[str]:
            return endless.pieces()

    with running(make(Streaming)) as address:
        visit = Visit(browser, address)
        visit.submit(SENTENCE)
        visit.page.wait_for_function("document.querySelector('#target textarea').value === 'dogs'")
        endless.go_on.set()
        visit.pair.locator("[data-side=target] .word").first.wait_for()  # drawn while it is written
        if leave == "stop":
            visit.page.locator("#stop").click()
        else:
            visit.page.close()
        assert endless.closed.wait(60)
        visit.page.close()
