"""The demo in a real browser: a text is translated, explained, saved; by mouse, by keys, on a phone.

Most tests share one page: each translates first, which sets all of it anew.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from visit import SENTENCE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from seq2seq import Translator
    from tests.serve.conftest import Make, Running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def several(make: "Make", running: "Running") -> Iterator[str]:
    """A server of three directions of the tiny translator."""
    with running(make(ways=[("en", "de"), ("de", "en"), ("de", "fr")])) as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser: "Browser", address: str) -> Iterator[Visit]:
    """A page in light colours, which must report no error and fetch from no other host."""
    visit = Visit(browser, address)
    yield visit
    visit.close()


@pytest.fixture(scope="module", params=["de-DE", "zh-CN"])
def phone(request: pytest.FixtureRequest, browser: "Browser", address: str) -> Iterator[Visit]:
    """A phone's dark page in German or Chinese."""
    visit = Visit(browser, address, width=390, scheme="dark", language=request.param)
    yield visit
    visit.close()


def test_translates_and_lights_up_words(visit: Visit, translator: "Translator") -> None:
    """The page shows the library's translation, and a word that is pointed at shows its links."""
    visit.translate(SENTENCE)
    assert visit.translation() == translator.translate(SENTENCE).text
    words = visit.pair.locator("[data-side=source] .word")
    assert words.all_text_contents() == ["two", "dogs", "plays", "in", "the", "snow."]
    words.nth(1).hover()
    visit.pair.locator(".readout", has_text="“dogs”").wait_for()
    assert visit.pair.locator("[data-side=source] .word.held").text_content() == "dogs"


def test_alternative_takes_the_page(visit: Visit, translator: "Translator") -> None:
    """An alternative that is clicked takes the translation's place."""
    from seq2seq import DecodeOptions

    visit.translate(SENTENCE)
    second = translator.translate(SENTENCE, DecodeOptions(num_hypotheses=4)).alternatives[0].text
    with visit.refreshed():
        visit.page.locator("#alternatives label").nth(1).click()
    visit.page.wait_for_function(
        "text => document.querySelector('#target textarea').value === text", arg=second
    )


def test_heads_are_chosen_and_maps_saved(visit: Visit, translator: "Translator") -> None:
    """The alignment head is shown first, another on a click, and a map is saved in four formats."""
    visit.translate(SENTENCE)
    visit.open_tab("Attention")
    caption = visit.map.locator(".caption")
    head = translator.settings.alignment
    caption.get_by_text(f"Layer {head.layer}, head {head.head}").wait_for()
    visit.map.locator(".thumb").first.click()
    caption.get_by_text("Layer 0, head 0").wait_for()
    for kind, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("json", b"{"), ("page", b"<!doctype html>")):
        saved = visit.save(visit.map.locator(f"[data-kind={kind}]"))
        assert saved.suggested_filename.endswith({"page": "html"}.get(kind, kind))
        assert saved.path().read_bytes().startswith(start), kind
    assert visit.page.get_by_text("by itself it is no explanation").is_visible()


def test_translation_is_saved_as_text(visit: Visit) -> None:
    """The saved file holds the text of the field."""
    visit.translate(SENTENCE)
    saved = visit.save(visit.page.locator("#save"))
    assert saved.path().read_text(encoding="utf-8") == visit.translation()


def test_lesson_follows_the_query(visit: Visit) -> None:
    """The learn tab shows the numbers of this sentence, and of the query that is clicked."""
    visit.translate(SENTENCE)
    visit.open_tab("How it works")
    step = visit.page.locator("#step")
    step.locator("table.steps").wait_for()
    assert visit.page.locator("#flows svg").count() == 3
    with visit.refreshed():
        step.locator(".query").nth(2).click()
    visit.page.wait_for_function(
        "document.querySelectorAll('#step .query')[2].getAttribute('aria-checked') === 'true'"
    )


def test_segments_are_looked_at_one_by_one(visit: Visit) -> None:
    """Each segment of a text of several lines can be chosen."""
    visit.translate("a man sleeps.\n\na young girl")
    assert visit.translation().count("\n") == 2
    visit.page.get_by_label("Segment", exact=True).click()
    with visit.refreshed():
        visit.page.get_by_role("option", name="2: a young girl").click()
    visit.pair.locator("[data-side=source] .word", has_text="girl").wait_for()


