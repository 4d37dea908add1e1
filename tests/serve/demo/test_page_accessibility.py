"""axe looks at the whole page, Gradio's parts among it: every tab, light and dark, wide and on a phone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from axe_check import violations
from visit import SENTENCE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# Gradio writes on the buttons of examples a moment after it draws them.
WRITTEN = """() => {
    const examples = [...document.querySelectorAll('.gallery-item')];
    return examples.length > 0 && examples.every((each) => each.textContent.trim());
}"""
LOOKS = [("light", 1200), ("dark", 1200), ("light", 390)]


@pytest.fixture(scope="module", params=LOOKS, ids=str)
def visit(request: pytest.FixtureRequest, browser: "Browser", address: str) -> Iterator[Visit]:
    """A page on which a text is translated and all that folds is unfolded; axe has seen it empty before."""
    scheme, width = request.param
    visit = Visit(browser, address, width=width, scheme=scheme)
    visit.page.wait_for_function(WRITTEN)
    assert violations(visit.page) == []
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
        ("How it works", "#step table.steps"),
        (
            "Explore alternatives",
            "#tree .node",
        ),  # last: its drawings stay in the page, and axe passes by them
    ],
)
def test_axe_finds_nothing(visit: Visit, tab: str, sign: str) -> None:
    """No tab violates WCAG 2.2 A or AA."""
    visit.open_tab(tab)
    if tab == "Explore alternatives":
        visit.page.locator("#candidates .candidate").first.wait_for()
        with visit.refreshed():
            visit.page.get_by_role("button", name="Show the beam search tree").click()
    visit.page.locator(sign).first.wait_for(state="attached")
    assert violations(visit.page) == []
