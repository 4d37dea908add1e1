"""`seq2seq import` and `seq2seq export`, from a checkpoint of Marian to ONNX."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marian_models import write_marian
from small_hub import small_hub

Run = Callable[..., Any]  # the fixture `run`


def test_imported_translated_and_exported(run: Run, tmp_path: Path) -> None:
    """A checkpoint is imported, translates, and is exported with a check on given sentences."""
    write_marian(tmp_path / "theirs")
    ours = str(tmp_path / "ours")
    assert run("import", str(tmp_path / "theirs"), "--to", ours).out == f"{ours}: en to de\n"
    translated = run(
        "translate", "--model", ours, "--max-length", "9", "--backend", "torch", "Two dogs play."
    )
    assert translated.code == 0 and translated.out.strip()
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("Two dogs play.\nA man rides a bicycle.\n", encoding="utf-8")
    done = run(
        "export",
        "--model",
        ours,
        "--format",
        "onnx",
        "--to",
        str(tmp_path / "out"),
        "--source",
        str(sentences),
    )
    assert "2 of 2 sentences translated as by torch" in done.out
    assert json.loads((tmp_path / "out" / "export.json").read_text())["direction"] == ["en", "de"]


def test_fetched_from_the_hub(tmp_path: Path) -> None:
    """A hub id is downloaded, without the files that are not read."""
    write_marian(tmp_path / "theirs")
    folder = tmp_path / "opus-mt-en-de"
    with small_hub() as (address, repositories):
        files = {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir()}
        card = b"---\nlicense: cc-by-4.0\n---\n# Theirs\n"
        repositories["owner/opus-mt-en-de"] = {**files, "README.md": card, "tf_model.h5": b"not read"}
        environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "cache")}
        environment.pop("HF_HUB_OFFLINE", None)
        command = [sys.executable, "-m", "seq2seq", "import", "owner/opus-mt-en-de", "--to", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (
        (folder / "README.md").read_text().startswith("---\nlicense: cc-by-4.0\n---\n# owner/opus-mt-en-de\n")
    )
    assert not list((tmp_path / "cache").rglob("tf_model.h5"))


def test_languages_of_the_command_line(run: Run, tmp_path: Path) -> None:
    """Languages that are given take the place of the tokenizer's."""
    write_marian(tmp_path / "theirs", tags=(">>deu<<", ">>fra<<"))
    arguments = ["import", str(tmp_path / "theirs"), "--to", str(tmp_path / "ours")]
    done = run(*arguments, "--source-language", "en,nl", "--storage", "float16")
    assert done.out.endswith("ours: en, nl to de, fr\n")
    refused = run(*arguments, "--target-language", "es")
    assert refused.code == 2 and "no tag of 'es'; it has de, fr" in refused.err


def test_errors_are_one_sentence(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is not there, a format that cannot express it, and a missing extra."""
    nowhere = run("import", str(tmp_path / "nowhere"), "--to", str(tmp_path / "out"))
    assert nowhere.code == 2 and "there is no folder" in nowhere.err
    to = ["--to", str(tmp_path / "out")]
    rotary = run("export", "--model", "en-de", "--format", "transformers", *to)
    assert rotary.code == 2 and "rotary positions" in rotary.err and "Traceback" not in rotary.err

    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    absent = run("export", "--model", "en-de", "--format", "onnx", *to)
    assert absent.code == 2 and "onnxruntime is not installed" in absent.err and "'.[onnx]'" in absent.err
    assert not (tmp_path / "out").exists()
