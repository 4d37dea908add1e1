"""axe looks at every drawing, light and dark, wide and narrow: no violation of WCAG 2.2 A or AA."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_check import violations
from view_samples import make_maps, numbered
from view_stage import open_file

from seq2seq.alignment.head import AlignmentHead

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

DRAWINGS = ["pair", "attention", "tree", "candidates", "step"]


def value(drawing: str) -> dict[str, Any]:
    """Something to look at in each drawing."""
    from serve import views
    from serve.views.attention_steps import AttentionSteps

    maps = make_maps("Two dogs play in the snow.", "Zwei Hunde spielen im Schnee.")
    aligned = AlignmentHead(1, 2)
    match drawing:
        case "pair":
            return views.pair_data(maps.alignment(aligned), [-0.1, -1.0, -0.2, -0.5, -0.1, -0.1])
        case "attention":
            return views.attention_data(maps, aligned)
        case "tree":
            children = [views.Node("▁Hunde", 0.7, 0, True, True), views.Node("▁Hund", 0.2, 0, False)]
            return views.tree_data([views.Node("▁Zwei", 0.9, None, True, True), *children])
        case "candidates":
            step = [views.StepCandidate("▁Zwei", 0.9), views.StepCandidate("▁Die", 0.1)]
            return views.candidates_data([step] * 20, [0] * 20, [1])
    keys = ["<s>", "▁Zwei", "</s>"]
    numbers, allowed, values = [1.0, -1.0, 0.0], [True, True, False], [[1.0, -1.0]] * 3
    weights, mix = [0.9, 0.1, 0.0], [1.0, -1.0]
    where = ("decoder", 0, 0, 1, keys, keys, "scaled_dot", 2.0)
    return views.step_data(AttentionSteps(*where, numbers, numbers, allowed, weights, values, mix))  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_axe_finds_nothing(browser: "Browser", tmp_path: Path, drawing: str, scheme: str) -> None:
    """No drawing violates WCAG 2.2 A or AA, in either colour scheme, pointed at or not."""
    from serve.views import standalone_page

    page = standalone_page(drawing, value(drawing))
    visit = open_file(browser, tmp_path / "page.html", page, scheme=scheme)
    if visit.page.get_by_text("The numbers as a table").count():
        visit.page.get_by_text("The numbers as a table").click()
    assert violations(visit.page, ".drawing") == []
    if drawing == "attention":
        visit.view(".row-names .name").nth(1).hover()
        assert violations(visit.page, ".drawing") == []
        visit.page.get_by_label("ribbons", exact=True).check()
        visit.view(".word-of").nth(1).hover()
    if drawing == "pair":
        visit.view("[data-side=target] .word").nth(1).hover()
    assert violations(visit.page, ".drawing") == []
    visit.page.close()


def test_axe_finds_nothing_in_a_long_text_on_a_phone(browser: "Browser", tmp_path: Path) -> None:
    """Areas that scroll inside the page can be scrolled by keyboard."""
    from serve.views import attention_data, standalone_page

    maps = make_maps(numbered(80), numbered(80))
    page = standalone_page("attention", attention_data(maps, AlignmentHead(1, 2)))
    visit = open_file(browser, tmp_path / "page.html", page, width=360)
    assert violations(visit.page, ".drawing") == []
    visit.page.close()


def test_motion_stops_where_it_is_not_wanted(browser: "Browser", tmp_path: Path) -> None:
    """Transitions are off where the system asks for reduced motion."""
    from serve.views import standalone_page

    visit = open_file(browser, tmp_path / "page.html", standalone_page("pair", value("pair")))
    duration = (
        "document.querySelector('.drawing .word').computedStyleMap().get('transition-duration').toString()"
    )
    assert visit.page.evaluate(duration) != "0s"
    visit.page.emulate_media(reduced_motion="reduce")
    assert visit.page.evaluate(duration) == "0s"
    visit.page.close()
