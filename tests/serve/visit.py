"""A visitor of the demo page in a real browser: what they do, and the states they wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from open_page import OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Locator

SENTENCE = "two dogs plays in the snow."
# What the visitor asked for has begun, and all that it changes is drawn: states that page.js marks.
SETTLED = """before => Number(document.documentElement.dataset.asked) > before
    && !("busy" in document.documentElement.dataset)"""


class Visit(OpenPage):
    """The demo page, ready to be typed into."""

    def __init__(
        self,
        browser: "Browser",
        address: str,
        width: int = 1200,
        scheme: str = "light",
        language: str = "en-US",
    ) -> None:
        super().__init__(browser, address, width=width, scheme=scheme, locale=language)

    @property
    def go(self) -> "Locator":
        """The button that translates, in whatever language."""
        return self.page.locator("#go")

    @property
    def pair(self) -> "Locator":
        """Both sentences in place, once the text is written."""
        return self.page.locator("#pair .drawing.pair[aria-busy=false]")

    @property
    def draft(self) -> "Locator":
        """Both sentences in place, while the text is being written."""
        return self.page.locator("#pair .drawing.pair[aria-busy=true]")

    @property
    def map(self) -> "Locator":
        """The drawing of the attention tab."""
        return self.page.locator("#attention .drawing.attention")

    def submit(self, text: str) -> None:
        """Type a text and click."""
        self.page.locator("#source textarea").fill(text)
        self.go.click()

    @contextmanager
    def refreshed(self) -> Iterator[None]:
        """Do something, and wait until the page has drawn all that it changes.

        A text of before the click cannot be taken for one of after it.
        """
        before = self.asked
        yield
        self.page.wait_for_function(SETTLED, arg=before)

    @property
    def asked(self) -> int:
        """How many things the page was asked for."""
        return int(self.page.evaluate("Number(document.documentElement.dataset.asked)"))

    def translate(self, text: str) -> None:
        """Type a text, click, and wait until it is translated and its words are shown."""
        self.open_tab("Word alignment")
        with self.refreshed():
            self.submit(text)
        self.wait_for_status("Done.")
        self.pair.locator(".sides").wait_for()

    def wait_for_status(self, message: str) -> None:
        """Wait until the line beside the buttons says so."""
        self.page.locator("#status .status").filter(has_text=message).wait_for()

    def open_tab(self, name: str) -> None:
        """Open a tab, if another is open, and wait until it is filled."""
        tab = self.page.get_by_role("tab", name=name, exact=True)
        if tab.get_attribute("aria-selected") != "true":
            with self.refreshed():
                tab.click()

    def translation(self) -> str:
        """Return the text in the field of the translation."""
        return self.page.locator("#target textarea").input_value()

    def save(self, button: "Locator") -> "Download":
        """Return the file that a click saves."""
        with self.page.expect_download() as download:
            button.click()
        return download.value

    def close(self) -> None:
        """Leave; the page must have reported no error and have fetched from no other host."""
        hosts, errors = {urlsplit(address).netloc for address in self.requested}, self.errors
        own = urlsplit(self.page.url).netloc
        self.page.close()
        assert hosts <= {own, ""}, hosts
        assert errors == [], errors
