"""Attention maps in a real browser: the right weights under the pointer, by mouse and by keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from view_samples import HEADS, HOSTILE, LAYERS, SOURCE, TARGET, make_maps, numbered
from view_stage import Visit, open_file, stage

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_maps import make_head_maps

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serve.conftest import Running

pytestmark = pytest.mark.browser

ALIGNED = AlignmentHead(1, 2)
CHOSEN = {"flow": "cross", "units": "words", "drawing": "matrix", "special": "summed", "layer": 1, "head": 2}
SPECIAL = "special symbols"  # the name of the column after the words


def value(source: str = SOURCE, target: str = TARGET, **more: Any) -> dict[str, Any]:
    """The data of the sample maps."""
    from serve.views import attention_data

    return attention_data(make_maps(source, target), ALIGNED, **more)


@pytest.fixture
def visit(browser: "Browser", tmp_path: Path) -> Iterator[Visit]:
    """A page of its own with the sample maps, which must stay silent and ask for nothing."""
    from serve.views import standalone_page

    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", value()))
    yield visit
    assert visit.errors == []
    assert visit.requested == {visit.page.url}
    visit.page.close()


def weight(row: int, column: int, layer: int = 1, plane: int = 2, flow: str = "cross") -> str:
    """A weight as it must be said."""
    return f"{make_head_maps(make_maps(), flow, 'words').raw[layer, plane, row, column]:.2f}"  # type: ignore[arg-type]


def hidden(row: int, layer: int = 1, plane: int = 2) -> float:
    """What a row gave to special symbols."""
    return make_head_maps(make_maps(), "cross", "words").hidden[layer, plane, row].item()


def point_at(visit: Visit, row: int, column: int, rows: int = 4, columns: int = 4) -> None:
    """Moves the pointer onto a cell of the matrix."""
    visit.page.evaluate("window.scrollTo(0, 0)")
    box = visit.view(".cells").bounding_box()
    assert box
    x = box["x"] + (column + 0.5) * box["width"] / columns
    visit.page.mouse.move(x, box["y"] + (row + 0.5) * box["height"] / rows)


def cell(row: int, column: int, **where: Any) -> str:
    """What must be said of a cell, but for what went to special symbols."""
    return f"“{TARGET.split()[row]}” looked at “{SOURCE.split()[column]}” {weight(row, column, **where)}"


def wait_for_start(visit: Visit, expected: str) -> None:
    """Waits until the line begins so."""
    visit.page.wait_for_function(
        "expected => document.querySelector('.drawing .readout').textContent.startsWith(expected)",
        arg=expected,
    )


def test_cells_under_the_pointer_say_their_weights(visit: Visit) -> None:
    """Each cell of the matrix has the library's weight of its row and column."""
    for row in range(4):
        for column in range(3):
            point_at(visit, row, column)
            wait_for_start(visit, cell(row, column))
    assert visit.view(".name.lit").all_text_contents() == ["play.", "hier."]


def test_hidden_symbols_are_accounted_for(visit: Visit) -> None:
    """The line says how much of a row's weight went to special symbols, which have a hatched column."""
    point_at(visit, 0, 0)
    visit.wait_for_readout(f"{cell(0, 0)}; {hidden(0):.0%} went to special symbols")
    point_at(visit, 0, 3)
    visit.wait_for_readout(f"“Zwei” looked at “{SPECIAL}” {hidden(0):.2f}")
    assert visit.view(".column-names .name.special").text_content() == SPECIAL
    column, hatch = (
        visit.view(".column-names .name.special").bounding_box(),
        visit.view(".hatch").bounding_box(),
    )
    assert column and hatch
    assert hatch["x"] == pytest.approx(column["x"], abs=1) and hatch["width"] == pytest.approx(
        column["width"], abs=1
    )


def test_special_symbols_are_summed_shown_or_left_out(visit: Visit) -> None:
    """A switch gives each special symbol its column, or leaves them out and scales the rows to sum to 1."""
    visit.page.get_by_label("each its column").check()
    assert visit.view(".column-names .name").all_text_contents() == [*SOURCE.split(), "end of the text"]
    visit.page.get_by_label("left out").check()
    assert visit.view(".column-names .name").all_text_contents() == SOURCE.split()
    assert visit.view(".hatch").count() == 0
    scaled = make_head_maps(make_maps(), "cross", "words").weights[1, 2, 0, 0].item()
    point_at(visit, 0, 0, columns=3)
    visit.wait_for_readout(f"“Zwei” looked at “Two” {scaled:.2f}; {hidden(0):.0%} went to special symbols")
    assert "can seem certain" in str(visit.view(".caption").text_content())
    size = "canvas => [canvas.width, canvas.height]"
    assert visit.view(".thumb canvas").first.evaluate(size) == [3, 4]
    visit.page.get_by_label("one column").check()
    assert visit.view(".thumb canvas").first.evaluate(size) == [4, 4]


