"""A visitor of the demo page in a real browser: what they do, and what they see."""

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from open_page import PATIENCE, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Locator, Request

SENTENCE = "two dogs plays in the snow."
LISTENING = 6_000  # milliseconds that a click has to ask the server


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
        self.go.wait_for()

    @property
    def go(self) -> "Locator":
        """The button that translates, in whatever language."""
        return self.page.locator("#go")

    @property
    def pair(self) -> "Locator":
        """Both sentences in place."""
        return self.page.locator("#pair .drawing.pair")

    @property
    def map(self) -> "Locator":
        """The drawing of the attention tab."""
        return self.page.locator("#attention .drawing.attention")

    def submit(self, text: str) -> None:
        """Types a text and clicks."""
        self.page.locator("#source textarea").fill(text)
        self.press(self.go, text)

    def press(self, button: "Locator", text: str) -> None:
        """Clicks what translates a text; once more where a busy page showed it before it listened to it."""
        from playwright.sync_api import TimeoutError

        def asks(request: "Request") -> bool:
            """Whether it is the click's: the page asks for itself too, when its first tab opens."""
            sent = json.loads(request.post_data or "{}") if "/queue/join" in request.url else {}
            return text in sent.get("data", [])

        for _ in range(PATIENCE // LISTENING):
            try:
                with self.page.expect_request(asks, timeout=LISTENING):
                    button.click()
                return
            except TimeoutError:
                continue
        raise AssertionError("the page does not listen to its button")

    def translate(self, text: str) -> None:
        """Types a text, clicks, and waits until it is translated and can be looked at."""
        self.submit(text)
        self.wait_for_status("Done.")
        self.pair.locator(".sides").wait_for()

    def wait_for_status(self, said: str) -> None:
        """Waits until the line beside the buttons says so."""
        self.page.locator("#status .status").filter(has_text=said).wait_for()

    def open_tab(self, name: str) -> None:
        """Clicks a tab."""
        self.page.get_by_role("tab", name=name, exact=True).click()

    def translation(self) -> str:
        """What stands in the field of the translation."""
        return self.page.locator("#target textarea").input_value()

    def save(self, button: "Locator") -> "Download":
        """What a click saves."""
        with self.page.expect_download() as download:
            button.click()
        return download.value

    def close(self) -> None:
        """Leaves; the page must have been silent and have asked no other host."""
        hosts, complaints = {urlsplit(address).netloc for address in self.asked}, self.complaints
        own = urlsplit(self.page.url).netloc
        self.page.close()
        assert hosts <= {own, ""}, hosts
        assert complaints == [], complaints
