"""The measures for strings of software."""

import json
from pathlib import Path

import pytest
from software_strings import ProgramString, Suggested, effort, is_exact, measure, read_programs


def test_what_two_right_translations_may_differ_in_is_set_aside() -> None:
    """Accelerator, case of the first letter, ellipsis and final mark do not count; words do."""
    assert is_exact("_Speichern unter…", ["speichern &unter..."])
    assert is_exact("文件", ["文件(_F)。"])
    assert not is_exact("Speichern als", ["Speichern unter"])
    assert not is_exact("", [""])


def test_effort_is_the_share_that_must_be_typed() -> None:
    """The nearest reference counts, and nobody types more than all of it."""
    assert effort("", ["abcd"]) == 1
    assert effort("abcx", ["abcd", "zzzz"]) == pytest.approx(0.25)
    assert effort("something much longer", ["ab"]) == 1


def test_strings_of_a_program_are_measured_once(tmp_path: Path) -> None:
    """Equal strings are one with several references; the surest half goes by certainty."""
    table = tmp_path / "test.jsonl"
    pairs = [("Open", "Öffnen"), ("Open", "Offen"), ("Close %s", "%s schließen")]
    rows = [{"program": "p", "en": source, "de": target} for source, target in pairs]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    strings = read_programs([str(table)], ["en", "de"])["p"]
    assert strings == [
        ProgramString("Open", ("Öffnen", "Offen")),
        ProgramString("Close %s", ("%s schließen",)),
    ]
    exact, surest, _, _, _, kept = measure(strings, [Suggested("offen", 0.9), Suggested("zu", 0.1)], "de")
    assert (exact, surest, kept) == (50, 100, 50)
