"""`seq2seq score` and `seq2seq align`: one line for each pair, the same as from Python."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.symmetrization import Link
from seq2seq.commands.align import align_pairs
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.storage import registry as released
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer

SOURCES = ["a dog plays.", "", "two dogs in the snow."]
TARGETS = ["two dogs", "a man", "three children sits in the park."]

DAMAGED = gzip.compress(b"a\n" * 99, mtime=0)[:10] + b"\xff" * 20

Run = Callable[..., Any]  # the fixture `run`


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The flags that name a source file and, gzipped, its targets."""
    (tmp_path / "source").write_text("\n".join(SOURCES) + "\n")
    with gzip.open(tmp_path / "target.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(TARGETS) + "\n")
    return ["--source", str(tmp_path / "source"), "--target", str(tmp_path / "target.gz")]


def test_score(run: Run, model_directory: Path, files: list[str]) -> None:
    """The log-probabilities are those of Translator.score, one a line."""
    scores = Translator.from_pretrained(model_directory, "cpu").score(SOURCES, TARGETS)
    ran = run("score", "--model", model_directory, *files)
    assert (ran.code, ran.err) == (0, "")
    assert [float(line) for line in ran.out.splitlines()] == pytest.approx(
        [score.log_probability for score in scores], abs=1e-4
    )


def pharaoh(pairs: Iterable[list[Link]]) -> list[str]:
    """Return links as Pharaoh lines."""
    return [" ".join(f"{s}-{t}" for s, t in links) for links in pairs]


def test_align(run: Run, model_directory: Path, files: list[str]) -> None:
    """Links are those of `align_pairs`, between blank-separated words; an empty side gives an empty line."""
    translator = Translator.from_pretrained(model_directory, "cpu")
    expected = pharaoh(align_pairs(translator, list(zip(SOURCES, TARGETS, strict=True))))
    ran = run("align", "--model", model_directory, "--reverse", "none", *files)
    assert ran.code == 0 and ran.out.split("\n")[:-1] == expected and expected[1] == ""
    for link in expected[0].split():
        source, target = map(int, link.split("-"))
        assert source < 3 and target < 2


def test_align_with_the_other_direction(
    run: Run,
    model_directory: Path,
    files: list[str],
    tiny_model: Transformer,
    tiny_tokenizer: Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The maps of both directions are used, whether the reverse model is named or found by its languages."""
    other = model_directory.parent / "other"
    settings = Settings(["de"], ["en"], 16, 40, AlignmentHead(1, 2, "input"))
    save_model(other, tiny_model, tiny_tokenizer, settings, "# card\n")
    there, back = (Translator.from_pretrained(path, "cpu") for path in (model_directory, other))
    expected = pharaoh(align_pairs(there, list(zip(SOURCES, TARGETS, strict=True)), back))
    alone = run("align", "--model", model_directory, "--reverse", "none", *files).out
    named = run("align", "--model", model_directory, "--reverse", other, *files).out
    assert named.split("\n")[:-1] == expected and named != alone
    monkeypatch.setattr(released, "MODELS", model_directory.parent)
    assert run("align", "--model", model_directory, *files).out == named
    ran = run("align", "--model", model_directory, "--reverse", model_directory, *files)
    assert ran.code == 2 and "'de' is not supported" in ran.err


@pytest.mark.parametrize("command", ["score", "align"])
def test_files_of_different_length(run: Run, model_directory: Path, tmp_path: Path, command: str) -> None:
    """Files of different lengths are refused with both counts."""
    for name, text in (("a", "x\ny\n"), ("b", "x\n")):
        (tmp_path / name).write_text(text)
    files = ["--source", tmp_path / "a", "--target", tmp_path / "b"]
    ran = run(command, "--model", model_directory, *files)
    assert ran.code == 2 and "has 2 lines" in ran.err and "has 1" in ran.err and ran.out == ""


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("bad", b"a\n\xff\n", 1, "line 2 of"),
        ("cut.gz", gzip.compress(b"a\n" * 99, mtime=0)[:-9], 2, "cannot read"),
        ("no.gz", b"plain", 2, "cannot read"),
        ("damaged.gz", DAMAGED, 2, "not a whole gzip file"),
    ],
)
def test_unreadable_file(
    run: Run, model_directory: Path, tmp_path: Path, name: str, content: bytes, code: int, message: str
) -> None:
    """Bytes that are not UTF-8, and broken gzip, are errors that name the file."""
    (tmp_path / name).write_bytes(content)
    files = ["--source", tmp_path / name, "--target", tmp_path / name]
    ran = run("score", "--model", model_directory, *files)
    assert ran.code == code and message in ran.err and name in ran.err
