"""The drawing of a strip: a row per word, its digit framed, the question's words beside the last."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import draw_strip
import pytest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def look() -> dict[str, Any]:
    """A strip of 2 x 8 pixels with two words, and a question."""
    return {
        "image": [[0, 1, 0, 0, 0.5, 0, 0, 0], [0] * 8],
        "stride": 2,
        "words": [
            {"word": "three", "digit": [0, 3], "weights": [0.9, 0.1, 0.0, 0.0]},
            {"word": "one", "digit": [4, 7], "weights": [0.0, 0.2, 0.8, 0.0]},
        ],
        "asked": {
            "question": ["which", "digit", "is", "last"],
            "word": "one",
            "digit": [4, 7],
            "weights": [0.0, 0.0, 0.4, 0.0],
            "of_question": [0.0, 0.0, 0.0, 0.6],
        },
    }


def test_words_question_and_frames_are_there(
    look: dict[str, Any], texts_of: Callable[[str], list[str]]
) -> None:
    """The drawing has every word, the question, and a frame around each digit."""
    picture = draw_strip.figure(look)
    shown = texts_of(picture)
    assert shown == ["three", "one", "which digit is last?", "one", "which", "digit", "is", "last"]
    frames = [each for each in ElementTree.fromstring(picture).iter(SVG + "rect") if each.get("stroke")]
    widths = {float(frame.get("width", 0)) for frame in frames}
    assert len(frames) == 3 and widths == {3 * draw_strip.PIXEL}


def test_the_strongest_column_is_the_darkest(look: dict[str, Any]) -> None:
    """The full shade is at the strongest column of each word."""
    paths = [
        path
        for path in ElementTree.fromstring(draw_strip.figure(look)).iter(SVG + "path")
        if path.get("fill") == draw_strip.COLOURS[0] and path.get("fill-opacity") == "1"
    ]
    starts = [float(path.get("d", "").split()[0][1:]) for path in paths]
    left = draw_strip.MARGIN + 70
    column = 2 * draw_strip.PIXEL
    assert starts == pytest.approx([left, left + 2 * column, left + 2 * column])


def test_the_command_draws_and_says_what_is_wrong(
    look: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints the drawing, or a sentence for a file that is none."""
    place = tmp_path / "look.json"
    place.write_text(json.dumps(look))
    monkeypatch.setattr(sys, "argv", ["draw_strip.py", str(place)])
    draw_strip.main()
    assert capsys.readouterr().out.startswith("<svg")
    place.write_text("{}")
    with pytest.raises(SystemExit):
        draw_strip.main()
    assert "cannot be drawn" in capsys.readouterr().err
