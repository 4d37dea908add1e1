"""The map as markup for the page: the right weights, the right words, and no word that becomes markup."""

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from seq2seq.settings import AlignmentHead

if TYPE_CHECKING:
    from seq2seq import Translator

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "${alert(1)}",
    "{{value}}",
    "</text><script>alert(1)</script>",
]
ELEMENTS = {"div", "p", "svg", "rect", "path", "text", "title"}


class Reader(HTMLParser):
    """Collects the elements, attributes and text of some markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def draw(translator: "Translator", source: str, target: str, units: str = "words", drawing: str = "matrix"):  # type: ignore[no-untyped-def]
    """The view of the alignment head for a pair, read."""
    from serve.attention_view import draw_view

    maps = translator.attention(source, target)
    head = translator.settings.alignment
    return Reader(draw_view(maps, head, units, drawing, "A <caption>"))  # type: ignore[arg-type]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("drawing", ["matrix", "ribbons"])
def test_words_never_become_markup(translator: "Translator", hostile: str, drawing: str) -> None:
    """A text, or what a model made of it, could run a script in the reader's browser."""
    page = draw(translator, f"two {hostile}", f"{hostile} dogs", drawing=drawing)
    assert page.elements <= ELEMENTS
    for _, attributes in page.attributes:
        assert not any(name.startswith("on") or name in ("href", "src", "style") for name in attributes)
    assert "A <caption>" in page.text


def test_cells_hold_the_weights_of_the_alignment(translator: "Translator") -> None:
    """The map would show other numbers than the library gives, or words beside the wrong cells."""
    grid = translator.align("two dogs sleeps.", "a man in.").matrix("words")
    page = draw(translator, "two dogs sleeps.", "a man in.")
    cells = {(a["data-t"], a["data-s"]): a["data-w"] for _, a in page.attributes if "data-w" in a}
    expected = {
        (str(t), str(s)): f"{weight:.2f}"
        for t, row in enumerate(grid.weights.tolist())
        for s, weight in enumerate(row)
    }
    assert cells == expected
    words = [a["data-word"] for tag, a in page.attributes if tag == "text"]
    assert words == ["two", "dogs", "sleeps.", "a", "man", "in."]


def test_pieces_are_finer_than_words(translator: "Translator") -> None:
    """The choice between words and pieces would change nothing."""
    words = draw(translator, "two dogs sleeps.", "a man.")
    pieces = draw(translator, "two dogs sleeps.", "a man.", "pieces")
    count = len(translator.tokenizer.encode("two dogs sleeps.")) * len(translator.tokenizer.encode("a man."))
    assert sum("data-w" in a for _, a in words.attributes) == 6
    assert sum("data-w" in a for _, a in pieces.attributes) == count > 6


def test_every_head_can_be_drawn(translator: "Translator") -> None:
    """A layer or head of the choosers would have no map, or all would show the same one."""
    from serve.attention_view import draw_view

    maps = translator.attention("two dogs.", "a man.")
    layers, heads = maps.cross.shape[:2]
    drawn = {
        draw_view(maps, AlignmentHead(layer, head), "words", "matrix", "")
        for layer in range(layers)
        for head in range(heads)
    }
    assert len(drawn) == layers * heads


def test_message_is_text() -> None:
    """A sentence with a part of somebody's text in it would become markup."""
    from serve.attention_view import message_view

    assert Reader(message_view("<b>no</b>")).elements == {"div", "p"}
