"""Strings of programs as training pairs."""

import json
from pathlib import Path

import pytest

from train.data.corpus import Corpus, read_corpus
from train.data.module import DataSettings, TranslationData
from train.data.strings import most_frequent, plain_row


@pytest.mark.parametrize(
    ("row", "plain"),
    [
        (("_Open %s…", "%s öff_nen …"), ("Open ⟦1⟧", "⟦1⟧ öffnen")),
        (("%s of %s", "%s von %s"), ("⟦1⟧ of ⟦1⟧", "⟦1⟧ von ⟦1⟧")),
        (("%1 in <b>%2</b>\n", "In <b>%2</b> %1\n"), ("⟦1⟧ in ⟦2⟧", "In ⟦2⟧ ⟦1⟧")),
        (("&File:", "文件(&F)："), ("File", "文件")),
        (("Read {name} now", "Lies {name} jetzt"), ("Read ⟦1⟧ now", "Lies ⟦1⟧ jetzt")),
    ],
)
def test_a_row_is_read_without_what_is_not_language(row: tuple[str, str], plain: tuple[str, str]) -> None:
    """Accelerators and frames are taken off, what is copied is a placeholder on both sides."""
    assert plain_row(row) == plain


@pytest.mark.parametrize(
    "row",
    [("Open %s", "Öffnen"), ("Open\nfile", "Datei\nöffnen"), ("a ⟦1⟧", "b ⟦1⟧"), ("%d files", "%s Dateien")],
)
def test_a_row_that_does_not_match_is_left_out(row: tuple[str, str]) -> None:
    """Other placeholders on a side, several lines, or a placeholder of the vocabulary itself."""
    assert plain_row(row) is None


def test_a_source_keeps_its_most_frequent_translation() -> None:
    """Of equally frequent ones the first."""
    rows = [
        ("Open", "Offen"),
        ("Open", "Öffnen"),
        ("Open", "Öffnen"),
        ("Edit", "Bearbeiten"),
        ("Edit", "Ändern"),
    ]
    assert most_frequent(rows) == [("Open", "Öffnen"), ("Edit", "Bearbeiten")]


def test_a_corpus_of_strings_has_placeholders_in_its_vocabulary(tmp_path: Path) -> None:
    """Training and validation rows are read so, and the vocabulary has the pieces."""
    table = tmp_path / "strings.jsonl"
    rows = [{"en": f"_Open {word} %s…", "de": f"%s {word} öff_nen…"} for word in ("a", "b", "c", "d")]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    files = str(table)
    training, validation, _ = read_corpus(Corpus(files=files, valid_files=files, strings=True))
    assert list(training) == list(validation)
    assert next(iter(training)) == ("Open a ⟦1⟧", "⟦1⟧ a öffnen")
    settings = DataSettings(files=files, valid_files=files, strings=True, vocabulary_size=40, held_out=[])
    with pytest.raises(ValueError, match="nothing is left"):  # all of it is validation
        TranslationData(settings, 20, 1).load()
    valid = tmp_path / "valid.jsonl"
    valid.write_text(json.dumps({"en": "Close %s", "de": "%s schließen"}) + "\n", encoding="utf-8")
    settings = DataSettings(files=files, valid_files=str(valid), strings=True, vocabulary_size=40)
    data = TranslationData(settings, 20, 1)
    data.load()
    assert len(data.tokenizer.placeholders) == 12
    assert data.tokenizer.placeholders["⟦1⟧"] in data.tokenizer.encode("Open a ⟦1⟧")
