"""Installed catalogues: rows of any two languages, joined over msgid and context."""

from pathlib import Path

import polib
import pytest

from seq2seq.documents.locale_folders import is_locale_folder, locale_programs, read_program


def install(folder: Path, language: str, program: str, messages: dict[tuple[str | None, str], str]) -> None:
    """Compile a catalogue where programs install theirs."""
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    for (context, msgid), msgstr in messages.items():
        catalogue.append(polib.POEntry(msgctxt=context, msgid=msgid, msgstr=msgstr))
    path = folder / language / "LC_MESSAGES" / f"{program}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save_as_mofile(str(path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two programs; one is in one language only."""
    install(
        tmp_path, "de", "app", {("verb", "Open"): "Öffnen", ("state", "Open"): "Offen", (None, "Cut"): "Weg"}
    )
    install(tmp_path, "uk", "app", {("state", "Open"): "Відкрито", ("verb", "Open"): "Відкрити"})
    install(tmp_path, "pt_BR", "app", {("verb", "Open"): "Abrir (BR)"})
    install(tmp_path, "pt", "app", {("verb", "Open"): "Abrir"})
    install(tmp_path, "de", "other", {(None, "Yes"): "Ja"})
    return tmp_path


def test_any_two_languages_are_joined(folder: Path) -> None:
    """Messages of two catalogues belong together by msgid and context; the msgid itself is English."""
    assert is_locale_folder(str(folder)) and not is_locale_folder(str(folder / "de"))
    (program,) = locale_programs(str(folder), ["de", "uk"])
    assert sorted(read_program(program), key=str) == [
        (("state", "Open"), ("Offen", "Відкрито")),
        (("verb", "Open"), ("Öffnen", "Відкрити")),
    ]
    programs = locale_programs(str(folder), ["en", "de"])
    assert [program.name for program in programs] == ["app", "other"]
    assert list(read_program(programs[1])) == [((None, "Yes"), ("Yes", "Ja"))]
    assert locale_programs(str(folder), ["en", "cs"]) == []


def test_the_nearest_region_is_taken(folder: Path) -> None:
    """Of several regions the one that is asked for is taken, else the language without a region."""
    rows = {
        code: [
            row for program in locale_programs(str(folder), ["en", code]) for _, row in read_program(program)
        ]
        for code in ("pt", "pt-BR")
    }
    assert rows == {"pt": [("Open", "Abrir")], "pt-BR": [("Open", "Abrir (BR)")]}
