"""What else could have been written, in a real browser: candidates, the tree, two versions compared."""

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
def visit(make: "Make", running: "Running", browser: "Browser") -> Iterator[Visit]:
    """A page on which a text is translated and the third tab open."""
    with running(make()) as address:
        visit = Visit(browser, address)
        visit.translate(SENTENCE)
        visit.open_tab("Explore alternatives")
        visit.page.locator("#candidates .candidate").first.wait_for()
        yield visit
        visit.close()


def test_candidate_is_forced_and_taken_back(visit: Visit, translator: "Translator") -> None:
    """A click on a candidate would not write it, or there would be no way back."""
    from seq2seq import DecodeOptions
    from serve.demo.explain import show_candidates
    from serve.demo.state import read_part

    own = visit.translation()
    candidate = visit.page.locator("#candidates [data-step='0'][aria-pressed=false]").first
    number = int(str(candidate.get_attribute("data-candidate")))
    candidate.click()
    visit.wait_for_status("Decoded on from the token that you chose.")
    visit.page.locator("#candidates [data-step='0'].forced").wait_for()
    part = read_part(SENTENCE, "", translator.translate(SENTENCE))
    piece = show_candidates(translator, part)["steps"][0][number][0]
    expected = translator.translate(SENTENCE, DecodeOptions(target_prefix=(piece,))).text
    assert visit.translation() == expected
    visit.page.get_by_role("button", name="Back to the model's own translation").click()
    visit.wait_for_status("Done.")
    assert visit.translation() == own


def test_tree_grows_and_can_be_followed(visit: Visit) -> None:
    """The tree would stay empty, or a click on it lead nowhere."""
    visit.page.get_by_role("button", name="Show the beam search tree").click()
    nodes = visit.page.locator("#tree .node")
    nodes.first.wait_for()
    assert nodes.count() > 10
    nodes.last.dispatch_event("click")
    visit.wait_for_status("Decoded on from the token that you chose.")


def test_two_translations_are_compared(visit: Visit) -> None:
    """Words that only one translation has would not be marked, or a map be missing."""
    difference = visit.page.locator("#difference")
    difference.locator("section").first.wait_for()
    texts = difference.locator(".text").all_text_contents()
    marked = difference.locator("del, ins").count()
    assert len(texts) == 2 and (marked > 0) == (texts[0].split() != texts[1].split())
    for name in ("#first-map", "#second-map"):
        visit.page.locator(f"{name} .thumb").first.wait_for()
