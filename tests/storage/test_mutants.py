"""Changed files of a model are refused by name, or translate: a short run of `python tests/mutants.py`."""

from pathlib import Path

import pytest
from mutants import KINDS, outcomes

from seq2seq.model.transformer import Transformer
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text import tokenizer_trial
from seq2seq.text.tokenizer import Tokenizer


@pytest.mark.parametrize("kind", KINDS)
def test_mutants_are_refused_or_right(
    tmp_path: Path,
    tiny_model: Transformer,
    tiny_tokenizer: Tokenizer,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fifty mutants of each kind are refused in a sentence that names a file, or translate."""
    # The check alone must hold; the trial in a process of its own would hide what it lets through.
    monkeypatch.setattr("seq2seq.text.tokenizer.try_tokenizer", lambda data: None)
    save_model(tmp_path / "tiny", tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 40, 44), "# Card\n")
    counted = outcomes(tmp_path / "tiny", tmp_path / "model", kind, 50, seed=1)
    assert not [outcome for outcome in counted if outcome.startswith("FAILED")]
    assert counted["refused"] > 10


def test_tokenizer_is_tried_once(tiny_tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A content that was tried is not tried again in the same process."""
    data = tiny_tokenizer.to_bytes()
    tokenizer_trial.try_tokenizer(data)
    monkeypatch.setattr(tokenizer_trial.sys, "executable", "/nowhere")
    tokenizer_trial.try_tokenizer(data)


@pytest.mark.parametrize(
    ("child", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"\(signal 11\)"),
        ("raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'no text')", "no text"),
        ("import time; time.sleep(60)", r"tried for 0\.2 seconds"),
    ],
)
def test_failing_trial_is_a_sentence(
    tiny_tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: str, said: str
) -> None:
    """A child that crashes, raises or hangs is an error that names the file; this process lives on."""
    monkeypatch.setattr(tokenizer_trial, "_CHILD", child)
    monkeypatch.setattr(tokenizer_trial, "_passed", set())
    monkeypatch.setattr(tokenizer_trial, "PATIENCE", 0.2 if "sleep" in child else 60)
    tiny_tokenizer.save(tmp_path / "tokenizer.model")
    with pytest.raises(ValueError, match=said) as caught:
        Tokenizer.load(tmp_path / "tokenizer.model")
    assert str(tmp_path / "tokenizer.model") in str(caught.value)
