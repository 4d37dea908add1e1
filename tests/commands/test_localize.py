"""`seq2seq localize`: what is filled, where it is written, what is refused, and that nothing is lost."""

import os
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from seq2seq.commands import localize_sources
from seq2seq.documents.catalogs import open_catalog
from seq2seq.inference.localization import suggestions
from seq2seq.inference.localization.string_translator import StringTranslation, StringTranslator
from seq2seq.storage import atomic

Run = Callable[..., Any]  # the fixture `run`

HEADER = """msgid ""
msgstr ""
"Project-Id-Version: dogs\\n"
"PO-Revision-Date: 2026-01-01 12:00+0000\\n"
"Last-Translator: none\\n"
"Language-Team: none\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""
DONE = """
#: window.c:1
msgid "_Two dogs…"
msgstr "Zwei _Hunde…"

msgctxt "menu"
msgid "Two dogs"
msgstr "Hunde"

#, c-format
msgid "One dog"
msgid_plural "%d dogs"
msgstr[0] "Ein Hund"
msgstr[1] "%d Hunde"

#, fuzzy
msgid "A cat"
msgstr "Ein Hund"

msgid ""
"A man has a dog.\\n"
"Two men have two dogs.\\n"
msgstr ""
"Ein Mann hat einen Hund.\\n"
"Zwei Männer haben zwei Hunde.\\n"
"""
OPEN = """
msgid "Two dogs"
msgstr ""

#, c-format
msgid "A man with %d dogs:"
msgstr ""

msgid "Two dogs play in the <b>snow</b>."
msgstr ""

#, fuzzy
msgid "A man"
msgstr "Eine Frau"

msgid "100 %"
msgstr ""
"""


def write(path: Path, text: str, language: str = "de") -> Path:
    """Write a PO file with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER.format(language=language) + text, encoding="utf-8")
    return path


def without_targets(text: str) -> str:
    """Return entries of a PO file with empty translations, fuzzy marks removed."""
    kept, skipping = [], False
    for line in text.replace("#, fuzzy\n", "").splitlines():
        if line.startswith("msgstr"):
            kept.append(f'{line.split(" ")[0]} ""')
            skipping = True
        elif not (skipping and line.startswith('"')):
            kept.append(line)
            skipping = False
    return "\n".join(kept) + "\n"


def targets(path: Path) -> dict[str, list[str]]:
    """Return the targets of a file by source."""
    return {entry.source: entry.targets for entry in open_catalog(path.name, path.read_bytes(), "de").entries}


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no model be loaded."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("a model is loaded")

    monkeypatch.setattr(localize_sources, "load_translator", refuse)


def localize(run: Run, *arguments: object, target: str = "de") -> Any:
    """Run the command with the released model."""
    return run("localize", *arguments, "--model", "en-de", "--target-language", target, "--beam-size", 2)


@pytest.mark.usefixtures("no_model")
def test_a_file_filled_with_its_own_memory_is_the_same_but_for_marks(run: Run, tmp_path: Path) -> None:
    """Every form, line and context comes back; each entry is marked as fuzzy, and nothing else differs."""
    done = DONE.replace("#, fuzzy\n", "")
    known = write(tmp_path / "known.po", done)
    empty = write(tmp_path / "de.po", without_targets(done))
    ran = localize(run, empty, "--memory", known, "--in-place")
    assert ran.code == 0 and "5 strings, 5 from the memory" in ran.out
    assert empty.read_text().replace("#, fuzzy\n", "").replace("#, fuzzy, ", "#, ") == known.read_text()
    assert empty.read_text().count("fuzzy") == 5