def test_hidden_weight_is_not_drawn_as_certainty(browser: "Browser", tmp_path: Path) -> None:
    """Regression: of a row that gave 99 % to the end of the text, a word with 1 % was fully dark."""
    import torch

    from serve.views import attention_data, standalone_page

    maps = make_maps()
    maps.cross[1, 2, 1] = torch.tensor([0.003, 0.003, 0.004, 0.99])
    data = attention_data(maps, ALIGNED)
    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", data))
    point_at(visit, 1, 2)
    visit.wait_for_readout("“Hunde” looked at “play.” 0.00; 99% went to special symbols")
    visit.page.get_by_label("ribbons", exact=True).check()
    visit.view(".word-of[data-side=below]").nth(1).hover()
    visit.wait_for_readout(f"“Hunde” looked at “{SPECIAL}” 0.99")
    assert visit.view(".ribbon.lit").count() == visit.view(".ribbon.special.lit").count() == 1
    visit.page.close()


def test_canvas_is_as_dark_as_the_weights(visit: Visit) -> None:
    """The shade of a cell is its weight to the power 0.75."""
    shades = visit.view(".cells canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        ".filter((_, place) => place % 4 === 3)"
    )
    sheet = make_head_maps(make_maps(), "cross", "words")
    drawn = [[*row.tolist(), hidden(place)] for place, row in enumerate(sheet.raw[1, 2])]
    assert shades == pytest.approx([255 * weight**0.75 for row in drawn for weight in row], abs=1.5)


def test_words_light_their_row_or_column(visit: Visit) -> None:
    """Pointing at a word lights its row or column and names its weights."""
    visit.view(".column-names .name").nth(1).hover()
    wait_for_start(visit, "“dogs” was looked at by “")
    visit.view(".row-names .name").nth(1).hover()
    wait_for_start(visit, "“Hunde” looked at “")


@pytest.mark.parametrize("drawing", ["matrix", "ribbons"])
def test_arrow_keys_walk_the_map(visit: Visit, drawing: str) -> None:
    """Arrow keys walk through the matrix and the ribbons."""
    visit.page.get_by_label(drawing, exact=True).check()
    visit.view(".overview [aria-checked=true]").focus()
    visit.page.keyboard.press("Shift+Tab")
    wait_for_start(visit, "“Zwei” looked at “")
    if drawing == "matrix":
        visit.page.keyboard.press("ArrowRight")
        wait_for_start(visit, cell(0, 0))
        visit.page.keyboard.press("ArrowDown")
        visit.page.keyboard.press("End")
        wait_for_start(visit, f"“Hunde” looked at “{SPECIAL}” {hidden(1):.2f}")
        visit.page.keyboard.press("ArrowLeft")
        wait_for_start(visit, cell(1, 2))
    else:
        visit.page.keyboard.press("ArrowRight")
        wait_for_start(visit, "“Hunde” looked at “")
        visit.page.keyboard.press("ArrowUp")
        wait_for_start(visit, "“dogs” was looked at by “")
    visit.page.keyboard.press("Escape")
    wait_for_start(visit, "Point at")


def test_overview_chooses_by_click_and_arrow(visit: Visit) -> None:
    """A small picture leads to the map that it shows, by click and by arrow."""
    assert visit.view(".thumb").count() == LAYERS * (HEADS + 1)
    visit.page.get_by_role("radio", name="Layer 0, head 1").click()
    point_at(visit, 2, 1)
    wait_for_start(visit, cell(2, 1, layer=0, plane=1))
    visit.page.get_by_role("radio", name="Layer 0, head 1").focus()
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("End")
    assert visit.view(".caption strong").text_content() == f"Layer {LAYERS - 1}, mean of its heads"
    point_at(visit, 2, 1)
    wait_for_start(visit, cell(2, 1, layer=LAYERS - 1, plane=HEADS))
    visit.page.get_by_role("button", name="Back to the alignment head").click()
    point_at(visit, 2, 1)
    wait_for_start(visit, cell(2, 1))
    assert "read as word alignment" in str(visit.view(".caption").text_content())


