"""`seq2seq evaluate`: sacreBLEU scores with their signatures, AER, CSV, and a comparison of two models."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.commands.align import align_pairs
from seq2seq.inference.translator import Translator
from seq2seq.metrics.aer import read_gold, score_links
from seq2seq.metrics.corpus import moses, score_corpus
from seq2seq.options import DecodeOptions

SOURCES = ["a dog plays in the snow.", "two dogs", "an old woman looks at the street."]
REFERENCES = ["ein Hund", "zwei Hunde", "eine Frau"]

Run = Callable[..., Any]  # the fixture `run`


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The flags that name a source and a reference file."""
    (tmp_path / "source").write_text("\n".join(SOURCES) + "\n")
    (tmp_path / "reference").write_text("\n".join(REFERENCES) + "\n")
    return ["--source", str(tmp_path / "source"), "--reference", str(tmp_path / "reference")]


def outputs(model_directory: Path) -> list[str]:
    """Return the model's greedy translations of the sources."""
    translator = Translator.from_pretrained(model_directory, "cpu")
    return [r.text for r in translator.translate(SOURCES, DecodeOptions(beam_size=1))]


def test_figures_are_sacrebleus(run: Run, model_directory: Path, files: list[str]) -> None:
    """The printed scores are those of the same outputs scored directly, each with its signature."""
    ran = run("evaluate", "--model", model_directory, *files, "--beam-size", 1, "--json")
    assert ran.code == 0
    (result,) = json.loads(ran.out)["models"]
    for expected in score_corpus(outputs(model_directory), [REFERENCES], "de"):
        assert result["scores"][expected.name] == {"score": expected.value, "signature": expected.signature}
    assert result["lines"] == 3 and result["tokens_per_second"] > 0
    text = run("evaluate", "--model", model_directory, *files).out
    assert "BLEU" in text and "chrF" in text and "TER" in text and "tokens/s" in text and "tok:13a" in text


def test_moses_scores_tokenised_text(run: Run, model_directory: Path, files: list[str]) -> None:
    """With --moses the output is tokenised and sacreBLEU told to leave both sides alone."""
    ran = run("evaluate", "--model", model_directory, *files, "--beam-size", 1, "--moses", "--json")
    bleu = json.loads(ran.out)["models"][0]["scores"]["BLEU"]
    (expected, *_) = score_corpus(moses(outputs(model_directory), "de"), [REFERENCES], "de", tokenized=True)
    assert "tok:none" in bleu["signature"] and bleu["score"] == expected.value


def test_lines_of_tokenised_text_are_not_cut_again(
    run: Run, model_directory: Path, files: list[str], tmp_path: Path
) -> None:
    """Sentence scores of tokenised text do not tokenise it again: `&apos;` is one word."""
    references = [f"{text} &apos;" for text in moses(outputs(model_directory), "de")]
    (tmp_path / "reference").write_text("\n".join(references) + "\n")
    rows, flags = tmp_path / "rows.csv", ["--moses", "--beam-size", 1]
    assert run("evaluate", "--model", model_directory, *files, *flags, "--csv", rows).code == 0
    with rows.open(newline="", encoding="utf-8") as file:
        _, *table = csv.reader(file)
    for _, _, reference, output, bleu, _ in table:
        words = len(output.split())
        assert reference == f"{output} &apos;" and float(bleu) == round(100 * math.exp(-1 / words), 2)


def test_two_references_and_csv(run: Run, model_directory: Path, files: list[str], tmp_path: Path) -> None:
    """Each reference is a column; the signature counts them."""
    rows = tmp_path / "rows.csv"
    more = ["--reference", files[-1], "--csv", rows, "--max-length", 6]
    ran = run("evaluate", "--model", model_directory, *files, *more)
    assert "nrefs:2" in ran.out
    with rows.open(newline="", encoding="utf-8") as file:
        header, *table = csv.reader(file)
    assert header[:4] == ["line", "source", "reference 1", "reference 2"]
    assert [row[1] for row in table] == SOURCES and [row[3] for row in table] == REFERENCES


