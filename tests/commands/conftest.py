"""A stored tiny model, and a way to run a command in this process."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from seq2seq.cli import main
from seq2seq.model.transformer import Transformer
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def model_directory(tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Path:
    """A model directory with an untrained model from English to German."""
    save_model(tmp_path / "model", tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 16, 40), "# card\n")
    return tmp_path / "model"


@pytest.fixture
def reverse_directory(tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Path:
    """The same model with the reverse direction in its settings."""
    save_model(tmp_path / "reverse", tiny_model, tiny_tokenizer, Settings(["de"], ["en"], 16, 40), "# card\n")
    return tmp_path / "reverse"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `seq2seq ...` with these bytes on standard input."""

    def run_command(*arguments: object, given: bytes = b"") -> Ran:
        stdin = io.TextIOWrapper(io.BytesIO(given))
        monkeypatch.setattr(sys, "stdin", stdin)
        code = main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return run_command
