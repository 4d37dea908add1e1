"""Lines of strings: split one by one or as paragraphs, and joined again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.inference.localization.string_lines import join_lines, split_lines


@pytest.mark.parametrize(
    "text",
    ["", "\n", "a\n", "a\r\nb", "\n\n a \n", "Usage: x\n  one\n  two\n", "- a\n- b", "x\ry"],
)
def test_lines_stay_lines(text: str) -> None:
    """Short lines, lists and blank lines are lines of their own; joined unchanged they are the string."""
    lines = split_lines(text)
    assert not any(line.width for line in lines)
    assert join_lines(lines, [line.text for line in lines]) == text


def test_a_paragraph_is_wrapped_again() -> None:
    """A sentence that goes on in the next line is one text, and its translation has lines of that width."""
    text = "The file could not be opened because the disk\nis full or the network is down.\nTry again.\n"
    lines = split_lines(text)
    assert [line.text for line in lines] == [
        "The file could not be opened because the disk is full or the network is down.",
        "Try again.",
        "",
    ]
    written = join_lines(
        lines, ["Die Datei konnte nicht geöffnet werden, weil der Datenträger voll ist.", "Noch einmal.", ""]
    )
    assert (
        written == "Die Datei konnte nicht geöffnet werden, weil\nder Datenträger voll ist.\nNoch einmal.\n"
    )


def test_a_script_without_blanks_is_not_wrapped() -> None:
    """Chinese has no blanks to break at."""
    lines = split_lines("The file could not be opened because the disk\nis full.")
    assert join_lines(lines, ["文件无法打开，因为磁盘已满。"]) == "文件无法打开，因为磁盘已满。"


@given(st.text(alphabet="ab .\n\r-*X", max_size=200))
def test_line_breaks_are_never_lost(text: str) -> None:
    """Whatever the string, its single lines come back as they were."""
    lines = split_lines(text)
    if not any(line.width for line in lines):
        assert join_lines(lines, [line.text for line in lines]) == text