def test_lowercase_is_of_lines_too(run: Run, model_directory: Path, files: list[str], tmp_path: Path) -> None:
    """With --lowercase sentence scores are in lower case, as corpus scores are."""
    (tmp_path / "reference").write_text("\n".join(outputs(model_directory)).upper() + "\n")
    rows, page = tmp_path / "rows.csv", tmp_path / "page.html"
    for flags, expected in (([], False), (["--lowercase"], True)):
        written = ["--beam-size", 1, "--csv", rows, "--report", page]
        assert run("evaluate", "--model", model_directory, *files, *flags, *written).code == 0
        with rows.open(newline="", encoding="utf-8") as file:
            _, *table = csv.reader(file)
        assert all(row[-2:] == ["100.0", "100.0"] for row in table) == expected
        assert ("chrF 100.0</p>" in page.read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize("first", [0, 1])
def test_gold_links(run: Run, model_directory: Path, files: list[str], tmp_path: Path, first: int) -> None:
    """The AER is the same whether the gold file counts from 0 or from 1."""
    lines = [f"{first}-{first} {first + 1}p{first + 1}", f"{first}-{first}", f"{first + 2}-{first + 1}"]
    (tmp_path / "gold").write_text("\n".join(lines) + "\n")
    files = [*files, "--reverse", "none"]
    ran = run("evaluate", "--model", model_directory, *files, "--gold", tmp_path / "gold", "--json")
    translator = Translator.from_pretrained(model_directory, "cpu")
    pairs = list(zip(SOURCES, REFERENCES, strict=True))
    expected = score_links(list(align_pairs(translator, pairs)), read_gold(["0-0 1p1", "0-0", "2-1"], pairs))
    result = json.loads(ran.out)["models"][0]
    assert result["aer"] == pytest.approx(expected.error_rate)
    assert result["alignment"] == {"precision": expected.precision, "recall": expected.recall}
    text = run("evaluate", "--model", model_directory, *files, "--gold", tmp_path / "gold").out
    assert f"precision {expected.precision:.3f}, recall {expected.recall:.3f}" in text


def test_two_models_are_compared(run: Run, model_directory: Path, files: list[str]) -> None:
    """A model against itself has p = 1, not the smallest p that resampling can give."""
    models = ["--model", model_directory, "--model", model_directory]
    ran = run("evaluate", *models, *files, "--json")
    report = json.loads(ran.out)
    assert len(report["models"]) == 2
    assert {metric["p"] for metric in report["bootstrap"].values()} == {1.0}
    assert "against" in run("evaluate", *models, *files).out
    assert run("evaluate", *models, "--model", "x", *files).code == 2


def test_models_of_two_directions_are_not_compared(
    run: Run, model_directory: Path, reverse_directory: Path, files: list[str]
) -> None:
    """Two models of different directions are refused, with both directions."""
    ran = run("evaluate", "--model", model_directory, "--model", reverse_directory, *files)
    assert ran.code == 2 and "translates en to de and" in ran.err and "translates de to en" in ran.err
    assert "compare two models of one direction" in ran.err and ran.out == ""


def test_wrong_gold_and_lengths(run: Run, model_directory: Path, files: list[str], tmp_path: Path) -> None:
    """A gold file of another length, or a reference of another length, is refused with both counts."""
    (tmp_path / "short").write_text("0-0\n")
    ran = run("evaluate", "--model", model_directory, *files, "--gold", tmp_path / "short")
    assert ran.code == 2 and "3 pairs of texts but 1 lines of gold" in ran.err
    (tmp_path / "far").write_text("0-0\n1-7\n\n")
    ran = run("evaluate", "--model", model_directory, *files, "--gold", tmp_path / "far")
    assert ran.code == 2 and "line 2 of the gold links has 1-7, counted from 0" in ran.err
    ran = run("evaluate", "--model", model_directory, *files, "--reference", tmp_path / "short")
    assert ran.code == 2 and "has 3 lines" in ran.err


def test_report_is_one_harmless_file(
    run: Run, model_directory: Path, files: list[str], tmp_path: Path
) -> None:
    """The page has scores, diagnostics and lines with drawings; it runs and fetches nothing."""
    page = tmp_path / "report.html"
    hostile = "<script>alert(1)</script> two dogs"
    (tmp_path / "source").write_text("\n".join([hostile, *SOURCES[1:]]) + "\n")
    ran = run("evaluate", "--model", model_directory, *files, "--beam-size", 1, "--report", page)
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert all(score in ran.out and score in text for score in ("BLEU", "chrF", "TER"))
    assert "Worst lines" in text and text.count("<article>") == 3 and "<svg" in text
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "src=" not in text and "@import" not in text and "url(" not in text
    ran = run("evaluate", "--model", model_directory, *files, "--report", tmp_path / "missing" / "r.html")
    assert ran.code != 0 and "missing" in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--columns", "a,b"], "--columns a,b names columns of --pairs"),
        (["--reverse", "none"], "--reverse none is read for --gold only"),
        (["--rerank", "auto", "--beam-size", "1"], "--rerank auto chooses among hypotheses"),
        (["--csv", "missing/rows.csv"], "--csv missing/rows.csv is not a file in an existing folder"),
        (["--report", "."], "--report . is not a file"),
    ],
)
def test_what_would_not_be_read_or_written_is_refused(
    run: Run, files: list[str], flags: list[str], message: str
) -> None:
    """A flag that would be ignored, or a file that could not be written, is refused before translating."""
    ran = run("evaluate", "--model", "no-model", *files, *flags)
    assert ran.code == 2 and message in ran.err and ran.out == ""


def test_scores_are_shown_before_files_are_written(
    run: Run, model_directory: Path, files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the end does not take the scores with it."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "rows.csv")

    monkeypatch.setattr("seq2seq.commands.evaluate._write_csv", fail)
    ran = run(
        "evaluate", "--model", model_directory, *files, "--beam-size", 1, "--csv", tmp_path / "rows.csv"
    )
    assert ran.code == 1 and "BLEU" in ran.out and "No space left" in ran.err


def test_length_rows_and_habits_are_printed(run: Run, model_directory: Path, files: list[str]) -> None:
    """Text and JSON hold the same rows: two short sources and a longer one."""
    ran = run("evaluate", "--model", model_directory, *files, "--beam-size", 1)
    assert "source words" in ran.out and "up to 5" in ran.out and "over" not in ran.out
    result = json.loads(run("evaluate", "--model", model_directory, *files, "--json").out)["models"][0]
    assert [(row["low"], row["lines"]) for row in result["by_length"]] == [(0, 1), (6, 2)]
    assert set(result["habits"]) == {"outputs", "references"}
    assert result["habits"]["references"]["size"] == 1.0
