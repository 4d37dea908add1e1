"""Accelerators of labels: found, taken out, and put on a letter of the translation."""

import pytest

from seq2seq.text.accelerators import Accelerator, put_accelerator, take_accelerator


@pytest.mark.parametrize(
    ("label", "plain", "marker", "letter"),
    [
        ("_Save As", "Save As", "_", "S"),
        ("&Save As", "Save As", "&", "S"),
        ("~Save As", "Save As", "~", "S"),
        ("Sa_ve As", "Save As", "_", "v"),
        ("E_xit", "Exit", "_", "x"),
        ("100 _GB", "100 GB", "_", "G"),
        ("Save && _Quit", "Save && Quit", "_", "Q"),
        ("Combo Bo~x", "Combo Box", "~", "x"),
        ("文件(_F)…", "文件…", "_", "F"),
        ("文件 (&F)", "文件", "&", "F"),
        ("ファイル（~F）", "ファイル", "~", "F"),
    ],
)
def test_an_accelerator_is_taken_out(label: str, plain: str, marker: str, letter: str) -> None:
    """The marker of GTK, Qt and LibreOffice, within words and after labels without letters."""
    assert take_accelerator(label) == (plain, Accelerator(marker, letter))


@pytest.mark.parametrize(
    "label",
    [
        "R&D",
        "AT&T",
        "Q&A",
        "foo_bar",
        "Use foo_bar here",
        "__init__",
        "_foo_",
        "snake_case_name",
        "~/file",
        "~5 files",
        "&amp; more",
        "&#38; more",
        "Tom & Jerry",
        "a && b",
        "%s_name",
        "x_1",
        "&",
        "_",
        "~",
        "path/_file",
        "",
    ],
)
def test_literal_signs_are_no_accelerators(label: str) -> None:
    """Ampersands, underscores and tildes of names, entities and paths stay."""
    assert take_accelerator(label) == (label, None)


def test_the_marker_of_the_source_is_looked_for_within_small_words() -> None:
    """Beside its source a translation may have its accelerator in a word of small letters."""
    assert take_accelerator("Ordner ö_ffnen", "_") == ("Ordner öffnen", Accelerator("_", "f"))
    assert take_accelerator("R&D _öffnen", "_") == ("R&D öffnen", Accelerator("_", "ö"))


@pytest.mark.parametrize(
    ("label", "letter", "language", "expected"),
    [
        ("Speichern unter", "S", "de", "_Speichern unter"),
        ("Alles schließen", "s", "de", "Alles _schließen"),
        ("Öffnen", "O", "de", "_Öffnen"),
        ("另存为…", "s", "zh_CN", "另存为(_S)…"),
        ("保存：", "S", "zh", "保存(_S)："),
        ("ファイル", "F", "ja", "ファイル(_F)"),
        ("100 %", "G", "de", "100 %(_G)"),
        ("", "G", "de", "(_G)"),
    ],
)
def test_an_accelerator_is_put_on_a_letter(label: str, letter: str, language: str, expected: str) -> None:
    """The same letter at the beginning of a word, else the first; a named letter where there is none."""
    assert put_accelerator(label, Accelerator("_", letter), language) == expected


def test_no_letter_of_a_placeholder_is_chosen() -> None:
    """What is copied must not be changed by an accelerator."""
    assert put_accelerator("%s speichern", Accelerator("&", "s"), "de", [(0, 2)]) == "%s &speichern"
    assert put_accelerator("<b>x</b>", Accelerator("&", "b"), "de", [(0, 3), (4, 8)]) == "<b>&x</b>"
