"""The tab of alternatives in a real browser: candidates, the beam search tree, two versions compared."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from visit import SENTENCE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from seq2seq import Translator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(browser: "Browser", address: str) -> Iterator[Visit]:
    """A page on which a text is translated and the tab of alternatives open."""
    visit = Visit(browser, address)
    visit.translate(SENTENCE)
    visit.open_tab("Explore alternatives")
    visit.page.locator("#candidates .candidate").first.wait_for()
    yield visit
    visit.close()


def test_candidate_is_forced_and_taken_back(visit: Visit, translator: "Translator") -> None:
    """A clicked candidate is written and decoded on from; a button leads back to the model's translation."""
    from seq2seq import DecodeOptions
    from serve.demo.explain import show_candidates
    from serve.demo.state import read_part

    own = visit.translation()
    candidate = visit.page.locator("#candidates [data-step='0'][aria-pressed=false]").first
    number = int(str(candidate.get_attribute("data-candidate")))
    with visit.refreshed():
        candidate.click()
    visit.wait_for_status("Decoded on from the token that you chose.")
    visit.page.locator("#candidates [data-step='0'].forced").wait_for()
    part = read_part(SENTENCE, "", translator.translate(SENTENCE))
    piece = show_candidates(translator, part)["steps"][0][number][0]
    expected = translator.translate(SENTENCE, DecodeOptions(target_prefix=(piece,))).text
    assert visit.translation() == expected
    with visit.refreshed():
        visit.page.get_by_role("button", name="Back to the model's own translation").click()
    visit.wait_for_status("Done.")
    assert visit.translation() == own


def test_tree_grows_and_can_be_followed(visit: Visit) -> None:
    """The tree is grown on demand, and a click on a node decodes on from it."""
    with visit.refreshed():
        visit.page.get_by_role("button", name="Show the beam search tree").click()
    nodes = visit.page.locator("#tree .node")
    nodes.first.wait_for()
    assert nodes.count() > 10
    with visit.refreshed():
        nodes.last.dispatch_event("click")
    visit.wait_for_status("Decoded on from the token that you chose.")


def test_two_translations_are_compared(visit: Visit) -> None:
    """Words that only one of two translations has are marked, and both have their maps."""
    difference = visit.page.locator("#difference")
    difference.locator("section").first.wait_for()
    texts = difference.locator(".text").all_text_contents()
    marked = difference.locator("del, ins").count()
    assert len(texts) == 2 and (marked > 0) == (texts[0].split() != texts[1].split())
    for name in ("#first-map", "#second-map"):
        visit.page.locator(f"{name} .thumb").first.wait_for()
