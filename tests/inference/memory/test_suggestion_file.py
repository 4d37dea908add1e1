"""Tests of the file of suggestions: whole lines, several processes, a bounded size."""

import json
import multiprocessing
from pathlib import Path

import pytest

from seq2seq.inference.memory.entries import MemoryEntry
from seq2seq.inference.memory.files import load_directions
from seq2seq.inference.memory.memory import TranslationMemory
from seq2seq.inference.memory.suggestions import SuggestionFile

EACH = 40  # suggestions of a process


def entry(source: str, target: str) -> MemoryEntry:
    """Return a suggestion from English to German."""
    return MemoryEntry((("en", source), ("de", target)), None, "suggestion")


def append_many(path: str, name: str) -> None:
    """Append suggestions, as one of several processes."""
    file = SuggestionFile(path)
    for number in range(EACH):
        file.append(entry(f"{name} {number}", "ü" * 3000))


def test_what_is_appended_is_read_once(tmp_path: Path) -> None:
    """Suggestions are read once each, those of another process, too; the file is a memory as any other."""
    path = tmp_path / "kept.jsonl"
    mine, other = SuggestionFile(path), SuggestionFile(path)
    assert list(mine.new()) == []
    other.append(entry("Open", "Öffnen\nsofort"))
    assert list(mine.new()) == [entry("Open", "Öffnen\nsofort")]
    mine.append(entry("Close", "Zu \ud800"))
    assert list(mine.new()) == [entry("Close", "Zu \ud800")] and list(mine.new()) == []
    assert [unit.source for unit in TranslationMemory.load(path, "en", "de").units()] == ["Open", "Close"]
    assert path.stat().st_mode & 0o077 == 0, "only its owner reads what users wrote"


def test_processes_do_not_tear_lines(tmp_path: Path) -> None:
    """Lines of several processes that write at once are whole, and none is lost."""
    path = tmp_path / "kept.jsonl"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(str(path), name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    rows = [json.loads(line)["source"] for line in path.read_text().splitlines()]
    assert sorted(rows) == sorted(f"{name} {number}" for name in "ab" for number in range(EACH))


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    """What a killed process left is passed over; the next suggestion begins a line of its own."""
    path = tmp_path / "kept.jsonl"
    file = SuggestionFile(path)
    file.append(entry("Open", "Öffnen"))
    with path.open("ab") as torn:
        torn.write(b'{"source": "Clo')
    assert [each.texts[0][1] for each in file.new()] == ["Open"]
    file.append(entry("Save", "Sichern"))
    assert [each.texts[0][1] for each in file.new()] == ["Save"]


def test_a_file_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Where another file takes its place, a shorter one, that is read."""
    path = tmp_path / "kept.jsonl"
    file = SuggestionFile(path)
    file.append(entry("Open the long sentence", "Öffnen"))
    assert len(list(file.new())) == 1
    path.unlink()
    file.append(entry("Save", "Sichern"))
    assert [each.texts[0][1] for each in file.new()] == ["Save"]


def test_the_size_is_bounded(tmp_path: Path) -> None:
    """A full file takes no further suggestion and stays as it is."""
    file = SuggestionFile(tmp_path / "kept.jsonl", most=200)
    file.append(entry("Open", "Öffnen"))
    before = file.path.read_bytes()
    with pytest.raises(ValueError, match="has reached its 200 bytes"):
        file.append(entry("Close", "Schließen"))
    assert file.path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A folder, or a file in a folder that is not there, is refused before anything is suggested."""
    for path in (tmp_path, tmp_path / "none" / "kept.jsonl"):
        with pytest.raises(ValueError, match="cannot be written; name a file"):
            SuggestionFile(path).check()
    SuggestionFile(tmp_path / "kept.jsonl").check()


def test_one_file_serves_several_directions(tmp_path: Path) -> None:
    """A file is read once for all directions; a catalogue's sources are English."""
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"en": "Open", "de": "Öffnen", "fr": "Ouvrir"}\n', encoding="utf-8")
    catalogue = tmp_path / "de.po"
    catalogue.write_text('msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "Save"\nmsgstr "Sichern"\n')
    directions = [("en", "de"), ("de", "en"), ("fr", "de"), ("en", "cs")]
    memories = load_directions([lines, catalogue], directions)
    units = {pair: [unit[:2] for unit in memory.units()] for pair, memory in memories.items()}
    assert units == {
        ("en", "de"): [("Open", "Öffnen"), ("Save", "Sichern")],
        ("de", "en"): [("Öffnen", "Open"), ("Sichern", "Save")],
        ("fr", "de"): [("Ouvrir", "Öffnen")],
    }


def test_a_table_without_languages_serves_one_direction(tmp_path: Path) -> None:
    """A table that names no languages is taken where one direction is served, and refused for several."""
    path = tmp_path / "a.tsv"
    path.write_text("Open\tÖffnen\n", encoding="utf-8")
    assert len(load_directions([path], [("en", "de")])["en", "de"]) == 1
    with pytest.raises(ValueError, match=r"a\.tsv names no languages, and there are 2 directions"):
        load_directions([path], [("en", "de"), ("de", "en")])
