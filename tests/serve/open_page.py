"""A page that is open in a real browser, and what it asked for and complained about."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 60_000  # milliseconds; a busy machine is no fault of the page


class OpenPage:
    """A page of its own in a browser; `asked` holds the addresses it fetched, `complaints` its errors."""

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
        self.asked: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.add(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.extend([said.text] * (said.type == "error")))
        self.page.goto(address)
