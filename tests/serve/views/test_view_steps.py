"""Candidates, the beam search tree and the steps of one query in a real browser: shown and clicked."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from view_samples import HOSTILE
from view_stage import Visit, open_file, stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serve.conftest import Running

pytestmark = pytest.mark.browser

#       0:Zwei ── 1:Hunde ── 3:spielen (best)
#              └─ 2:Hund     (dropped)
TREE = [("▁Zwei", 0.5, None, True, True), ("▁Hunde", 0.8, 0, True, True), ("▁Hund", 0.1, 0, False, False)]
TREE += [("▁spielen", 0.25, 1, True, True)]


def candidates() -> dict[str, Any]:
    """Three steps; the reader chose the second piece of the second."""
    from serve.views import StepCandidate, candidates_data

    steps = [
        [StepCandidate("▁Zwei", 0.9), StepCandidate("▁Die", 0.05)],
        [StepCandidate("▁Hunde", 0.6), StepCandidate("▁Katzen", 0.3), StepCandidate(HOSTILE[0], 0.1)],
        [StepCandidate(".", 0.5)],
    ]
    return candidates_data(steps, [0, 1, None], [1])


def lesson(**changes: Any) -> dict[str, Any]:
    """Three keys, two numbers a value, the last key masked: numbers that a person can follow."""
    from serve.views import step_data
    from serve.views.attention_steps import AttentionSteps

    given = AttentionSteps(
        flow="decoder",
        layer=1,
        head=3,
        query=1,
        queries=["<s>", "▁Zwei", HOSTILE[0]],
        keys=["<s>", "▁Zwei", HOSTILE[0]],
        score="scaled_dot",
        scale=2.0,
        scores=[4.0, -2.0, 1.0],
        scaled=[2.0, -1.0, 0.5],
        allowed=[True, True, False],
        weights=[0.95, 0.05, 0.0],
        values=[[1.0, -1.0], [0.5, 0.0], [3.0, 3.0]],
        mix=[0.975, -0.95],
    )
    return step_data(given._replace(**changes))


@pytest.fixture(scope="module")
def addresses(running: "Running") -> Iterator[dict[str, str]]:
    """Gradio's page of each of the three drawings."""
    from serve.views import CandidatesView, Node, StepView, TreeView, tree_data

    nodes = [Node(*node) for node in TREE] + [Node(HOSTILE[0], 0.01, 1, False)]
    pages = {
        "candidates": stage(CandidatesView, {"show": lambda _: candidates()}),
        "tree": stage(TreeView, {"show": lambda _: tree_data(nodes), "nothing": lambda _: None}),
        "step": stage(StepView, {"show": lambda _: lesson()}),
    }
    with (
        running(pages["candidates"]) as first,
        running(pages["tree"]) as second,
        running(pages["step"]) as third,
    ):
        yield {"candidates": first, "tree": second, "step": third}


def visit_to(browser: "Browser", addresses: dict[str, str], name: str) -> Visit:
    """A visit to one of them, its value shown."""
    visit = Visit(browser, addresses[name])
    visit.show("show")
    visit.view("p").first.wait_for()
    return visit


def leave(visit: Visit) -> None:
    """The page must have been silent and have run nobody's text."""
    assert visit.view("img").count() == 0
    assert visit.page.evaluate("window.hacked") is None
    assert visit.errors == []
    visit.page.close()


def test_a_clicked_candidate_is_told(browser: "Browser", addresses: dict[str, str]) -> None:
    """A click or Enter on a candidate sends its step, number and token."""
    visit = visit_to(browser, addresses, "candidates")
    visit.page.get_by_role("button", name="Katzen, 30%, chosen by you").click()
    visit.wait_for_event({"step": 1, "candidate": 1, "token": "▁Katzen"})
    pressed = visit.view(".candidate[aria-pressed=true]").all_text_contents()
    assert pressed == ["▁Zwei90%", "▁Katzen30%"]
    visit.view(".candidate").first.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("Enter")
    visit.wait_for_event({"step": 1, "candidate": 2, "token": HOSTILE[0]})
    leave(visit)