def test_keyboard_is_enough(visit: Visit) -> None:
    """The keyboard alone translates, walks through the words and changes tabs."""
    visit.open_tab("Word alignment")
    visit.page.locator("#source textarea").fill("")
    visit.page.locator("#source textarea").focus()
    visit.page.keyboard.type(SENTENCE)
    with visit.refreshed():
        visit.page.keyboard.press("Shift+Enter")
    visit.wait_for_status("Done.")
    visit.pair.locator(".sides").wait_for()
    visit.page.get_by_role("tab", name="Word alignment").focus()
    held = visit.pair.locator(".word:focus")
    for _ in range(8):  # the other tabs come first
        visit.page.keyboard.press("Tab")
        if held.count():
            break
    assert held.text_content() == "two"
    visit.page.keyboard.press("ArrowRight")
    held.filter(has_text="dogs").wait_for()
    visit.pair.locator(".readout", has_text="“dogs”").wait_for()
    visit.page.get_by_role("tab", name="Explore alternatives").focus()
    with visit.refreshed():
        visit.page.keyboard.press("Enter")
    visit.page.locator("#candidates .candidate").first.wait_for()


def test_example_is_translated_when_clicked(visit: Visit, translator: "Translator") -> None:
    """A click on an example puts it into the field and translates it."""
    text = "Two dogs play in the snow."
    with visit.refreshed():
        visit.page.get_by_text(text).click()
    visit.wait_for_status("Done.")
    assert visit.page.locator("#source textarea").input_value() == text
    assert visit.translation() == translator.translate(text).text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  \n ", "the text is blank"),
        ("😀 😀", "knows no token"),
        ("x" * 20_001, "too many characters; send it in smaller parts. (20001 > 20000)"),
    ],
)
def test_what_cannot_be_shown_is_said(visit: Visit, text: str, message: str) -> None:
    """Of a blank, unknown or too long text the page says why there is nothing to see."""
    with visit.refreshed():
        visit.submit(text)
    visit.wait_for_status(message)


def test_language_is_switched_in_the_settings(browser: "Browser", address: str) -> None:
    """The page and its drawings change to the language that is chosen in the settings."""
    visit = Visit(browser, address)  # of its own: the language stays chosen
    visit.translate(SENTENCE)
    visit.page.locator("#settings").click()
    visit.page.get_by_label("Language", exact=True).click()
    visit.page.get_by_role("option", name="Deutsch").click()
    visit.go.get_by_text("Übersetzen").wait_for()
    visit.pair.locator(".readout").get_by_text("Auf ein Wort zeigen").wait_for()
    visit.close()


def test_examples_are_of_the_language_that_is_read(browser: "Browser", several: str) -> None:
    """The examples are of the source language, also when the languages are swapped."""
    visit = Visit(browser, several)
    english = visit.page.get_by_text("Two dogs play in the snow.", exact=True)
    german = visit.page.get_by_text("Zwei Hunde spielen im Schnee.", exact=True)
    english.wait_for()
    assert not german.is_visible()
    with visit.refreshed():
        visit.page.locator("#swap").click()
    german.wait_for()
    english.wait_for(state="hidden")
    visit.close()


def test_language_is_detected_and_the_way_is_said(
    browser: "Browser", several: str, translator: "Translator"
) -> None:
    """The page detects a language, pivots through a third, and says so."""
    visit = Visit(browser, several)
    visit.page.get_by_label("Languages", exact=True).click()
    visit.page.get_by_role("option", name="Detect the language → Français").click()
    with visit.refreshed():
        visit.submit(SENTENCE)
    between = translator.translate(SENTENCE).text
    visit.wait_for_status("Done; route (English → Deutsch → Français)")
    assert visit.translation() == translator.translate(between).text
    first, _ = translator.segments(between)[0]
    visit.pair.locator("[data-side=source]").get_by_text(first.split()[0], exact=True).wait_for()
    visit.close()


def test_refusal_is_in_the_readers_language(phone: Visit, request: pytest.FixtureRequest) -> None:
    """A refusal is in the language of the page, its numbers as they are."""
    messages = {"de": "Der Text hat zu viele Zeichen", "zh": "文字的字符过多"}
    with phone.refreshed():
        phone.submit("x" * 20_001)
    phone.wait_for_status(messages[str(phone.page.evaluate("navigator.language"))[:2]])
    phone.wait_for_status("(20001 > 20000)")


def test_phone_in_the_browsers_language(phone: Visit) -> None:
    """On a phone the page is in the browser's language and no wider than the screen."""
    words = {"de": "Übersetzen", "zh": "翻译"}
    language = str(phone.page.evaluate("navigator.language"))[:2]
    assert str(phone.go.text_content()).strip() == words[language]
    with phone.refreshed():
        phone.submit(SENTENCE)
    phone.pair.locator(".sides").wait_for()
    for place in range(4):
        if place:
            with phone.refreshed():
                phone.page.get_by_role("tab").nth(place).click()
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
