"""axe looks at the whole page, Gradio's parts among it: every tab, light and dark, wide and on a phone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from axe_check import violations
from visit import SENTENCE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serve.conftest import Make, Running

pytestmark = pytest.mark.browser

FADED = 300  # milliseconds in which colours have faded in
# Gradio writes on the buttons of examples a moment after it draws them.
WRITTEN = """() => {
    const examples = [...document.querySelectorAll('.gallery-item')];
    return examples.length > 0 && examples.every((each) => each.textContent.trim());
}"""


@pytest.fixture(scope="module")
def address(make: "Make", running: "Running") -> Iterator[str]:
    """A server of the tiny translator."""
    with running(make()) as address:
        yield address


@pytest.fixture(scope="module", params=[("light", 1200), ("dark", 1200), ("light", 390)], ids=str)
def visit(request: pytest.FixtureRequest, browser: "Browser", address: str) -> Iterator[Visit]:
    """A page on which a text is translated and all that folds is unfolded."""
    scheme, width = request.param
    visit = Visit(browser, address, width=width, scheme=scheme)
    visit.translate(SENTENCE)
    for accordion in ("Translation settings", "Translate a document"):
        visit.page.get_by_role("button", name=accordion).click()
    yield visit
    visit.close()


@pytest.mark.parametrize(
    ("tab", "sign"),
    [
        ("Word alignment", "#documents input[type=file]"),
        ("Attention", "#attention .drawing .caption"),
        ("Explore alternatives", "#tree .node"),
        ("How it works", "#step table.steps"),
    ],
)
def test_axe_finds_nothing(visit: Visit, tab: str, sign: str) -> None:
    """Somebody who cannot see well, or has no mouse, would be shut out of a part of the page."""
    visit.open_tab(tab)
    if tab == "Explore alternatives":
        visit.page.locator("#candidates .candidate").first.wait_for()
        visit.page.get_by_role("button", name="Show the beam search tree").click()
    visit.page.locator(sign).first.wait_for(state="attached")
    visit.page.wait_for_timeout(FADED)
    assert violations(visit.page) == []


def test_axe_finds_nothing_before_the_first_text(browser: "Browser", address: str) -> None:
    """Who comes to the page could not find or read where to begin."""
    visit = Visit(browser, address)
    visit.page.wait_for_function(WRITTEN)
    assert violations(visit.page) == []
    visit.close()
