"""The demo with translators that write what no good one would: endless, hostile, or too long texts."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from visit import SENTENCE, Visit

from seq2seq import Translator
from seq2seq.inference.results import Translation

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serve.conftest import Make, Running

pytestmark = pytest.mark.browser

SCRIPT = SimpleNamespace(text="", stream=None)  # what the translator of this module writes


class ScriptedTranslator(Translator):
    """A translator that writes the text of the script, or streams what the script streams."""

    def stream(self, *given: Any, **named: Any) -> Iterator[str]:
        return iter(SCRIPT.stream() if SCRIPT.stream else [SCRIPT.text])

    def translate_segments(self, segments: Any, *given: Any, **named: Any) -> Any:
        tokens = self.tokenizer.pieces(self.tokenizer.encode(SCRIPT.text))
        return [Translation(segment.source.source, SCRIPT.text, tokens=tokens) for segment in segments]


@pytest.fixture(scope="module")
def address(make: "Make", running: "Running") -> Iterator[str]:
    """A server of the scripted translator."""
    with running(make(ScriptedTranslator)) as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser: "Browser", address: str) -> Iterator[Visit]:
    """A page of that server."""
    visit = Visit(browser, address)
    yield visit
    visit.close()


@pytest.mark.parametrize("written", ["<img src=x onerror=hacked=1>", "${window.hacked=1} {{value}}</p>"])
def test_hostile_translation_stays_text(visit: Visit, written: str) -> None:
    """Markup and code in a text or its translation are shown as text, in every tab."""
    SCRIPT.text, SCRIPT.stream = written, None
    visit.translate(f"dogs {written}")
    assert visit.translation() == written
    signs = {
        "Attention": "#attention .drawing .caption",
        "Explore alternatives": "#candidates .candidate",
        "How it works": "#step table.steps",
    }
    for tab, sign in signs.items():
        visit.open_tab(tab)
        visit.page.locator(sign).first.wait_for()
        assert visit.page.evaluate("window.hacked") is None
    assert visit.page.locator("img[src=x], #pair script, #difference script").count() == 0


def test_translation_beyond_the_model_is_not_looked_at(visit: Visit) -> None:
    """Of a translation longer than the model reads the page says that it cannot be explained."""
    SCRIPT.text, SCRIPT.stream = "dogs " * 200, None
    with visit.refreshed():
        visit.submit(SENTENCE)
    visit.wait_for_status("longer than the model's maximum length")
    assert visit.translation().startswith("dogs")


class Endless:
    """A stream that waits after its first piece, then goes on until it is closed."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.closed = threading.Event()

    def pieces(self) -> Iterator[str]:
        """Yield one piece, and once `go_on` is set, more without end."""
        try:
            yield "dogs"
            self.go_on.wait()
            while True:
                time.sleep(0.1)  # no model writes faster; a text beyond its length is not drawn
                yield " dogs"
        finally:
            self.closed.set()


@pytest.mark.parametrize("leave", ["stop", "close"])
def test_stream_is_seen_and_stops(browser: "Browser", address: str, leave: str) -> None:
    """The text is shown as it is written, and the work ends when the reader stops it or leaves."""
    endless = Endless()
    SCRIPT.stream = endless.pieces
    visit = Visit(browser, address)
    visit.submit(SENTENCE)
    visit.page.wait_for_function("document.querySelector('#target textarea').value === 'dogs'")
    endless.go_on.set()
    visit.draft.locator("[data-side=target] .word").first.wait_for()  # drawn while it is written
    if leave == "stop":
        visit.page.locator("#stop").click()
    else:
        visit.page.close()
    assert endless.closed.wait(120)
    visit.page.close()
