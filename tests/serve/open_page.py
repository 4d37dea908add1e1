"""A page that is open in a real browser, with the addresses it fetches and the errors it reports."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 120_000  # milliseconds until a state that never comes is a failure; a busy machine is none
READY = "html[data-ready]"  # the mark of a page of Gradio's that listens


class OpenPage:
    """A page in a browser; `requested` holds the addresses it fetched, `errors` what it reported."""

    def __init__(
        self,
        browser: "Browser",
        address: str,
        *,
        width: int = 1200,
        scheme: str = "light",
        locale: str = "en",
    ) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=locale,
        )
        self.page.set_default_timeout(PATIENCE)
        self.requested: set[str] = set()
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requested.add(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.extend([line.text] * (line.type == "error")))
        self.page.goto(address)
        if address.startswith("http"):
            self.page.locator(READY).wait_for(state="attached")