def test_choosers_lead_to_every_map(visit: Visit) -> None:
    """The choosers reach every layer, head and flow."""
    visit.page.get_by_label("Layer", exact=True).select_option("0")
    visit.page.get_by_label("Head", exact=True).select_option("mean")
    visit.page.get_by_label("source → itself").check()
    point_at(visit, 1, 2, rows=3)
    found = make_head_maps(make_maps(), "encoder", "words").raw[0, HEADS, 1, 2]
    wait_for_start(visit, f"“dogs” looked at “play.” {found:.2f}")
    visit.page.get_by_label("translation → itself").check()
    assert visit.view(".column-names .name").all_text_contents() == [*TARGET.split(), SPECIAL]


def test_ribbons_light_what_belongs_together(visit: Visit) -> None:
    """The ribbons of a word are lit with the words that they lead to."""
    visit.page.get_by_label("ribbons", exact=True).check()
    visit.view(".word-of[data-side=below]").nth(2).hover()
    wait_for_start(visit, "“spielen” looked at “")
    expected = [
        s for s in range(3) if float(make_head_maps(make_maps(), "cross", "words").raw[1, 2, 2, s]) >= 0.04
    ]
    special = [SPECIAL] * (hidden(2) >= 0.04)
    assert visit.view(".ribbon.lit").count() == len(expected) + len(special)
    names = visit.view(".word-of.lit[data-side=above]").all_text_contents()
    assert names == [SOURCE.split()[s] for s in expected] + special


def test_table_holds_every_weight(visit: Visit) -> None:
    """The table holds every weight of the map."""
    visit.page.get_by_text("The numbers as a table").click()
    visit.view("tbody tr").first.wait_for()
    rows = [row.locator("td").all_text_contents() for row in visit.view("tbody tr").all()]
    assert rows == [[*(weight(row, column) for column in range(3)), f"{hidden(row):.2f}"] for row in range(4)]
    assert visit.view("thead th").all_text_contents()[1:] == [*SOURCE.split(), SPECIAL]


def test_pointing_builds_nothing_anew(browser: "Browser", tmp_path: Path) -> None:
    """A movement of the pointer adds and removes no element."""
    from serve.views import attention_data, standalone_page

    words = numbered(60)
    data = attention_data(make_maps(words, words), ALIGNED)
    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", data))
    visit.page.evaluate(
        "window.built = 0; new MutationObserver(all => { for (const one of all) window.built +="
        " one.addedNodes.length + one.removedNodes.length })"
        ".observe(document.querySelector('.drawing .stage'), { childList: true, subtree: true })"
    )
    for step in range(5):
        point_at(visit, step, step + 1, 60, 61)
        wait_for_start(visit, f"“w{step}” looked at “w{step + 1}”")
    assert visit.page.evaluate("window.built") == 0
    visit.page.close()


def test_names_stay_in_sight_in_a_long_text(browser: "Browser", tmp_path: Path) -> None:
    """In a long text the names of the cell under the keys stay in sight."""
    from serve.views import attention_data, standalone_page

    words = numbered(200)
    data = attention_data(make_maps(words, words), ALIGNED)
    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", data))
    visit.view(".frame").focus()
    visit.page.keyboard.press("PageDown")
    visit.page.keyboard.press("End")
    wait_for_start(visit, f"“w199” looked at “{SPECIAL}”")
    visit.page.keyboard.press("ArrowLeft")
    wait_for_start(visit, "“w199” looked at “w199”")
    frame, row, column = (
        visit.view(part).bounding_box()
        for part in (".frame", ".row-names .name >> nth=199", ".column-names .name >> nth=199")
    )
    assert frame and row and column
    for name in (row, column):
        assert frame["x"] <= name["x"] and name["x"] + name["width"] <= frame["x"] + frame["width"]
        assert frame["y"] <= name["y"] and name["y"] + name["height"] <= frame["y"] + frame["height"]
    visit.page.close()


def test_columns_of_arabic_run_leftwards(browser: "Browser", tmp_path: Path) -> None:
    """The columns of a text in Arabic run leftwards."""
    from serve.views import attention_data, standalone_page

    data = attention_data(make_maps("كلبان يلعبان هنا", TARGET), ALIGNED)
    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", data))
    point_at(visit, 0, 3)  # the rightmost column
    wait_for_start(visit, f"“Zwei” looked at “كلبان” {weight(0, 0)}")
    lefts = visit.view(".column-names .name").evaluate_all(
        "all => all.map(n => n.getBoundingClientRect().left)"
    )
    assert lefts == sorted(lefts, reverse=True)
    visit.page.close()


