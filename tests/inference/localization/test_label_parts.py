"""Labels taken apart and put together: accelerator, frame, final mark, capitals."""

import pytest

from seq2seq.inference.localization.capitals import is_title, sentence_case, with_first_capital
from seq2seq.inference.localization.label_parts import put_parts, readable_words, take_parts


@pytest.mark.parametrize(
    ("label", "words", "translated", "language", "expected"),
    [
        ("_Open File…", "Open File", "Datei öffnen", "de", "_Datei öffnen…"),
        ("&Cancel", "Cancel", "abbrechen", "de", "&Abbrechen"),
        ("_Open...", "Open", "打开", "zh", "打开(_O)..."),
        ("文件(_F)…", "文件", "File", "en", "_File…"),
        ("Name: ", "Name", "名称", "zh", "名称： "),
        ("Name:", "Name", "Nom", "fr", "Nom\u00a0:"),
        ("  It failed.\n", "It failed.", "es schlug fehl", "de", "  Es schlug fehl.\n"),
        ("Save", "Save", "Speichern.", "de", "Speichern"),
        ("Save", "Save", "Speichern:", "de", "Speichern"),
        ("Save…", "Save", "Speichern...", "de", "Speichern…"),
        ("Save %s", "Save %s", "%s sichern", "de", "%s sichern"),
        ("R&D", "R&D", "F&E", "de", "F&E"),
    ],
)
def test_what_is_taken_off_is_put_back(
    label: str, words: str, translated: str, language: str, expected: str
) -> None:
    """The model gets the words; the label gets all else as its language writes it."""
    parts = take_parts(label)
    assert parts.words == words
    assert put_parts(translated, parts, (), language) == expected


@pytest.mark.parametrize(
    ("label", "translated", "language", "expected"),
    [
        ("Open %s now", "Öffnen%s jetzt", "de", "Öffnen %s jetzt"),
        ("%d files", "%dDateien", "de", "%d Dateien"),
        ("{n}px wide", "{n}px breit", "de", "{n}px breit"),
        ("Open %s", "打开%s", "zh", "打开%s"),
        ("a <b>c</b>", "a<b>c</b>d", "de", "A<b>c</b>d"),
        ("(%s)", "(%s)", "de", "(%s)"),
    ],
)
def test_a_placeholder_is_apart_from_words(label: str, translated: str, language: str, expected: str) -> None:
    """Where the source has a blank between placeholder and letter, the translation gets one."""
    found = put_parts(translated, take_parts(label), (), language)
    assert found == expected or found == expected[:1].lower() + expected[1:]


@pytest.mark.parametrize("label", ["", "  ", "…", "100 %", "12:30\n"])
def test_a_label_without_letters_has_no_words(label: str) -> None:
    """Nothing is left to translate, and the label comes back."""
    parts = take_parts(label)
    assert parts.words == ""
    assert put_parts("", parts) == label


def test_title_case_is_read_as_a_sentence() -> None:
    """Words after the first lose their capital where they are no names, abbreviations or placeholders."""

    def lowers(word: str) -> bool:
        return word != "Google"

    assert sentence_case("Open Recent File", [], lowers) == "Open recent file"
    assert sentence_case("Move to the Google Drive", [], lowers) == "Move to the Google drive"
    assert (
        sentence_case("Save As PDF File", [], lowers) == "Save As PDF File"
    )  # PDF: not in Title Case throughout
    assert sentence_case("Open File {Name}", [(10, 16)], lowers) == "Open file {Name}"
    assert sentence_case("Open", [], lowers) == "Open"
    assert readable_words(take_parts("_Open File…"), (), "de", lowers) == "Open file"
    assert readable_words(take_parts("_Open File…"), (), "en", lowers) == "Open File"
    assert readable_words(take_parts("_Open File…"), (), None, lowers) == "Open File"
    assert is_title("One of Two") and not is_title("One two") and not is_title("One")


def test_the_first_letter_follows_the_source() -> None:
    """A capital is given, never taken, and not to a name that begins small."""
    assert with_first_capital("datei", "File", []) == "Datei"
    assert with_first_capital("Datei", "file", []) == "Datei"
    assert with_first_capital("iPhone", "Phone", []) == "iPhone"
    assert with_first_capital("%s datei", "File %s", [(0, 2)]) == "%s datei"
    assert with_first_capital("ßx", "File", []) == "ßx"
    assert with_first_capital("", "File", []) == ""
