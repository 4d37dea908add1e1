"""`seq2seq memory`, and `seq2seq translate --memory`: memories joined, and texts recalled from them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.inference.memory.memory import TranslationMemory

Run = Callable[..., Any]  # the fixture `run`
DIRECTION = ("--source-language", "en", "--target-language", "de")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A memory of two units as a table."""
    path = tmp_path / "memory.tsv"
    path.write_text("a dog\tein Hund\ntwo dogs\tzwei Hunde\n", encoding="utf-8")
    return path


def test_memories_are_joined(run: Run, tmp_path: Path, table: Path) -> None:
    """Several files become one TMX, in which a unit that came twice stands once."""
    lines = tmp_path / "more.jsonl"
    lines.write_text('{"de": "ein Hund", "en": "a dog"}\n{"de": "eine Katze", "en": "a cat"}\n')
    ran = run("memory", table, lines, *DIRECTION, "--to", tmp_path / "all.tmx")
    assert (ran.code, ran.out) == (0, "") and ran.err.startswith("3 units written to")
    memory = TranslationMemory.load(tmp_path / "all.tmx", "en", "de")
    assert [unit[:2] for unit in memory.units()] == [
        ("a dog", "ein Hund"),
        ("two dogs", "zwei Hunde"),
        ("a cat", "eine Katze"),
    ]


@pytest.mark.parametrize(
    ("to", "message"),
    [("all.csv", "name a file in .tmx or .jsonl"), ("none/all.tmx", "its folder does not exist")],
)
def test_a_place_that_cannot_be_written_is_refused(
    run: Run, tmp_path: Path, table: Path, to: str, message: str
) -> None:
    """Another format and a missing folder are refused in a sentence, before anything is read."""
    ran = run("memory", table, *DIRECTION, "--to", tmp_path / to)
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err


def test_a_broken_memory_leaves_the_old_one(run: Run, tmp_path: Path, table: Path) -> None:
    """A file that cannot be read ends the command before the result is touched."""
    result = tmp_path / "all.tmx"
    result.write_text("as it was")
    (tmp_path / "broken.tmx").write_text("<tmx><body>")
    ran = run("memory", table, tmp_path / "broken.tmx", *DIRECTION, "--to", result)
    assert ran.code == 2 and "broken.tmx, line 1: no whole XML" in ran.err
    assert result.read_text() == "as it was"


def test_texts_are_recalled(run: Run, model_directory: Path, table: Path) -> None:
    """A text of the memory is recalled in the frame of the asked text, whatever the model would write."""
    command = ("translate", "--model", model_directory, "--memory", table, "--max-length", 5)
    ran = run(*command, "a dog", "Two dogs…", "two men")
    assert ran.code == 0 and ran.out.splitlines()[:2] == ["ein Hund", "Zwei Hunde…"]
    ran = run(*command, "--json", given=b"a dog\ntwo men\n")
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert (first["match"]["score"], first["confidence"]) == (100, 1.0)
    assert "match" not in second


def test_files_are_recalled(run: Run, model_directory: Path, table: Path, tmp_path: Path) -> None:
    """A memory goes before the model for the texts of a file, too; a tag stays on its word."""
    page = tmp_path / "page.html"
    page.write_text("<p>a dog</p><p>two <b>dogs</b></p>")
    ran = run("translate", "--model", model_directory, "--memory", table, "--file", page, "--output", "-")
    assert ran.code == 0
    assert "<p>ein Hund</p>" in ran.out and ran.out.replace("<b>", "").replace("</b>", "").count("zwei Hunde")


def test_a_memory_of_other_languages_is_refused(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """A memory without a unit of the model's languages is refused with those it has; a stream has none."""
    path = tmp_path / "memory.tsv"
    path.write_text("en\tfr\na dog\tun chien\n")
    ran = run("translate", "--model", model_directory, "--memory", path, "a dog")
    assert ran.code == 2 and "has no unit from en to de: its languages are en, fr" in ran.err
    ran = run("translate", "--model", model_directory, "--memory", path, "--stream", "a dog")
    assert ran.code == 2 and "leave out one" in ran.err
