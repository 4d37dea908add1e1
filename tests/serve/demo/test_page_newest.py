"""The demo in a real browser while things change: a second text, a stop, a reload, a server that is away."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from visit import SENTENCE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from seq2seq import Translator

pytestmark = pytest.mark.browser

OTHER = "a man sleeps in the water."
STALE, AWAY = "html[data-stale]", "html[data-away]"


@pytest.fixture(scope="module")
def visit(browser: "Browser", address: str) -> Iterator[Visit]:
    """A page that reports no error."""
    visit = Visit(browser, address)
    yield visit
    assert visit.page.locator(".toast-body").count() == 0
    visit.close()


def wait_for_draft(visit: Visit, letters: int) -> None:
    """Wait until some of a translation is written; at 0 do not wait."""
    visit.page.wait_for_function(
        "letters => document.querySelector('#target textarea').value.length >= letters", arg=letters
    )


def test_second_translation_wins_at_any_moment(visit: Visit, translator: "Translator") -> None:
    """Regression: a click while the text before was written was dropped, and its translation stayed."""
    chance = random.Random(3)
    expected = {text: translator.translate(text).text for text in (SENTENCE, OTHER)}
    for text, before in ((SENTENCE, OTHER), (OTHER, SENTENCE), (SENTENCE, OTHER)):
        with visit.refreshed():
            visit.submit(before)
            wait_for_draft(visit, chance.randrange(12))
            visit.submit(text)
        visit.wait_for_status("Done.")
        assert visit.translation() == expected[text]
        words = visit.pair.locator("[data-side=source] .word").all_text_contents()
        assert words == text.split()


def test_stop_is_no_error_at_any_moment(visit: Visit, translator: "Translator") -> None:
    """A stop ends the work without an error, however early, and the next click translates."""
    stop = visit.page.locator("#stop")
    for letters in (0, 0, 4, 20):
        with visit.refreshed():
            visit.submit(SENTENCE)
            wait_for_draft(visit, letters)
            stop.dispatch_event("click")  # which may come when the work is done, and Stop is gone
        line = str(visit.page.locator("#status .status").text_content())
        assert line in ("Stopped; the translation is not finished.", "Done.")
        stop.wait_for(state="hidden")
    visit.translate(SENTENCE)
    assert visit.translation() == translator.translate(SENTENCE).text


def test_translation_of_another_text_is_greyed(visit: Visit) -> None:
    """What belongs to another text or other settings is greyed at once, and no longer when they return."""
    visit.translate(SENTENCE)
    field = visit.page.locator("#source textarea")
    assert visit.page.locator(STALE).count() == 0
    field.fill(OTHER)
    visit.page.locator(STALE).wait_for()
    visit.page.locator("#stale").get_by_text("have changed since").wait_for()
    assert "grayscale" in visit.pair.evaluate("drawing => getComputedStyle(drawing).filter")
    field.fill(SENTENCE)
    visit.page.locator(STALE).wait_for(state="detached")
    visit.page.get_by_role("button", name="Translation settings").click()
    visit.page.get_by_label("Glossary").fill("dog = Hund")
    visit.page.locator(STALE).wait_for()


def test_reload_keeps_the_text(browser: "Browser", address: str, translator: "Translator") -> None:
    """A reload, or the address in another window, leads to the same text and its translation."""
    visit = Visit(browser, address)
    visit.translate(OTHER)
    link = visit.page.url
    visit.page.reload()
    visit.wait_for_status("Done.")
    assert visit.page.locator("#source textarea").input_value() == OTHER
    assert visit.translation() == translator.translate(OTHER).text
    visit.page.locator("#source textarea").fill("")
    visit.page.wait_for_function("!location.hash")
    visit.close()
    again = Visit(browser, link)
    again.wait_for_status("Done.")
    assert again.translation() == translator.translate(OTHER).text
    again.close()


def test_absent_server_is_told_in_the_readers_language(browser: "Browser", address: str) -> None:
    """While the server does not answer, the page says so in its language, and no longer when it is back."""
    visit = Visit(browser, address, language="de-DE")
    visit.page.route("**/*", lambda route: route.abort())
    visit.submit(SENTENCE)
    visit.page.locator(AWAY).wait_for()
    visit.page.locator("#away").get_by_text("Der Server antwortet nicht.").wait_for()
    assert visit.page.locator("#source textarea").input_value() == SENTENCE
    visit.page.unroute("**/*")
    visit.page.locator(AWAY).wait_for(state="detached")
    visit.page.locator("#source textarea").wait_for()
    assert visit.page.locator("#source textarea").input_value() == SENTENCE
    visit.page.close()
