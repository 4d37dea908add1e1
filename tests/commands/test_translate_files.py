"""`seq2seq translate --file`: every format, where the translation is written, and what is refused."""

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from catalog_samples import CATALOG_SAMPLES
from sample_files import SAMPLES, slides

from seq2seq.documents import CATALOGS, SUPPORTED, WRITTEN_AS, translate_document
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.options import DecodeOptions
from seq2seq.storage import atomic

Run = Callable[..., Any]  # the fixture `run`

KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def word(text: str) -> bytes:
    """Return a Word document of one paragraph."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<a><Override PartName="/word/document.xml" ContentType="{KIND}.document.main+xml"/></a>',
        )
        paragraph = f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{MAIN}"><w:body>{paragraph}</w:body></w:document>',
        )
    return buffer.getvalue()


CONTENTS = {
    ".txt": b"a dog plays.\r\n\r\n  two dogs\n",
    ".md": b"# a dog\n\na **man** sits in\nthe snow.\n",
    ".srt": b"1\n00:00:01,000 --> 00:00:02,000\n<i>two dogs</i>\nin the snow.\n\n",
    ".vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\na man\n",
    ".html": b"<!DOCTYPE html><p>a <b>dog</b> plays.",
    ".htm": b"<p>a <a href=x>dog</a>",
    ".json": b'{"a": ["two dogs", 1.50]}',
    ".csv": b'"a dog"\r\ntwo dogs\r\n',
    ".tsv": b"a dog\ntwo dogs",
    ".docx": word("a dog plays."),
    ".docm": word("a dog plays."),
    ".pptm": slides(),
    **{suffix: make() for suffix, make in SAMPLES.items() if suffix != ".docx"},
    **{suffix: CATALOG_SAMPLES[suffix] for suffix in sorted(CATALOGS)},
    ".markdown": b"# a dog\n",
    ".xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><p>a dog</p></html>',
}


def inputs(folder: Path, *suffixes: str) -> list[Path]:
    """Write an input of each suffix; return their paths."""
    paths = [folder / f"input-{suffix[1:]}{suffix}" for suffix in suffixes]
    for path in paths:
        path.write_bytes(CONTENTS[path.suffix])
    return paths


def flags(*paths: Path) -> list[object]:
    """Return --file for each path."""
    return [argument for path in paths for argument in ("--file", path)]


def test_every_format(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """Files become what the library makes of them, beside their inputs, without a word outside a terminal."""
    assert set(CONTENTS) == set(SUPPORTED)
    paths = inputs(tmp_path, *CONTENTS)
    ran = run("translate", "--model", model_directory, "--max-length", 6, *flags(*paths))
    assert ran == (0, "", "")
    translator, options = Translator.from_pretrained(model_directory, "cpu"), DecodeOptions(max_length=6)

    def translate(texts: list[str]) -> Iterator[Translation]:
        return translator.translate(texts, options)

    for path in paths:
        expected = translate_document(path.name, CONTENTS[path.suffix], translate, target="de").content
        translated = path.with_name(f"{path.stem}.de{WRITTEN_AS.get(path.suffix, path.suffix)}")
        assert translated.read_bytes() == expected != CONTENTS[path.suffix], path.suffix
        assert path.read_bytes() == CONTENTS[path.suffix]
    assert len(list(tmp_path.iterdir())) == 2 * len(paths) + 1  # and the model


def test_options_and_languages_hold_for_files(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """Flags of the search and the languages do for a file what they do for a text."""
    (path,) = inputs(tmp_path, ".txt")
    options = ["--beam-size", 1, "--max-length", 5, "--target-prefix", "man"]
    languages = ["--source-language", "en", "--target-language", "de"]
    command = ["translate", "--model", model_directory, *languages, *options]
    assert run(*command, "--file", path, "--output", "-").out.split("\n")[2].strip() == (
        run(*command, "two dogs").out.strip()
    )
    refused = run("translate", "--model", model_directory, "--target-language", "fr", "--file", path)
    assert refused.code == 2 and "'fr' is not supported" in refused.err


def test_a_column_of_a_table(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """--column names a header or counts from 1; the other columns stay."""
    path = tmp_path / "table.csv"
    path.write_text("id,text\na dog,a dog\n")
    command = ["translate", "--model", model_directory, "--file", path, "--output", "-"]
    for column, header in (("text", "id,text"), ("2", "id,")):
        ran = run(*command, "--column", column)
        assert ran.code == 0 and ran.out.startswith(header)
        assert ran.out.splitlines()[1].startswith("a dog,") and ran.out.splitlines()[1] != "a dog,a dog"
    missing = run(*command, "--column", "c")
    assert missing.code == 2 and "there is no column 'c'" in missing.err and "'id', 'text'" in missing.err


def test_outputs(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """A named file is replaced, a folder takes several under their default names, `-` is standard output."""
    text, page = inputs(tmp_path, ".txt", ".html")
    command = ["translate", "--model", model_directory, "--max-length", 5]
    shown = run(*command, *flags(text), "--output", "-")
    assert shown.code == 0 and shown.err == "" and shown.out.count("\n") == 3
    named, link = tmp_path / "named.txt", tmp_path / "link.txt"
    named.write_text("an earlier translation")
    link.symlink_to(named)
    assert run(*command, *flags(text), "--output", link) == (0, "", "")
    assert named.read_bytes().decode() == shown.out and link.is_symlink()
    (folder := tmp_path / "folder").mkdir()
    assert run(*command, *flags(text, page), "--output", folder) == (0, "", "")
    assert {path.name for path in folder.iterdir()} == {"input-txt.de.txt", "input-html.de.html"}
    assert (folder / "input-txt.de.txt").read_bytes() == named.read_bytes()
    again = run(*command, *flags(text), "--output", folder)
    assert again.code == 2 and "input-txt.de.txt exists; name it with --output" in again.err


def test_what_is_refused(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """Each is one sentence with the value and a remedy, and no file is written or changed."""
    text, page = inputs(tmp_path, ".txt", ".html")
    (tmp_path / "input-txt.de.txt").write_text("an earlier translation")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "input-txt.txt").write_bytes(CONTENTS[".txt"])
    (tmp_path / "empty").mkdir()
    for name, content in (
        ("a.rtf", b"{"), ("broken.docx", b"PK\3\4"), ("other.docx", CONTENTS[".docx"][:-30]),
        ("latin.txt", b"caf\xe9"), ("broken.json", b"{"), ("two.csv", b"a,b\nc,d\n"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    cases: list[tuple[list[object], str]] = [
        (flags(tmp_path / "none.txt"), "none.txt: No such file or directory; check the path"),
        (flags(tmp_path), "Is a directory"),
        (flags(tmp_path / "a.rtf"), "a.rtf' is not a supported document; use one of .txt, .md"),
        (flags(tmp_path / "broken.docx"), "broken.docx' is not a zip archive"),
        (flags(tmp_path / "other.docx"), "other.docx' is not a zip archive"),
        (flags(tmp_path / "latin.txt"), "latin.txt' is not UTF-8 text (byte 3"),
        (flags(tmp_path / "broken.json"), "broken.json' is not valid JSON"),
        (flags(tmp_path / "two.csv"), "no column was named in"),
        (flags(page, tmp_path / "broken.json"), "broken.json' is not valid JSON"),
        ([*flags(text), "--column", "c"], "has no columns; leave it out"),
        (flags(text), "input-txt.de.txt exists; name it with --output to replace it"),
        ([*flags(text), "--output", text], "is a file to be translated itself"),
        ([*flags(page, text), "--output", text], "is not a folder that exists"),
        ([*flags(page), "--output", f"{tmp_path}/none/"], "is not a folder that exists; make it first"),
        ([*flags(page), "--output", tmp_path / "none" / "a"], "its folder does not exist"),
        ([*flags(page), "--output", "/dev/null"], "is not a file that can be written"),
        ([*flags(page, text), "--output", "-"], "--output - takes one file, but 2 were given"),
        (
            [*flags(text, tmp_path / "other" / "input-txt.txt"), "--output", tmp_path / "empty"],
            "input-txt.txt would both become",
        ),
        ([*flags(page), "a dog"], "exclude each other; choose one"),
        ([*flags(page), "--json"], "--json exclude each other"),
        ([*flags(page), "--stream"], "--stream exclude each other"),
        (["a dog", "--output", "a"], "--output a is for files; name the file with --file"),
        (["a dog", "--column", "1"], "--column 1 is for files"),
    ]
    wrong = {}
    for arguments, sentence in cases:
        ran = run("translate", "--model", model_directory, *arguments)
        is_one_line = ran.err.startswith("seq2seq: ") and ran.err.count("\n") == 1
        if ran.code != 2 or ran.out or sentence not in ran.err or not is_one_line:
            wrong[sentence] = ran
    assert not wrong
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_broken_files_are_refused_before_the_model_is_loaded(run: Run, tmp_path: Path) -> None:
    """Nobody waits for a model to hear that a file cannot be read."""
    (tmp_path / "broken.json").write_bytes(b"{")
    ran = run("translate", "--model", "no-such-model", "--file", tmp_path / "broken.json")
    assert ran.code == 2 and "is not valid JSON" in ran.err


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_interrupted_file_is_not_written(
    run: Run, model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    """Ctrl-C during a translation, or a full disk at its end, leaves an earlier translation as it was."""
    (path,) = inputs(tmp_path, ".txt")
    output = tmp_path / "out.txt"
    output.write_text("an earlier translation")

    def fail(*_: object, **__: object) -> None:
        raise stop

    if isinstance(stop, OSError):
        monkeypatch.setattr(atomic, "_write", fail)
    else:
        monkeypatch.setattr(Translator, "translate_batch", fail)
    ran = run("translate", "--model", model_directory, "--file", path, "--output", output)
    assert output.read_text() == "an earlier translation"
    assert {entry.name for entry in tmp_path.iterdir()} == {"model", path.name, "out.txt"}
    if isinstance(stop, OSError):
        assert ran.code == 1 and "out.txt could not be written (No space left on device)" in ran.err
    else:
        assert ran == (130, "", "")


def test_progress_is_shown_on_a_terminal(
    run: Run, model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count goes up to all texts, and the file that was written is named."""
    (path,) = inputs(tmp_path, ".txt")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    ran = run("translate", "--model", model_directory, "--file", path, "--max-length", 5)
    assert ran.code == 0 and ran.out == ""
    counts = [f"{number} of 2 texts of {path} translated" for number in (1, 2)]
    assert (
        ran.err == "".join(f"\r{count}" for count in counts) + f"\n{tmp_path / 'input-txt.de.txt'} written\n"
    )


def test_a_refused_text_is_named_by_file_and_number(run: Run, tmp_path: Path) -> None:
    """A text that the model cannot read is found in its file, and no part of the translation is written."""
    path = tmp_path / "facts.txt"
    path.write_text("name[Aromi], food[French]\n" * 2 + "food[Martian]\n")
    ran = run("translate", "--model", "e2e", "--beam-size", 1, "--file", path)
    assert ran.code == 2 and f"{path}, text 3: " in ran.err and "Martian" in ran.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["facts.txt"]
