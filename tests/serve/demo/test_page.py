"""The demo in a real browser: a text is translated, looked at, saved; by mouse, by keys, on a phone."""

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
def address(make: "Make", running: "Running") -> Iterator[str]:
    """A server of the tiny translator."""
    with running(make()) as address:
        yield address


@pytest.fixture
def visit(browser: "Browser", address: str) -> Iterator[Visit]:
    """A page in light colours, which must stay silent and ask no other host."""
    visit = Visit(browser, address)
    yield visit
    visit.close()


def test_translates_and_lights_up_words(visit: Visit, translator: "Translator") -> None:
    """The page would show another text than the library gives, or a word would have no counterparts."""
    visit.translate(SENTENCE)
    assert visit.translation() == translator.translate(SENTENCE).text
    words = visit.pair.locator("[data-side=source] .word")
    assert words.all_text_contents() == ["two", "dogs", "plays", "in", "the", "snow."]
    words.nth(1).hover()
    assert "dogs" in str(visit.pair.locator(".readout").text_content())
    assert visit.pair.locator("[data-side=source] .word.held").text_content() == "dogs"


def test_alternative_takes_the_page(visit: Visit, translator: "Translator") -> None:
    """An alternative that was clicked would not be what the other tabs show."""
    from seq2seq import DecodeOptions

    visit.translate(SENTENCE)
    second = translator.translate(SENTENCE, DecodeOptions(num_hypotheses=4)).alternatives[0].text
    visit.page.locator("#alternatives label").nth(1).click()
    visit.page.wait_for_function(
        "text => document.querySelector('#target textarea').value === text", arg=second
    )


def test_heads_are_chosen_and_maps_saved(visit: Visit, translator: "Translator") -> None:
    """Another head than the alignment head would come first, a click change nothing, a file be empty."""
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
    """The file would hold something else than the field."""
    visit.translate(SENTENCE)
    saved = visit.save(visit.page.locator("#save"))
    assert saved.path().read_text(encoding="utf-8") == visit.translation()


def test_lesson_follows_the_query(visit: Visit) -> None:
    """The learn tab would show no numbers of this sentence, or those of another query."""
    visit.translate(SENTENCE)
    visit.open_tab("How it works")
    step = visit.page.locator("#step")
    step.locator("table.steps").wait_for()
    assert visit.page.locator("#flows svg").count() == 3
    step.locator(".query").nth(2).click()
    visit.page.wait_for_function(
        "document.querySelectorAll('#step .query')[2].getAttribute('aria-checked') === 'true'"
    )


def test_segments_are_looked_at_one_by_one(visit: Visit) -> None:
    """Of a text of several lines only the first could be looked at."""
    visit.translate("a man sleeps.\n\na young girl")
    assert visit.translation().count("\n") == 2
    visit.page.get_by_label("Segment", exact=True).click()
    visit.page.get_by_role("option", name="2: a young girl").click()
    visit.pair.locator("[data-side=source] .word", has_text="girl").wait_for()


def test_keyboard_is_enough(visit: Visit) -> None:
    """Who uses no mouse could not translate, not learn a word's counterparts, or not change tabs."""
    visit.page.locator("#source textarea").focus()
    visit.page.keyboard.type(SENTENCE)
    visit.page.keyboard.press("Shift+Enter")
    visit.wait_for_status("Done.")
    visit.pair.locator(".sides").wait_for()
    visit.page.get_by_role("tab", name="Word alignment").focus()
    held = visit.pair.locator(".word:focus")
    for _ in range(8):  # the other tabs come first
        visit.page.keyboard.press("Tab")
        if held.count():
            break
    visit.page.keyboard.press("ArrowRight")
    assert held.text_content() == "dogs"
    assert "“dogs”" in str(visit.pair.locator(".readout").text_content())
    visit.page.get_by_role("tab", name="Explore alternatives").focus()
    visit.page.keyboard.press("Enter")
    visit.page.locator("#candidates .candidate").first.wait_for()