def test_what_is_missing_is_filled_and_marked(run: Run, tmp_path: Path) -> None:
    """Memory before model; placeholders, tags and marks stay; a fuzzy entry is left alone; gettext agrees."""
    file = write(tmp_path / "de.po", DONE + OPEN)
    ran = localize(run, file, "--output", tmp_path / "out", "--comments")
    assert ran.code == 0, ran.err
    assert file.read_text() == HEADER.format(language="de") + DONE + OPEN
    written = tmp_path / "out" / "de.po"
    assert f"10 strings, 1 from the memory, 2 by the model, 1 copied -> {written}" in ran.out
    filled = targets(written)
    assert filled["A man"] == ["Eine Frau"] and filled["100 %"] == ["100 %"]
    assert "%d" in filled["A man with %d dogs:"][0] and filled["A man with %d dogs:"][0].endswith(":")
    assert filled["Two dogs play in the <b>snow</b>."][0].count("<b>") == 1
    text = written.read_text()
    assert "# from the memory, " in text and "# by the model, confidence 0." in text and "# copied" in text
    assert text.startswith(HEADER.format(language="de") + DONE)
    if shutil.which("msgfmt"):
        subprocess.run(["msgfmt", "-c", "-o", os.devnull, written], check=True, capture_output=True)


def test_what_is_to_be_reviewed_is_redone_on_request(run: Run, tmp_path: Path) -> None:
    """With --no-only-missing an entry that is marked for review gets a new suggestion."""
    file = write(tmp_path / "de.po", OPEN)
    assert localize(run, file, "--in-place", "--no-only-missing").code == 0
    assert targets(file)["A man"] != ["Eine Frau"]


