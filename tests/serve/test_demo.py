"""The demo in a real browser: streaming, the map and its choosers, hostile texts, no other host asked."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from seq2seq.settings import AlignmentHead

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from seq2seq import Translator
    from tests.serve.conftest import Make, Running

pytestmark = pytest.mark.browser

TEXT = "two dogs plays in the snow."


class Visit:
    """A page that is open, and what it asked for and complained about."""

    def __init__(self, browser: "Browser", address: str, width: int = 1200, scheme: str = "light") -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        self.page.set_default_timeout(30_000)
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.extend([said.text] * (said.type == "error")))
        self.page.goto(address)

    def submit(self, text: str) -> None:
        """Types a text and clicks."""
        self.page.get_by_label("Text", exact=True).fill(text)
        self.page.get_by_role("button", name="Translate").click()

    def translate(self, text: str) -> None:
        """Types a text, clicks, and waits for the map."""
        self.submit(text)
        self.map().wait_for()

    def map(self) -> "Locator":
        """The drawing."""
        return self.page.locator("#attention svg.attention")

    def readout(self) -> "Locator":
        """The line that says the weights."""
        return self.page.locator("#attention .readout")

    def translation(self) -> str:
        """What stands in the field of the translation."""
        return self.page.get_by_label("Translation", exact=True).input_value()

    def weights(self) -> list[str]:
        """The weights of all cells, row by row."""
        return self.map().evaluate("svg => [...svg.querySelectorAll('[data-w]')].map(m => m.dataset.w)")

    def wait_for_weights(self, expected: list[str]) -> None:
        """Waits until the map shows these weights."""
        self.page.wait_for_function(
            "expected => JSON.stringify([...document.querySelectorAll('#attention [data-w]')]"
            ".map(m => m.dataset.w)) === JSON.stringify(expected)",
            arg=expected,
        )

    def choose(self, label: str, value: object) -> None:
        """Opens a list by its label and clicks an entry."""
        self.page.get_by_label(label, exact=True).click()
        self.page.get_by_role("option", name=str(value), exact=True).click()


def expected_weights(translator: "Translator", head: AlignmentHead, units: str = "words") -> list[str]:
    """The weights that the map of TEXT and its greedy translation must show."""
    maps = translator.attention(TEXT, "".join(translator.stream(TEXT)))
    grid = maps.alignment(head).matrix(units)  # type: ignore[arg-type]
    return [f"{weight:.2f}" for row in grid.weights.tolist() for weight in row]


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
    assert visit.hosts == {urlsplit(address).netloc}
    assert visit.complaints == []
    visit.page.close()


def test_translates_and_shows_the_alignment_head(visit: Visit, translator: "Translator") -> None:
    """The page would show another text than the library streams, or the map of another head."""
    visit.translate(TEXT)
    assert visit.translation() == "".join(translator.stream(TEXT))
    assert visit.weights() == expected_weights(translator, translator.settings.alignment)
    assert "Layer 1, head 2, the head that is read as word alignment" in visit.page.content()


def test_choosers_change_the_map(visit: Visit, translator: "Translator") -> None:
    """A chooser would do nothing, or there would be no way back to the alignment head."""
    visit.translate(TEXT)
    visit.choose("Layer", 0)
    visit.wait_for_weights(expected_weights(translator, AlignmentHead(0, 2)))
    visit.choose("Head", 3)
    visit.wait_for_weights(expected_weights(translator, AlignmentHead(0, 3)))
    visit.page.get_by_role("button", name="Back to the alignment head").click()
    visit.wait_for_weights(expected_weights(translator, AlignmentHead(1, 2)))
    visit.page.get_by_label("pieces", exact=True).check()
    visit.wait_for_weights(expected_weights(translator, AlignmentHead(1, 2), "pieces"))
    visit.page.get_by_label("ribbons", exact=True).check()
    visit.map().locator("path.band").first.wait_for()


def test_pointing_says_and_shows_the_weights(visit: Visit, translator: "Translator") -> None:
    """Hovering would light nothing, or name another weight than the map's."""
    visit.translate(TEXT)
    weight = expected_weights(translator, AlignmentHead(1, 2))[1]
    visit.map().locator("[data-s='1'][data-t='0'][data-w]").hover()
    first = "".join(translator.stream(TEXT)).split()[0]
    assert visit.readout().text_content() == f"“{first}” looked at “dogs” with weight {weight}"
    visit.map().locator("text[data-s='1']").hover()
    assert str(visit.readout().text_content()).startswith("“dogs” was looked at by")
    assert visit.map().locator("text.lit[data-s='1']").count() == 1
    visit.page.mouse.move(0, 0)
    assert str(visit.readout().text_content()).startswith("Point at")
    assert visit.page.locator("#attention .lit").count() == 0


def test_map_stays_under_the_pointer(visit: Visit) -> None:
    """The line of weights would grow when a word is pointed at and push the map away."""
    visit.translate(TEXT)
    before = visit.map().bounding_box()
    visit.map().locator("text[data-s='1']").hover()
    assert visit.map().bounding_box() == before


def test_words_answer_to_the_keyboard(visit: Visit) -> None:
    """Who uses no mouse would learn no weight."""
    visit.translate(TEXT)
    visit.page.get_by_role("button", name="Back to the alignment head").focus()
    visit.page.keyboard.press("Tab")
    assert "was looked at by" in str(visit.readout().text_content())