def test_example_is_translated_when_clicked(visit: Visit) -> None:
    """A click on an example would leave the page as it was."""
    text = "Two dogs play in the snow."
    visit.press(visit.page.get_by_text(text), text)
    visit.wait_for_status("Done.")
    assert visit.page.locator("#source textarea").input_value() == "Two dogs play in the snow."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  \n ", "the text is blank"),
        ("😀 😀", "knows no token"),
        ("x" * 20_001, "too many characters; send it in smaller parts. (20001 > 20000)"),
    ],
)
def test_what_cannot_be_shown_is_said(visit: Visit, text: str, said: str) -> None:
    """A blank, unknown or too long text would give an empty page, or a fault."""
    visit.submit(text)
    visit.wait_for_status(said)


def test_examples_are_of_the_language_that_is_read(
    browser: "Browser", make: "Make", running: "Running"
) -> None:
    """A reader of German would be offered English sentences, which the model does not know."""
    with running(make(ways=[("en", "de"), ("de", "en")])) as address:
        visit = Visit(browser, address)
        english = visit.page.get_by_text("Two dogs play in the snow.", exact=True)
        german = visit.page.get_by_text("Zwei Hunde spielen im Schnee.", exact=True)
        english.wait_for()
        assert not german.is_visible()
        visit.page.locator("#swap").click()
        german.wait_for()
        assert not english.is_visible()
        visit.close()


def test_language_is_switched_in_the_settings(visit: Visit) -> None:
    """The page or its drawings would stay in the language of the browser."""
    visit.translate(SENTENCE)
    visit.page.locator("#settings").click()
    visit.page.get_by_label("Language", exact=True).click()
    visit.page.get_by_role("option", name="Deutsch").click()
    visit.go.get_by_text("Übersetzen").wait_for()
    visit.pair.locator(".readout").get_by_text("Auf ein Wort zeigen").wait_for()


@pytest.mark.parametrize(
    ("language", "said"), [("de-DE", "Der Text hat zu viele Zeichen"), ("zh-CN", "文字的字符过多")]
)
def test_refusal_is_in_the_readers_language(
    browser: "Browser", address: str, language: str, said: str
) -> None:
    """A reader would learn in English only what was wrong."""
    visit = Visit(browser, address, language=language)
    visit.submit("x" * 20_001)
    visit.wait_for_status(said)
    visit.wait_for_status("(20001 > 20000)")
    visit.close()


def test_language_is_detected_and_the_way_is_said(
    browser: "Browser", make: "Make", running: "Running", translator: "Translator"
) -> None:
    """The page could not do what the REST routes can: detect a language, and go through a third."""
    with running(make(ways=[("en", "de"), ("de", "fr")])) as address:
        visit = Visit(browser, address)
        visit.page.get_by_label("Languages", exact=True).click()
        visit.page.get_by_role("option", name="Detect the language → Français").click()
        visit.submit(SENTENCE)
        between = translator.translate(SENTENCE).text
        visit.wait_for_status("Done; route (English → Deutsch → Français)")
        assert visit.translation() == translator.translate(between).text
        first, _ = translator.segments(between)[0]
        visit.pair.locator("[data-side=source]").get_by_text(first.split()[0], exact=True).wait_for()
        visit.close()


@pytest.mark.parametrize(("language", "word"), [("de-DE", "Übersetzen"), ("zh-CN", "翻译")])
def test_phone_in_the_browsers_language(browser: "Browser", address: str, language: str, word: str) -> None:
    """The page would have to be moved sideways on a phone, or ignore the browser's language."""
    visit = Visit(browser, address, width=390, scheme="dark", language=language)
    assert str(visit.go.text_content()).strip() == word
    visit.submit(SENTENCE)
    visit.pair.locator(".sides").wait_for()
    for place in range(4):
        visit.page.get_by_role("tab").nth(place).click()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.close()
