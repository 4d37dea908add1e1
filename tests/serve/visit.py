"""A visitor of the demo page in a real browser: what they do, and the states they wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from open_page import OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Locator, Response

SENTENCE = "two dogs plays in the snow."
# The numbers of the events that renew the open tab: the last of a translation, and of a click on a tab.
REFRESHES = """() => window.gradio_config.dependencies
    .filter((event) => String(event.api_name).startsWith("refresh")).map((event) => event.id)"""


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
        self._refreshes = set(self.page.evaluate(REFRESHES))

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
        """Do something, and wait until the page has renewed its open tab for it.

        A text of before the click cannot be taken for one of after it: all that an event changes has been
        changed when the tab is renewed.
        """

        def is_refresh(response: "Response") -> bool:
            if "/run/predict" not in response.url:
                return False
            return bool((response.request.post_data_json or {}).get("fn_index") in self._refreshes)

        with self.page.expect_response(is_refresh):
            yield

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