@pytest.mark.parametrize("drawing", ["matrix", "ribbons"])
def test_phone_shows_all_without_scrolling_the_page(browser: "Browser", tmp_path: Path, drawing: str) -> None:
    """On a phone the page is no wider than the screen."""
    from serve.views import attention_data, standalone_page

    words = numbered(25)
    data = attention_data(make_maps(words, words), ALIGNED)
    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", data), width=360)
    visit.page.get_by_label(drawing, exact=True).check()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
    visit.page.close()


def test_colours_follow_light_and_dark(browser: "Browser", tmp_path: Path) -> None:
    """The map's colours follow the colour scheme."""
    from serve.views import standalone_page

    visit = open_file(browser, tmp_path / "map.html", standalone_page("attention", value()), scheme="dark")
    colour = "canvas => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    dark = visit.view(".cells canvas").evaluate(colour)
    visit.page.emulate_media(color_scheme="light")
    visit.page.wait_for_function(
        f"dark => ({colour})(document.querySelector('.cells canvas')) !== dark", arg=dark
    )
    visit.page.close()


@pytest.fixture(scope="module")
def address(running: "Running") -> Iterator[str]:
    """Gradio's page with a map that grows, a long text of which one map is sent, and hostile words."""
    from serve.views import AttentionView, MapSelection, attention_data

    hostile = " ".join(HOSTILE)
    words = numbered(250)
    long_maps = make_maps(words, words)

    def long(event: dict[str, Any] | None) -> dict[str, Any]:
        choice = event and MapSelection(event["flow"], event["units"], event["layer"], event["head"])
        return attention_data(long_maps, ALIGNED, choice, name="long")

    values = {
        "part": lambda _: value(target="Zwei Hunde", growing=True),
        "all": lambda _: value(),
        "long": long,
        "hostile": lambda _: value(hostile, hostile, name="hostile"),
    }
    with running(stage(AttentionView, values)) as address:
        yield address


@pytest.fixture
def live(browser: "Browser", address: str) -> Iterator[Visit]:
    """Gradio's page, which must stay silent and ask no other host."""
    visit = Visit(browser, address)
    yield visit
    assert visit.errors == []
    assert all(url.startswith((address, "data:", "blob:")) for url in visit.requested), visit.requested
    visit.page.close()


def test_choices_reach_python_and_stay_while_the_text_grows(live: Visit) -> None:
    """A chosen map stays chosen while the text grows, and Python is told of the choice."""
    live.show("part")
    live.page.get_by_role("radio", name="Layer 0, head 1").click()
    live.wait_for_event({**CHOSEN, "layer": 0, "head": 1})
    live.page.get_by_label("ribbons", exact=True).check()
    live.wait_for_event({**CHOSEN, "drawing": "ribbons", "layer": 0, "head": 1})
    live.show("all")
    live.view(".word-of[data-side=below]").nth(3).wait_for()
    assert live.view(".caption strong").text_content() == "Layer 0, head 1"


def test_a_map_that_was_not_sent_is_asked_for(live: Visit) -> None:
    """A map that was not sent is asked for and shown."""
    live.show("long")
    live.view(".row-names .name").nth(249).wait_for(state="attached")
    live.page.get_by_role("radio", name="Layer 0, head 1").click()
    live.page.get_by_text("Loading this map").wait_for()
    live.wait_for_event({**CHOSEN, "layer": 0, "head": 1})
    live.show("long")
    live.page.get_by_text("Loading this map").wait_for(state="detached")
    point_at(live, 1, 1, 250, 251)
    found = make_head_maps(make_maps(numbered(250), numbered(250)), "cross", "words").raw[0, 1, 1, 1]
    wait_for_start(live, f"“w1” looked at “w1” {found:.2f}")


@pytest.mark.parametrize("drawing", ["matrix", "ribbons"])
def test_hostile_words_stay_text(live: Visit, drawing: str) -> None:
    """Markup in a text stays text."""
    live.show("hostile")
    live.page.get_by_label(drawing, exact=True).check()
    live.page.get_by_text("The numbers as a table").click()
    assert live.view("tbody th").first.text_content() == HOSTILE[0].split()[0]
    assert live.view("img").count() + live.view("script").count() + live.view("[onload]").count() == 0
    assert live.page.evaluate("window.hacked") is None
