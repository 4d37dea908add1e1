"""The two sentences in a real browser: pointing, focus and clicks light up the right words, as text only."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_check import wait_until_still
from view_samples import HOSTILE, SOURCE, TARGET
from view_stage import Visit, open_file, stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serve.conftest import Running

pytestmark = pytest.mark.browser

LINKS = [[0, 0, 1.0], [1, 1, 0.75], [1, 2, 0.25], [2, 2, 0.96], [3, 2, 0.5]]
PIECES = [[0, "Zwei", 0.9], [1, "Hun", 0.8], [1, "de", 0.5], [2, "spielen", 1.0], [3, "hier.", 0.25]]


def cut(text: str) -> dict[str, list[str]]:
    """Blank-separated words and the blanks around them, as `pair_data` gives them."""
    words = text.split(" ")
    return {"words": words, "gaps": ["", *[" "] * (len(words) - 1), ""]}


def pair(source: str = SOURCE, target: str = TARGET, **more: Any) -> dict[str, Any]:
    """Data with links and probabilities that a person can follow."""
    data = {"source": cut(source), "target": cut(target), "links": LINKS, "pieces": PIECES, "growing": False}
    return data | more


@pytest.fixture(scope="module")
def address(running: "Running") -> Iterator[str]:
    """A page with the two sentences; more of the target comes with a second button."""
    from serve.views import PairView

    values = {
        "start": lambda _: pair(target="Zwei Hunde", links=LINKS[:3], pieces=PIECES[:3], growing=True),
        "all": lambda _: pair(),
        "hostile": lambda _: pair(source=f"Two {' '.join(HOSTILE)}", target=f"Zwei {' '.join(HOSTILE)}"),
        "German": lambda _: PairView(language="de"),
        "nothing": lambda _: None,
    }
    with running(stage(PairView, values)) as address:
        yield address


@pytest.fixture
def live(browser: "Browser", address: str) -> Iterator[Visit]:
    """Gradio's page with everything shown, which must stay silent and ask no other host."""
    visit = Visit(browser, address)
    visit.show("all")
    visit.view("[data-side=target] .word").nth(3).wait_for()
    yield visit
    assert visit.errors == []
    assert all(url.startswith((address, "data:", "blob:")) for url in visit.requested), visit.requested
    visit.page.close()


@pytest.fixture
def visit(browser: "Browser", tmp_path: Path) -> Iterator[Visit]:
    """A page of its own with everything shown, which must stay silent and ask for nothing."""
    from serve.views import standalone_page

    visit = open_file(browser, tmp_path / "pair.html", standalone_page("pair", pair()))
    yield visit
    assert visit.errors == []
    assert visit.requested == {visit.page.url}
    visit.page.close()


def lit(visit: Visit, side: str) -> list[str]:
    """The words of a side that are lit."""
    return visit.view(f"[data-side={side}] .word.lit").all_text_contents()


def test_pointing_at_a_word_lights_its_counterparts(visit: Visit) -> None:
    """A word that is pointed at lights its links and names their weights."""
    visit.view("[data-side=target] .word").nth(1).hover()
    visit.wait_for_readout(
        "“Hunde” looked at “dogs” 0.75, “play.” 0.25 · probability 0.40 (tokens Hun 0.80, de 0.50)"
    )
    assert lit(visit, "source") == ["dogs", "play."]
    assert lit(visit, "target") == []
    visit.view("[data-side=source] .word").nth(2).hover()
    visit.wait_for_readout("“play.” was looked at by “spielen” 0.96, “hier.” 0.50, “Hunde” 0.25")
    assert lit(visit, "target") == ["Hunde", "spielen", "hier."]


def test_more_weight_is_more_colour(visit: Visit) -> None:
    """A stronger link has a stronger colour."""
    visit.view("[data-side=target] .word").nth(1).hover()
    wait_until_still(visit.page)  # the colour fades in
    strengths = visit.view("[data-side=source] .word").evaluate_all(
        "words => words.map(w => getComputedStyle(w).backgroundColor)"
        ".map(colour => Number((colour.match(/[\\d.]+/g) ?? [])[3] ?? 0))"
    )
    assert strengths[0] == 0 < strengths[2] < strengths[1]


def test_lines_under_words_are_as_long_as_they_are_probable(visit: Visit) -> None:
    """The line under a word is as long as the word is probable."""
    sizes = visit.view("[data-side=target] .word").evaluate_all(
        "words => words.map(word => getComputedStyle(word).backgroundSize.match(/[\\d.]+/)[0])"
    )
    assert [float(size) for size in sizes] == pytest.approx([90, 40, 100, 25])


