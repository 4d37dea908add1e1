"""Downloads of a map: faithful, whole, working from disk, text only whatever the words are."""

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from view_samples import HOSTILE, SOURCE, TARGET, make_maps
from view_stage import Visit, open_file

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_maps import make_head_maps

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ALIGNED = AlignmentHead(1, 2)
SVG = "{http://www.w3.org/2000/svg}"


def open_map(browser: "Browser", tmp_path: Path, source: str = SOURCE, target: str = TARGET) -> Visit:
    """A page of its own with the map of a pair."""
    from serve.views import attention_data, standalone_page

    data = attention_data(make_maps(source, target), ALIGNED, name="tiny <en-de>")
    return open_file(browser, tmp_path / "map.html", standalone_page("attention", data))


def download(visit: Visit, kind: str, drawing: str = "matrix") -> Path:
    """Return the file that a button of the page saves."""
    visit.page.get_by_label(drawing, exact=True).check()
    with visit.page.expect_download() as waiting:
        visit.page.get_by_role("button", name=kind, exact=True).click()
    return Path(waiting.value.path())


@pytest.mark.parametrize("drawing", ["matrix", "ribbons"])
def test_svg_stands_alone_with_words_as_text(browser: "Browser", tmp_path: Path, drawing: str) -> None:
    """An SVG stands alone, with words as text and no script."""
    hostile = " ".join(HOSTILE)
    visit = open_map(browser, tmp_path, f"Two {hostile}", f"Zwei {hostile}")
    root = ElementTree.fromstring(download(visit, "SVG", drawing).read_text(encoding="utf-8"))
    assert {element.tag for element in root.iter()} <= {
        SVG + name for name in ("svg", "g", "rect", "path", "text", "title")
    }
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)
    texts = [text.text for text in root.iter(SVG + "text")]
    assert {"Two", "Zwei"} <= set(texts)
    assert texts.count("${window.hacked=1}") == texts.count("<!--") == 2
    assert "tiny <en-de>" in str(root.findtext(SVG + "title"))
    assert "Grey is the weight on special symbols" in str(root.findtext(SVG + "title"))
    visit.page.close()


def test_svg_of_the_matrix_shows_the_attention_maps(browser: "Browser", tmp_path: Path) -> None:
    """The cells of an SVG, read back, are the model's own weights, special symbols hatched."""
    visit = open_map(browser, tmp_path)
    root = ElementTree.fromstring(download(visit, "SVG").read_text(encoding="utf-8"))
    cells = [rect for rect in root.iter(SVG + "rect") if rect.find(SVG + "title") is not None]
    found = {str(cell.findtext(SVG + "title")): float(cell.get("fill-opacity", "")) for cell in cells}
    weights = make_maps().cross[1, 2, :-1]  # each word is a token; the last row predicts the end
    expected = {
        f"{target} → {source}: {weight:.2f}": weight**0.75
        for target, row in zip(TARGET.split(), weights.tolist(), strict=True)
        for source, weight in zip([*SOURCE.split(), "special symbols"], row, strict=True)
        if weight >= 0.004
    }
    assert found == pytest.approx(expected, abs=1e-3)
    assert len([path for path in root.iter(SVG + "path") if path.get("class") == "hatch"]) == 1
    bar = [
        float(rect.get("fill-opacity", ""))
        for rect in root.iter(SVG + "rect")
        if rect.get("class") == "shade"
    ]
    assert bar == pytest.approx([(tenth / 10) ** 0.75 for tenth in range(11)], abs=1e-3)
    visit.page.close()


def test_svg_of_the_ribbons_shows_the_attention_maps(browser: "Browser", tmp_path: Path) -> None:
    """The bands of an SVG, read back, are the model's own weights, those of special symbols among them."""
    visit = open_map(browser, tmp_path)
    root = ElementTree.fromstring(download(visit, "SVG", "ribbons").read_text(encoding="utf-8"))
    bands = [path for path in root.iter(SVG + "path") if "ribbon" in str(path.get("class")).split()]
    found = [((float(band.get("fill-opacity", "")) - 0.12) / 0.55, band.get("class")) for band in bands]
    expected = [
        (weight, "ribbon" if column < len(SOURCE.split()) else "ribbon special")
        for row in make_maps().cross[1, 2, :-1].tolist()
        for column, weight in enumerate(row)
        if weight >= 0.04
    ]
    assert [kind for _, kind in found] == [kind for _, kind in expected]
    assert [weight for weight, _ in found] == pytest.approx([weight for weight, _ in expected], abs=2e-3)
    visit.page.close()


def test_png_is_a_picture_of_twice_the_size(browser: "Browser", tmp_path: Path) -> None:
    """A PNG has twice the size of the SVG."""
    visit = open_map(browser, tmp_path)
    root = ElementTree.fromstring(download(visit, "SVG").read_text(encoding="utf-8"))
    content = download(visit, "PNG").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == (2 * int(root.get("width", "")), 2 * int(root.get("height", "")))
    assert len(content) > 3000
    visit.page.close()


def test_json_has_the_numbers(browser: "Browser", tmp_path: Path) -> None:
    """A JSON file has the weights, and says which map it is."""
    visit = open_map(browser, tmp_path)
    visit.page.get_by_role("radio", name="Layer 0, mean of its heads").click()
    found: dict[str, Any] = json.loads(download(visit, "JSON").read_text(encoding="utf-8"))
    sheet = make_head_maps(make_maps(), "cross", "words")
    for name, expected in (("weights", sheet.raw), ("special", sheet.special)):
        for row, own in zip(found.pop(name), expected[0, -1].tolist(), strict=True):
            assert row == pytest.approx(own, abs=1e-4)
    assert found == {
        "model": "tiny <en-de>",
        "source": SOURCE,
        "target": TARGET,
        "flow": "cross",
        "units": "words",
        "layer": 0,
        "head": "mean",
        "read": "output",
        "rows": TARGET.split(),
        "columns": SOURCE.split(),
        "symbols": ["</s>"],
    }
    visit.page.close()


def test_page_works_from_disk_and_makes_itself_again(browser: "Browser", tmp_path: Path) -> None:
    """A saved page works from disk, keeps the chosen map, and can save itself unchanged."""
    hostile = " ".join(HOSTILE)
    visit = open_map(browser, tmp_path, f"Two {hostile}", f"Zwei {hostile}")
    visit.page.get_by_role("radio", name="Layer 0, head 1").click()
    saved = download(visit, "HTML page").read_text(encoding="utf-8")
    visit.page.close()
    again = open_file(browser, tmp_path / "saved.html", saved)
    assert again.view(".caption strong").text_content() == "Layer 0, head 1"
    again.view(".row-names .name").first.hover()
    again.page.wait_for_function(
        "document.querySelector('.drawing .readout').textContent.startsWith('“Zwei” looked at')"
    )
    assert again.page.title().startswith("tiny <en-de>")
    assert again.page.evaluate("window.hacked") is None
    assert download(again, "HTML page").read_text(encoding="utf-8") == saved
    assert again.errors == []
    assert {url for url in again.requested if not url.startswith("blob:")} == {again.page.url}
    again.page.close()
