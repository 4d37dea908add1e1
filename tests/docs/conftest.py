"""Fixtures of the drawings: a tiny untrained translator, and a reader of SVG."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from seq2seq import Tokenizer, Translator
    from seq2seq.model.transformer import Transformer

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def translator(tiny_model: "Transformer", tiny_tokenizer: "Tokenizer") -> "Translator":
    """English to German in name: random weights, 2 layers of 4 heads."""
    from seq2seq import Translator
    from seq2seq.alignment.maps import AlignmentHead
    from seq2seq.storage.model_directory import Settings

    return Translator(
        tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 40, 40, AlignmentHead(1, 2, "input"))
    )


@pytest.fixture
def texts_of() -> Callable[[str], list[str]]:
    """Function that checks that a picture is well-formed SVG with a size, and returns its texts."""

    def read(picture: str) -> list[str]:
        root = ElementTree.fromstring(picture)
        assert root.tag == SVG + "svg"
        assert float(root.get("width")) > 0 and float(root.get("height")) > 0
        assert "nan" not in picture.lower().replace("font", "")
        return [text.text for text in root.iter(SVG + "text")]

    return read
