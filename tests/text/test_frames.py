"""The frame of a label: blanks around it, an ellipsis or a colon at its end."""

import pytest

from seq2seq.text.frames import Frame, put_frame, take_frame


@pytest.mark.parametrize(
    ("text", "core", "frame"),
    [
        ("Save as…", "Save as", Frame("", "…", "")),
        ("  Save as...\n", "Save as", Frame("  ", "...", "\n")),
        ("Name:", "Name", Frame("", ":", "")),
        ("Nom\N{NO-BREAK SPACE}:", "Nom", Frame("", ":", "")),
        ("名称：", "名称", Frame("", "：", "")),
        ("Choose…: ", "Choose", Frame("", "…:", " ")),
        ("a: b", "a: b", Frame()),
        ("Done.", "Done.", Frame()),
    ],
)
def test_a_frame_is_taken_off_and_put_back(text: str, core: str, frame: Frame) -> None:
    """In the same language, the label is what it was."""
    assert take_frame(text) == (core, frame)
    assert put_frame(core, frame, "fr" if "Nom" in text else "zh" if "名" in text else "en") == text


@pytest.mark.parametrize("text", ["", "…", "...", ":", " \n"])
def test_nothing_but_frame_is_left_alone(text: str) -> None:
    """A text must not become empty."""
    assert take_frame(text) == (text, Frame())


def test_a_colon_is_that_of_the_language() -> None:
    """French puts a no-break space before it, Chinese writes it wide."""
    assert put_frame("Nom", Frame("", ":", " "), "fr_FR") == "Nom\N{NO-BREAK SPACE}: "
    assert put_frame("名称", Frame("", ":"), "zh-CN") == "名称："
    assert put_frame("Name", Frame("", "："), "de") == "Name:"
