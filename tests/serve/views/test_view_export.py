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
    assert "Special symbols are hidden" in str(root.findtext(SVG + "title"))
    visit.page.close()


def test_svg_of_the_matrix_is_as_dark_as_the_weights(browser: "Browser", tmp_path: Path) -> None:
    """The cells of an SVG have the shades of their weights."""
    visit = open_map(browser, tmp_path)
    root = ElementTree.fromstring(download(visit, "SVG").read_text(encoding="utf-8"))
    cells = [rect for rect in root.iter(SVG + "rect") if rect.find(SVG + "title") is not None]
    found = {str(cell.findtext(SVG + "title")): float(cell.get("fill-opacity", "")) for cell in cells}
    sheet = make_head_maps(make_maps(), "cross", "words")
    for row, target in enumerate(sheet.rows):
        for column, source in enumerate(sheet.columns):
            weight = sheet.weights[1, 2, row, column].item()
            if weight >= 0.004:
                assert found[f"{target} → {source}: {weight:.2f}"] == pytest.approx(weight**0.75, abs=1e-3)
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
    weights, hidden = found.pop("weights"), found.pop("hidden")
    for row, expected in zip(weights, sheet.weights[0, -1].tolist(), strict=True):
        assert row == pytest.approx(expected, abs=1e-4)
    assert hidden == pytest.approx(sheet.hidden[0, -1].tolist(), abs=1e-4)
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