def test_tree_tells_how_a_piece_came_about(browser: "Browser", addresses: dict[str, str]) -> None:
    """A node shows its path, its own and the cumulative probability."""
    visit = visit_to(browser, addresses, "tree")
    visit.view(".node").nth(3).hover()
    visit.wait_for_readout("“Zwei Hunde spielen”: probability 0.25, cumulative 0.10")
    assert visit.view(".node.lit .token").all_text_contents() == ["Zwei", "Hunde", "spielen"]
    visit.view(".node").first.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.wait_for_readout("“Zwei Hunde”: probability 0.80, cumulative 0.40")
    visit.page.keyboard.press("ArrowDown")
    visit.wait_for_readout("“Zwei Hund”: probability 0.10, cumulative 0.05")
    visit.page.keyboard.press("Enter")
    visit.wait_for_event({"node": 2})
    assert visit.view(".node.dropped .token").all_text_contents() == ["Hund", f"{HOSTILE[0][:15]}…"]
    leave(visit)


def test_pointer_may_stay_over_a_tree_that_is_gone(browser: "Browser", addresses: dict[str, str]) -> None:
    """Regression: a movement of the pointer over a tree that was removed raised an error."""
    visit = visit_to(browser, addresses, "tree")
    visit.view(".node").first.wait_for()
    visit.show("nothing")
    visit.view(".empty").hover()
    visit.page.mouse.move(0, 0)
    leave(visit)


def test_result_is_a_straight_line(browser: "Browser", tmp_path: Path) -> None:
    """The result is a straight line above all other candidates."""
    from serve.views import Node, standalone_page, tree_data

    nodes = [Node("▁a", 0.5, None, True), *[Node(*node) for node in TREE[:1]]]
    nodes += [Node(*node[:2], None if node[2] is None else node[2] + 1, *node[3:]) for node in TREE[1:]]
    visit = open_file(browser, tmp_path / "tree.html", standalone_page("tree", tree_data(nodes)))
    tops = visit.view(".node.best rect").evaluate_all(
        "all => all.map(rect => rect.getBoundingClientRect().top)"
    )
    others = visit.view(".node:not(.best) rect").evaluate_all(
        "all => all.map(r => r.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == 1
    assert min(others) > tops[0]
    visit.page.close()


def test_a_deep_tree_is_drawn(browser: "Browser", tmp_path: Path) -> None:
    """A tree of 3000 steps is drawn: nothing recurses through it."""
    from serve.views import Node, standalone_page, tree_data

    nodes = [Node("▁a", 0.9, number - 1 if number else None, True) for number in range(3000)]
    visit = open_file(browser, tmp_path / "tree.html", standalone_page("tree", tree_data(nodes)))
    assert visit.view(".node").count() == 3000
    assert visit.errors == []
    visit.page.close()


def test_steps_are_columns_of_numbers(browser: "Browser", addresses: dict[str, str]) -> None:
    """Each column shows the numbers of its step, a masked key minus infinity."""
    visit = visit_to(browser, addresses, "step")
    visit.view("tbody tr").first.wait_for()
    rows = [row.locator("td, th").all_text_contents() for row in visit.view("tbody tr").all()]
    assert rows[0] == ["start of the text", "4.00", "2.00", "2.00", "0.95", "0.95 ×"]
    assert rows[1] == ["Zwei", "−2.00", "−1.00", "−1.00", "0.05", "0.05 ×"]
    assert rows[2] == [HOSTILE[0], "1.00", "0.50", "−∞", "0.00", "0.00 ×"]
    assert "divided by √D = 2.00" in str(visit.view("thead").text_content())
    assert visit.view("tfoot canvas").get_attribute("aria-label") == "sum: 0.98 −0.95"
    visit.view(".query").nth(2).click()
    visit.wait_for_event({"query": 2})
    visit.view(".query[aria-checked=true]").focus()
    visit.page.keyboard.press("ArrowLeft")
    visit.wait_for_event({"query": 0})
    leave(visit)


def test_a_score_without_a_root_has_no_column_for_it(browser: "Browser", tmp_path: Path) -> None:
    """A score without scaling has no column for it."""
    from serve.views import standalone_page

    page = standalone_page("step", lesson(scale=None, score="additive"), language="de")
    visit = open_file(browser, tmp_path / "step.html", page)
    assert visit.view(".step-name").all_text_contents() == [
        "1 Score",
        "2 maskiert",
        "3 Softmax",
        "4 gewichtete Summe",
    ]
    assert "tanh" in str(visit.view("thead").text_content())
    visit.page.close()