def test_a_folder_is_filled_in_its_language(run: Run, tmp_path: Path) -> None:
    """Other languages stay; a broken file is named, the others are done, and the exit code says so."""
    folder = tmp_path / "po"
    write(folder / "de.po", OPEN)
    french = write(folder / "fr.po", OPEN, "fr").read_bytes()
    write(folder / "sub" / "german.po", '\nmsgid "Two cats"\nmsgstr ""\n')
    (folder / "broken.po").write_text('msgid "a\nmsgstr ""\n')
    (folder / "strings.xml").write_text("<resources/>")  # not below values: no source file
    ran = localize(run, folder, "--in-place")
    assert ran.code == 1
    assert ran.err.count("seq2seq: ") == 1 and "broken.po" in ran.err
    assert (folder / "fr.po").read_bytes() == french
    assert all(targets(folder / "de.po")["Two dogs"]) and all(
        targets(folder / "sub" / "german.po")["Two cats"]
    )
    ran = localize(run, folder, "--output", tmp_path / "out")
    assert ran.code == 1 and (tmp_path / "out" / "sub" / "german.po").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["po"], "po is a folder; fill its files with --in-place"),
        (["po/missing.po"], "missing.po does not exist"),
        (["empty", "--in-place"], "empty holds no catalog"),
        (["po/de.po", "--min-confidence", "2"], "--min-confidence is 2; give a number from 0 to 1"),
        (["po/de.po", "--in-place", "--output", "out"], "not allowed with"),
        (["po/de.po", "--memory", "memory.tmx"], "memory.tmx"),
        (["po/de.po", "--memory", "po/fr.po"], "po/fr.po has no unit from en to de"),
        (["po/de.po", "--report", "po"], "--report po is a folder"),
        (["po/de.po", "--base-data", "x"], "--base-data is for --learn"),
        (["po/de.po", "--learn", "--in-place"], "--learn fills no file"),
        (["po", "--in-place", "--num-hypotheses", "2"], "--num-hypotheses"),
    ],
)
def test_a_wrong_command_line_is_a_sentence(
    arguments: list[str], message: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An impossible request is refused before any work, and no file changes."""
    monkeypatch.chdir(tmp_path)
    file = write(Path("po/de.po"), OPEN)
    write(Path("po/fr.po"), DONE, "fr")
    Path("empty").mkdir()
    before = file.read_bytes()
    ran = localize(run, *arguments)
    assert ran.code == 2 and message in ran.err and ran.err.count("\n") == 1
    assert file.read_bytes() == before and ran.out == ""


def test_languages_that_do_not_fit_are_named(run: Run, tmp_path: Path) -> None:
    """A file of another language, a language that the model lacks, and no language at all."""
    french = write(tmp_path / "fr.po", OPEN, "fr")
    ran = localize(run, french, "--in-place")
    assert ran.code == 1 and "is in French (fr) by its own account, not in German" in ran.err
    ran = localize(run, french, "--in-place", target="fr")
    assert ran.code == 2 and "the model en-de does not translate into fr, only into de" in ran.err
    assert french.read_text() == HEADER.format(language="fr") + OPEN
    ran = run("localize", french, "--model", "en-de")
    assert ran.code == 2 and "--target-language is missing" in ran.err
    ran = localize(run, tmp_path, "--in-place")
    assert ran.code == 2 and "no catalog of" in ran.err


def test_what_exists_is_replaced_on_request_only(run: Run, tmp_path: Path) -> None:
    """Beside the file, never over another one; a template becomes the language's file."""
    file = write(tmp_path / "app.po", '\nmsgid "Two dogs"\nmsgstr ""\n')
    assert localize(run, file).code == 0
    first = (tmp_path / "app.de.po").read_bytes()
    ran = localize(run, file)
    assert ran.code == 1 and "app.de.po exists" in ran.err and (tmp_path / "app.de.po").read_bytes() == first
    template = write(tmp_path / "app.pot", '\nmsgid "Two dogs"\nmsgstr ""\n', "")
    assert localize(run, template).code == 0
    assert targets(tmp_path / "de.po")["Two dogs"][0] and "Language: de" in (tmp_path / "de.po").read_text()
    assert localize(run, template, "--in-place").code == 1


def test_a_source_file_gets_a_file_of_the_language(run: Run, tmp_path: Path) -> None:
    """Of a format with one language the translation is another file, to which later strings are added."""
    values = tmp_path / "res" / "values"
    values.mkdir(parents=True)
    source = values / "strings.xml"
    source.write_text('<resources>\n  <string name="a">Two dogs</string>\n</resources>\n')
    assert localize(run, tmp_path / "res", "--in-place").code == 0
    german = tmp_path / "res" / "values-de" / "strings.xml"
    edited = german.read_text().replace("unde", "UNDE")
    german.write_text(edited)
    source.write_text(source.read_text().replace("</res", '  <string name="b">Two cats</string>\n</res'))
    assert localize(run, source).code == 1, "without --in-place it is not touched"
    assert localize(run, tmp_path / "res", "--in-place").code == 0
    text = german.read_text()
    assert 'name="b"' in text and text.count("UNDE") == edited.count("UNDE")


def test_confidence_decides_on_request(run: Run, tmp_path: Path, model_directory: Path) -> None:
    """Strings that the model is less sure of stay empty; a model without confidence is refused."""
    file = write(tmp_path / "de.po", '\nmsgid "Two dogs"\nmsgstr ""\n\nmsgid "Zyxw vut"\nmsgstr ""\n')
    before = file.read_bytes()
    ran = localize(run, file, "--in-place", "--min-confidence", 1)
    assert ran.code == 0 and "2 left empty (2 below 1)" in ran.out and file.read_bytes() == before
    arguments = ("--target-language", "de", "--min-confidence", 0.5, "--in-place")
    ran = run("localize", file, "--model", model_directory, *arguments)
    assert ran.code == 2 and "does not know how sure it is" in ran.err
    assert localize(run, file, "--in-place", "--min-confidence", 0).code == 0
    assert all(text for texts in targets(file).values() for text in texts)


def test_a_glossary_is_heeded(run: Run, tmp_path: Path) -> None:
    """A term of the glossary stands in the translation."""
    (tmp_path / "terms.tsv").write_text("dogs\tKöter\n")
    file = write(tmp_path / "de.po", '\nmsgid "_Two dogs"\nmsgstr ""\n')
    assert localize(run, file, "--in-place", "--glossary", tmp_path / "terms.tsv").code == 0
    assert "Köter" in targets(file)["_Two dogs"][0].replace("_", "")


def broken_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the model lose what is to be kept."""

    def translate(self: StringTranslator, requests: list[Any]) -> list[StringTranslation]:
        return [StringTranslation("<i>falsch & ganz", 0.5, -1.0, ["lacks <b>"]) for _ in requests]

    monkeypatch.setattr(StringTranslator, "translate", translate)


class Page(HTMLParser):
    """The elements of a page that are open, the names of all, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read_page(path: Path) -> Page:
    """Return a page that was read, each element of which is closed."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert page.open == []
    return page


def test_the_report_shows_all_and_runs_nothing(run: Run, tmp_path: Path) -> None:
    """Each string with its origin and confidence; no script, nothing fetched, all texts escaped."""
    file = write(tmp_path / "de.po", DONE + OPEN + '\nmsgid "<script>two dogs</script> & {x}"\nmsgstr ""\n')
    assert localize(run, file, "--output", tmp_path / "out", "--report", tmp_path / "report.html").code == 0
    page = read_page(tmp_path / "report.html")
    assert not page.names & {"script", "img", "link", "iframe", "form"}
    for shown in (
        "German for",
        "Two dogs",
        "by the model",
        "memory, 100 %",
        "confidence 0.",
        "keeps all rules",
    ):
        assert shown in page.text
    assert "<script>two dogs</script> & {x}" in page.text.replace("\n", "")
    assert "http" not in (tmp_path / "report.html").read_text()


def test_what_breaks_a_rule_is_left_empty_and_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A translation that lost a tag is not written; the report shows it with its reason, first of all."""
    broken_strings(monkeypatch)
    file = write(tmp_path / "de.po", '\nmsgid "Two <b>dogs</b>"\nmsgstr ""\n')
    before = file.read_bytes()
    ran = localize(run, file, "--in-place", "--report", tmp_path / "report.html")
    assert ran.code == 0 and "1 left empty (1 broke a rule)" in ran.out and file.read_bytes() == before
    page = read_page(tmp_path / "report.html")
    assert "left empty: breaks a rule: lacks <b>" in page.text and "<i>falsch & ganz" in page.text


def test_a_stop_keeps_what_is_filled(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the file holds what was filled, whole; the same command fills the rest."""
    monkeypatch.setattr(suggestions, "BATCH", 1)
    file = write(tmp_path / "de.po", OPEN)
    translate = StringTranslator.translate
    calls: list[int] = []

    def stopped(self: StringTranslator, requests: Any) -> list[StringTranslation]:
        calls.append(len(requests))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return translate(self, requests)

    monkeypatch.setattr(StringTranslator, "translate", stopped)
    ran = localize(run, file, "--in-place")
    assert ran.code == 130 and "stopped; what is filled is written" in ran.err
    assert targets(file)["Two dogs"][0] and not targets(file)["100 %"][0]
    assert localize(run, file, "--in-place").code == 0
    assert all(text for texts in targets(file).values() for text in texts)


def test_a_place_that_cannot_be_written_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the work where it can be known; a disk that fails later loses one file, not the others."""
    first = write(tmp_path / "a" / "de.po", '\nmsgid "Two dogs"\nmsgstr ""\n')
    second = write(tmp_path / "b" / "de.po", '\nmsgid "Two cats"\nmsgstr ""\n')
    (tmp_path / "taken").write_text("a file")
    ran = localize(run, first, "--output", tmp_path / "taken" / "out")
    assert ran.code == 1 and "cannot be written; choose another place" in ran.err
    write_file = atomic._write

    def full(path: Path, data: bytes) -> None:
        if path.parent.name == "a":
            raise OSError(28, "No space left on device")
        write_file(path, data)

    monkeypatch.setattr(atomic, "_write", full)
    before = first.read_bytes()
    ran = localize(run, first, second, "--in-place")
    assert ran.code == 1 and "No space left on device" in ran.err and "unchanged" in ran.err
    assert first.read_bytes() == before and targets(second)["Two cats"][0]


def test_two_results_at_one_place_are_refused(run: Run, tmp_path: Path) -> None:
    """Two files of one name in one folder: the first is done, the second named."""
    first = write(tmp_path / "a" / "de.po", '\nmsgid "Two dogs"\nmsgstr ""\n')
    second = write(tmp_path / "b" / "de.po", '\nmsgid "Two cats"\nmsgstr ""\n')
    ran = localize(run, first, second, "--output", tmp_path / "out")
    assert ran.code == 1 and "would both become" in ran.err
    assert "Two dogs" in (tmp_path / "out" / "de.po").read_text()
