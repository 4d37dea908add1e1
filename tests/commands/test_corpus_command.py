"""`seq2seq corpus`: what is taken of folders and files, what is dropped and why, and a whole table."""

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import polib
import pytest

from seq2seq.commands.corpus_rows import CorpusRow, CorpusRows, has_words, problem_of

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def test_installed_catalogues_become_a_table(run: "Run", tmp_path: Path) -> None:
    """The rows of two programs are cleaned, written with program and context, and counted by reason."""
    messages = {
        "one": {"Open": "Відкрити", "OK": "OK", "%s: %d": "%s : %d", "Close": "Закрити"},
        "two": {"Open": "Відкрити", "Close": "Закрий"},
        "three": {"Close": "Закрити"},
    }
    for program, texts in messages.items():
        catalogue = polib.POFile()
        catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
        catalogue.extend(polib.POEntry(msgid=text, msgstr=own, msgctxt="menu") for text, own in texts.items())
        path = tmp_path / "locale" / "uk" / "LC_MESSAGES" / f"{program}.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save_as_mofile(str(path))
    (path.parent / "broken.mo").write_bytes(b"nothing")
    ran = run("corpus", tmp_path / "locale", "--languages", "en,uk", "--to", tmp_path / "en-uk.jsonl.gz")
    assert ran.code == 0 and ran.out == f"{tmp_path / 'en-uk.jsonl.gz'}\n"
    first, left_out, *rest = ran.err.splitlines()
    assert first == f"taken 7 rows of 4 files of {tmp_path / 'locale'}"
    assert left_out.startswith("left out: ") and "broken.mo" in left_out
    assert rest == [
        "kept 2 of 7 rows",
        "dropped 2: duplicate",
        "dropped 1: without words",
        "dropped 1: equal on both sides",
        "dropped 1: rarer translation of the same text",
    ]
    written = gzip.decompress((tmp_path / "en-uk.jsonl.gz").read_bytes()).decode()
    rows = [json.loads(line) for line in written.splitlines()]
    assert sorted(rows, key=str) == [
        {"program": "one", "context": "menu", "en": "Close", "uk": "Закрити"},
        {"program": "one", "context": "menu", "en": "Open", "uk": "Відкрити"},
    ]


def test_files_of_several_kinds_are_joined(run: "Run", tmp_path: Path) -> None:
    """Catalogues and tables become one TSV, whose texts stand on one line."""
    (tmp_path / "de.po").write_text('msgid "a\\ndog"\nmsgstr "ein\\tHund"\n')
    (tmp_path / "more.csv").write_text("DE;EN\neine Katze;a cat\n")
    paths = [tmp_path / "de.po", tmp_path / "more.csv"]
    assert run("corpus", *paths, "--languages", "en,de", "--to", tmp_path / "all.tsv").code == 0
    assert (tmp_path / "all.tsv").read_text() == "en\tde\na dog\tein Hund\na cat\teine Katze\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.po", "--languages", "en", "--to", "x.jsonl"], "--languages is 'en'; give two"),
        (["a.po", "--languages", "en,english", "--to", "x.jsonl"], "--languages is 'en,english'"),
        (["a.po", "--languages", "en,de", "--to", "x.txt"], "give a name that ends in .jsonl or .tsv"),
        (["a.po", "--languages", "en,de", "--to", "gone/x.tsv"], "there is no folder gone; make it first"),
        (["gone.po", "--languages", "en,de", "--to", "x.tsv"], "there is no gone.po"),
        (["a.docx", "--languages", "en,de", "--to", "x.tsv"], "a.docx is no bilingual file that is read"),
        (["a.po", "--languages", "en,fr", "--to", "x.tsv"], "a.po: it has no text in both en and fr"),
        (["cut.tmx", "--languages", "en,fr", "--to", "x.tsv"], "cut.tmx, line 1: no whole XML"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(
    run: "Run", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """A wrong flag or file is one sentence, and a table of an earlier run stays."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.po").write_text('msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "a dog"\nmsgstr "ein Hund"\n')
    (tmp_path / "a.docx").write_text("")
    (tmp_path / "cut.tmx").write_text("<tmx><body>")
    (tmp_path / "x.tsv").write_text("before")
    ran = run("corpus", *arguments)
    assert ran.code == 2 and message in ran.err and ran.err.count("\n") == 1
    assert (tmp_path / "x.tsv").read_text() == "before" and len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("_File", "&Datei"), None),
        (("OK", "В порядку"), None),
        (("No", "Diese Aktion ist nicht möglich"), None),
        (("另存为", "Save as"), None),
        (("文", "Script"), None),
        (("_Edit", "Edit"), "equal on both sides"),
        (("%s (%d)", "%d: %s"), "without words"),
        (("Ctrl+%s", "%s"), "without words"),
        (("", "leer"), "empty"),
        (("No", "x" * 47), "lengths too different"),
        (("a b " * 400, "c d " * 400), "more than 1000 characters"),
    ],
)
def test_reasons(texts: tuple[str, str], reason: str | None) -> None:
    """A row is dropped for what makes it no pair of translations, and short ones may differ in length."""
    assert problem_of(texts) == reason


def test_the_most_frequent_translation_stays() -> None:
    """Of equally frequent translations the first stays."""
    rows = CorpusRows()
    for text in ("auf", "zu", "zu", "aus", "aus"):
        rows.add(CorpusRow(("open", text)))
    assert rows.count() == 1 and [row.texts for row in rows.kept()] == [("open", "zu")]
    assert rows.dropped == {"duplicate": 2, "rarer translation of the same text": 2}


def test_words() -> None:
    """Placeholders, markup and single letters are no words."""
    assert [has_words(text) for text in ("%s", "<b>%d</b>", "{name}", "x = y", "km", "a %s file")] == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]