def test_keyboard_alone_reaches_and_keeps_a_word(live: Visit) -> None:
    """The keyboard reaches every word with one stop of the Tab key, and keeps one lit."""
    live.view("[data-side=source] .word").first.focus()
    live.page.keyboard.press("Tab")
    live.wait_for_readout("“Zwei” looked at “Two” 1.00 · probability 0.90")
    live.page.keyboard.press("ArrowRight")
    live.page.keyboard.press("ArrowRight")
    live.page.keyboard.press("Enter")
    live.wait_for_event({"side": "target", "word": 2})
    kept = "“spielen” looked at “play.” 0.96 · probability 1.00"
    live.wait_for_readout(kept)
    live.page.keyboard.press("Tab")
    live.wait_for_readout(kept)  # the word stays lit when the focus is elsewhere
    live.view("[data-side=target] .word").first.focus()
    live.page.keyboard.press("Escape")
    live.page.keyboard.press("Tab")
    live.page.wait_for_function(
        "document.querySelector('.drawing .readout').textContent.startsWith('Point at')"
    )


def test_focus_survives_a_redraw(live: Visit) -> None:
    """Regression: a word that had the focus lost it for good when the drawing was emptied and made anew."""
    live.view("[data-side=target] .word").nth(1).focus()
    focused = live.view("[data-side=target] .word:focus")
    for value, sign in (("nothing", ".empty"), ("start", ".sides"), ("nothing", ".empty"), ("all", ".sides")):
        # A click moves the focus of a person, too; here only the value changes.
        live.page.get_by_role("button", name=value, exact=True).dispatch_event("click")
        live.view(sign).wait_for()
        if value == "nothing":
            live.page.locator(".drawing:focus").wait_for()
        else:
            focused.filter(has_text="Hunde").wait_for()
    live.page.keyboard.press("ArrowRight")
    focused.filter(has_text="spielen").wait_for()


def test_a_kept_word_survives_a_growing_text(live: Visit) -> None:
    """A word that is kept lit stays lit while the text grows."""
    live.show("start")
    live.view("[data-side=target] .word").nth(2).wait_for(state="detached")
    live.view("[data-side=source] .word").nth(1).click()
    live.page.mouse.move(0, 0)
    live.wait_for_readout("“dogs” was looked at by “Hunde” 0.75")
    live.show("all")
    live.view("[data-side=target] .word").nth(3).wait_for()
    live.wait_for_readout("“dogs” was looked at by “Hunde” 0.75")
    assert lit(live, "target") == ["Hunde"]


def test_table_says_the_same(visit: Visit) -> None:
    """The table has the same numbers as the drawing."""
    visit.page.get_by_text("The numbers as a table").click()
    visit.view("tbody tr").first.wait_for()
    rows = visit.view("tbody tr").all()
    cells = [row.locator("th, td").all_text_contents() for row in rows]
    assert cells[1] == ["Hunde", "“dogs” 0.75, “play.” 0.25", "0.40"]
    assert [row[0] for row in cells] == TARGET.split()


def test_labels_follow_the_language_asked_for(browser: "Browser", address: str) -> None:
    """The labels are in the browser's language, or in the one that the component names."""
    visit = Visit(browser, address, locale="zh-CN")
    visit.show("all")
    visit.page.get_by_text("词下横线的长短表示该词的概率。").wait_for()
    visit.show("German")
    visit.page.get_by_text("Der Strich unter einem Wort").wait_for()
    visit.show("nothing")
    visit.page.get_by_text("Die beiden Sätze erscheinen hier").wait_for()
    visit.view(".empty").hover()
    visit.page.mouse.move(0, 0)
    assert visit.errors == []
    visit.page.close()


def test_hostile_words_stay_text(live: Visit) -> None:
    """Markup in a text stays text."""
    live.show("hostile")
    live.page.get_by_text(HOSTILE[0]).first.wait_for()
    shown = live.view(".text").all_text_contents()
    assert shown == [f"{first} {' '.join(HOSTILE)}" for first in ("Two", "Zwei")]
    live.view("[data-side=target] .word").nth(1).hover()
    live.wait_for_readout(
        "“<img” looked at “<img” 0.75, “src=x” 0.25 · probability 0.40 (tokens Hun 0.80, de 0.50)"
    )
    assert (
        live.view("img").count() + live.view("script").count() + live.view(".text *:not(span)").count() == 0
    )
    assert live.page.evaluate("window.hacked") is None


def test_text_that_reads_leftwards_stands_so(browser: "Browser", tmp_path: Path) -> None:
    """A text in Arabic begins at the right, and arrow keys follow the reading."""
    from serve.views import standalone_page

    data = pair(source="كلبان يلعبان هنا", links=[[0, 0, 1.0], [1, 1, 1.0], [2, 2, 1.0]])
    visit = open_file(browser, tmp_path / "pair.html", standalone_page("pair", data))
    words = visit.view("[data-side=source] .word")
    lefts = words.evaluate_all("words => words.map(word => word.getBoundingClientRect().left)")
    assert lefts == sorted(lefts, reverse=True)
    words.first.focus()
    visit.page.keyboard.press("ArrowLeft")
    assert visit.readout().startswith("“يلعبان”")
    visit.page.close()
