"""Drawings are well-formed for any word, faithful to the weights, and fit their canvas."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from seq2seq.alignment.svg import FAINTEST, draw_matrix, draw_ribbons

SVG = "{http://www.w3.org/2000/svg}"
Draw = Callable[[list[str], list[str], list[list[float]]], str]
both = pytest.mark.parametrize("draw", [draw_matrix, draw_ribbons])


def uniform(sources: list[str], targets: list[str]) -> list[list[float]]:
    """Return equal weights for all pairs of words."""
    return [[1 / len(sources)] * len(sources) for _ in targets]


@both
@pytest.mark.parametrize(
    "word",
    [
        "<b>",
        "&amp;",
        "\"'>",
        "]]>",
        "\0",
        "\x1b[31m",
        "\ud800",
        "\ufffe",
        "",
        " ",
        "مرحبا",
        "雪",
        "é",
        "x" * 5000,
    ],
)
def test_any_word_gives_well_formed_svg(draw: Draw, word: str) -> None:
    """Any text gives well-formed SVG in which words are never markup."""
    root = ElementTree.fromstring(draw([word, "a"], [word], [[0.5, 0.5]]))
    assert {element.tag for element in root.iter()} <= {
        SVG + n for n in ("svg", "rect", "path", "text", "title")
    }


@both
def test_words_stand_in_the_picture(draw: Draw) -> None:
    """Every word is drawn once, a shortened one with its full text as title."""
    words = ["two", "<dogs>", "Donaudampfschifffahrtsgesellschaft"]
    root = ElementTree.fromstring(draw(words, ["zwei"], uniform(words, ["zwei"])))
    texts = [element for element in root.iter(SVG + "text")]
    assert [element.get("data-word") for element in texts] == [*words, "zwei"]
    assert [element.text for element in texts] == ["two", "<dogs>", "Donaudampfschifff…", "zwei"]
    assert texts[2].findtext(SVG + "title") == words[2]


def test_matrix_is_as_dark_as_the_weights() -> None:
    """The opacity of cell (t, s) is the weight of target word t on source word s."""
    weights = [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]
    root = ElementTree.fromstring(draw_matrix(["a", "b", "c"], ["x", "y"], weights))
    cells = [rect for rect in root.iter(SVG + "rect") if rect.get("class") == "cell"]
    for cell in cells:
        t, s = int(cell.get("data-t", "")), int(cell.get("data-s", ""))
        assert float(cell.get("fill-opacity", "")) == pytest.approx(weights[t][s], abs=1e-3)
    rows = {cell.get("y") for cell in cells}
    columns = {cell.get("x") for cell in cells}
    assert (len(cells), len(rows), len(columns)) == (6, 2, 3)


def test_ribbons_are_as_wide_as_the_weights() -> None:
    """A band is as wide as its weight, and the bands of a target word fill its width."""
    weights = [[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]]
    root = ElementTree.fromstring(draw_ribbons(["a", "b", "c"], ["xxxx", "yyyyyyyy"], weights))
    bars = {b.get("data-t"): float(b.get("width", "")) for b in root.iter(SVG + "rect") if b.get("data-t")}
    widths = {}
    for band in root.iter(SVG + "path"):
        reach = re.search(r"h([\d.]+)C", band.get("d", ""))
        assert reach
        widths[band.get("data-t"), band.get("data-s")] = float(reach[1])
    assert set(widths) == {("0", "0"), ("0", "1"), ("1", "2")}
    assert widths["0", "1"] == pytest.approx(0.75 * bars["0"], abs=0.1)
    assert widths["0", "0"] + widths["0", "1"] == pytest.approx(bars["0"], abs=0.2)
    assert widths["1", "2"] == pytest.approx(bars["1"], abs=0.1)


def test_ribbons_leave_out_hairs() -> None:
    """Weights below FAINTEST are not drawn."""
    drawn = draw_ribbons(["a", "b"], ["x"], [[FAINTEST / 2, 1 - FAINTEST / 2]])
    assert drawn.count("<path") == 1


@both
def test_nothing_is_drawn_outside(draw: Draw) -> None:
    """Every element lies inside the canvas, however long the sentence or its words."""
    words = ["Wort" * (n % 5 + 1) for n in range(60)]
    root = ElementTree.fromstring(draw(words, words, uniform(words, words)))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for rect in root.iter(SVG + "rect"):
        assert 0 <= float(rect.get("x", "0")) <= width - float(rect.get("width", ""))
        assert 0 <= float(rect.get("y", "0")) <= height - float(rect.get("height", ""))


@both
def test_empty_texts_give_an_empty_picture(draw: Draw) -> None:
    """Empty texts give a drawing without words."""
    ElementTree.fromstring(draw([], [], []))
    ElementTree.fromstring(draw(["a"], [], []))
    ElementTree.fromstring(draw([], ["a"], [[]]))


@both
def test_rows_without_weight_are_drawn(draw: Draw) -> None:
    """A row without any weight is drawn without bands."""
    ElementTree.fromstring(draw(["a", "b"], ["x", "y"], [[0.0, 0.0], [0.0, 1.0]]))


@both
def test_weights_of_another_shape_are_refused(draw: Draw) -> None:
    """Weights whose shape differs from the words are refused."""
    with pytest.raises(ValueError, match="weights are not 1 rows of 2"):
        draw(["a", "b"], ["x"], [[1.0], [1.0]])