def test_example_is_translated_when_clicked(visit: Visit) -> None:
    """A click on an example would leave the page as it was."""
    visit.page.get_by_text("Two dogs play in the snow.").click()
    visit.map().wait_for()
    assert visit.page.get_by_label("Text", exact=True).input_value() == "Two dogs play in the snow."


def test_each_line_has_its_map(visit: Visit) -> None:
    """Of a text of several lines only the first could be looked at."""
    visit.translate("a man sleeps.\n\na young girl")
    assert visit.translation().count("\n") == 2
    visit.choose("Segment", "2: a young girl")
    visit.map().locator("text[data-word='girl']").wait_for()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  \n ", "the text is blank"),
        ("😀 😀", "knows no piece"),
        ("x" * 20_001, "at most 20000 are allowed"),
    ],
)
def test_what_cannot_be_shown_is_said(visit: Visit, text: str, said: str) -> None:
    """A blank, unknown or too long text would give an empty map, or a fault."""
    visit.submit(text)
    visit.page.get_by_text(said).first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_readable(browser: "Browser", address: str, scheme: str) -> None:
    """Words of the map would have too little contrast with their ground (WCAG AA: 4.5)."""
    visit = Visit(browser, address, scheme=scheme)
    visit.translate(TEXT)
    contrast = visit.map().evaluate(
        """svg => {
            const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
                .map(v => v / 255).map(v => v <= 0.04 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
            const ink = light(getComputedStyle(svg.querySelector('text')).fill);
            const ground = light(getComputedStyle(svg.closest('.attention-view')).backgroundColor);
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        }"""
    )
    visit.page.close()
    assert contrast >= 4.5


def test_fits_a_phone(browser: "Browser", address: str) -> None:
    """The page would have to be moved sideways on a phone."""
    visit = Visit(browser, address, width=390)
    visit.translate(TEXT)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.page.close()


def test_documentation_works_in_a_browser(browser: "Browser", address: str) -> None:
    """/docs would stay empty, or ask another host."""
    visit = Visit(browser, f"{address}/docs")
    visit.page.get_by_text("/translate").first.wait_for()
    visit.page.close()
    assert visit.hosts == {urlsplit(address).netloc}
    assert visit.complaints == []


@pytest.mark.parametrize("written", ["<img src=x onerror=hacked=1>", "${window.hacked=1}", "{{value}}</p>"])
def test_hostile_translation_stays_text(
    browser: "Browser", make: "Make", running: "Running", written: str
) -> None:
    """What a model writes could run a script in the reader's browser."""
    from seq2seq import Translator

    class Hostile(Translator):
        def stream(self, *given, **named) -> Iterator[str]:  # type: ignore[no-untyped-def]
            yield written

    with running(make(Hostile)) as address:
        visit = Visit(browser, address)
        visit.translate(f"dogs {written}")
        visit.map().locator("text[data-t='0']").hover()
        assert visit.translation() == written
        assert str(visit.readout().text_content()).startswith(f"“{written.split()[0]}” looked at")
        assert visit.page.evaluate("window.hacked") is None
        assert visit.page.locator("#attention img, #attention script").count() == 0
        assert visit.complaints == []
        visit.page.close()


def test_translation_beyond_the_model_has_no_map(
    browser: "Browser", make: "Make", running: "Running"
) -> None:
    """A translation that was stopped at the model's limit would be a fault of the page."""
    from seq2seq import Translator

    class Long(Translator):
        def stream(self, *given, **named) -> Iterator[str]:  # type: ignore[no-untyped-def]
            yield "dogs " * 200

    with running(make(Long)) as address:
        visit = Visit(browser, address)
        visit.submit(TEXT)
        visit.page.get_by_text("more than the 64 this model reads").wait_for()
        assert visit.translation().startswith("dogs")
        visit.page.close()


class Endless:
    """A stream that waits after its first piece, then goes on until it is closed."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.closed = threading.Event()

    def pieces(self) -> Iterator[str]:
        """One piece, and when told to go on, more without end."""
        try:
            yield "erstes"
            self.go_on.wait(30)
            while True:
                yield " weiter"
        finally:
            self.closed.set()


@pytest.mark.parametrize("leave", ["stop", "close"])
def test_stream_is_seen_and_stops(browser: "Browser", make: "Make", running: "Running", leave: str) -> None:
    """The text would come only at its end; or the work would go on when nobody waits for it."""
    from seq2seq import Translator

    endless = Endless()

    class Streaming(Translator):
        def stream(self, *given, **named) -> Iterator[str]:  # type: ignore[no-untyped-def]
            return endless.pieces()

    with running(make(Streaming)) as address:
        visit = Visit(browser, address)
        visit.submit(TEXT)
        visit.page.wait_for_function("document.querySelectorAll('textarea')[1].value === 'erstes'")
        endless.go_on.set()
        visit.page.wait_for_function("document.querySelectorAll('textarea')[1].value.includes('weiter')")
        if leave == "stop":
            visit.page.get_by_role("button", name="Stop").click()
        else:
            visit.page.close()
        assert endless.closed.wait(30)
        visit.page.close()
