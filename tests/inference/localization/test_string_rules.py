"""Rules of strings: each is named when it is broken, and no translator's habit is taken for a mistake."""

import gzip
import json
from pathlib import Path

import pytest

from seq2seq.inference.localization.rules import check_arguments, check_rules


@pytest.mark.parametrize(
    ("source", "target", "problem"),
    [
        ("Save %s", "Sichern", "lacks %s"),
        ("%s of %s", "%s", "has %s once instead of twice"),
        ("Save", "%d sichern", "adds %d"),
        ("%s has %d", "%d hat %s", "has %d, %s in another order"),
        ("<b>a</b>", "<b>a", "lacks </b>"),
        ("Name: ", "Name:", "ends with no blank, not with a blank"),
        ("Name\n", "Name", "ends with no blank, not with a line break"),
        ("\tName", "Name", "begins with no blank, not with a tab"),
        ("Open…", "Öffnen", "ends with no mark, not with …"),
        ("Open...", "Öffnen.", "ends with ., not with …"),
        ("Name:", "Name", "ends with no mark, not with :"),
        ("Really?", "Wirklich.", "ends with ., not with ?"),
        ("_Open", "Öffnen", "lacks an accelerator, _"),
        ("Open", "_Öffnen", "adds the accelerator _Ö"),
        ("Open", " ", "is empty"),
    ],
)
def test_a_broken_rule_is_named(source: str, target: str, problem: str) -> None:
    """Each rule has its own phrase."""
    assert problem in check_rules(source, target, language="de")


@pytest.mark.parametrize(
    ("source", "target", "flags", "language"),
    [
        ("_Open…", "Ö_ffnen …", (), "de"),
        ("_Open...", "打开(_O)…", (), "zh"),
        ("Name:", "名称：", (), "zh"),
        ("Really?", "Vraiment\u00a0?", (), "fr"),
        ("It failed.", "失败。", (), "zh"),
        ("%1$s of %2$s", "%2$s: %1$s", ("c-format",), "de"),
        ("{name} and {0}", "{0} und {name}", ("python-brace-format",), "de"),
        ("%s has %d", "%2$d hat %1$s", ("c-format",), "de"),
        ("R&D of foo_bar", "R&D von foo_bar", (), "de"),
        ("Use my_name", "my_name verwenden", (), "de"),
        ("The end.", "จบ", (), "th"),
        ("  ", "  ", (), "de"),
    ],
)
def test_what_the_language_writes_otherwise_is_right(
    source: str, target: str, flags: tuple[str, ...], language: str
) -> None:
    """Wide marks, blanks of French, numbered arguments and literal signs break no rule."""
    assert check_rules(source, target, flags, language) == []


def test_numbers_that_do_not_fit_break_the_rule() -> None:
    """Numbered arguments in the translation must be those of the source by kind and count."""
    assert check_arguments("%s has %d", "%1$d hat %2$s", ["c-format"])
    assert check_arguments("%s has %d", "%1$s hat", ["c-format"])
    assert check_arguments("%s has %d", "%1$s hat %3$d", ["c-format"])


def test_a_length_is_counted_in_characters() -> None:
    """What is as long as allowed is right."""
    assert check_rules("Save", "Sichern", language="de", max_length=7) == []
    assert check_rules("Save", "Sichern", language="de", max_length=6) == ["has 7 characters, more than 6"]


def test_title_case_is_no_german_or_english_mistake() -> None:
    """French, Spanish and Czech have no Title Case; German nouns look like it; names are no words."""
    assert check_rules("Open Recent File", "Ouvrir Le Fichier Récent", language="fr") == ["is in Title Case"]
    assert check_rules("Open Recent File", "Ouvrir le fichier récent", language="fr") == []
    assert check_rules("Open Recent File", "Letzte Datei Öffnen", language="de") == []
    assert check_rules("Import From Google Drive", "Importer depuis Google Drive", language="fr") == []
    assert check_rules("open the file", "Le Fichier Ouvert Ici", language="fr") == []


@pytest.mark.data
def test_translations_of_free_software_keep_the_placeholders(data_directory: Path) -> None:
    """Of translators' own strings nearly all keep their placeholders: it finds mistakes, not habits."""
    path = data_directory / "gettext" / "valid.en-de.jsonl.gz"
    if not path.is_file():
        pytest.skip("the folder of corpora has no catalogues")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows = [row for row in rows if "%" in row["en"]]
    wrong = [row for row in rows if check_arguments(row["en"], row["de"])]
    assert len(rows) > 200
    assert len(wrong) < 0.05 * len(rows)
