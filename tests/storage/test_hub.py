"""A model is pushed to a small local hub and fetched again, through the real client."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_hub import small_hub

from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.storage.hub import push
from seq2seq.storage.model_directory import Settings, load_model
from seq2seq.text.tokenizer import Tokenizer

FILES = {"README.md", "config.json", "model.safetensors", "tokenizer.model"}


@pytest.fixture
def directory(tiny_model: Transformer, tiny_tokenizer: Tokenizer, tmp_path: Path) -> Path:
    """A saved model, with an unrelated file beside it."""
    settings = Settings(["en"], ["de"], 16, 40)
    Translator(tiny_model, tiny_tokenizer, settings, "# A card\n").save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "secret.txt").write_text("not to be published")
    return tmp_path / "model"


def seq2seq(*arguments: object, hub: str, cache: Path, token: str = "secret") -> subprocess.CompletedProcess:
    """Run a command in a process of its own, with the small hub as its hub."""
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(cache), "HF_TOKEN": token}
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-m", "seq2seq", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


def test_pushed_model_translates_when_fetched(directory: Path, tmp_path: Path) -> None:
    """A pushed model has its four files and no other, and translates once fetched."""
    with small_hub() as (address, repositories):
        pushed = seq2seq(
            "push", "--model", directory, "--to", "owner/name", hub=address, cache=tmp_path / "a"
        )
        assert pushed.returncode == 0, pushed.stderr
        assert pushed.stdout == f"{address}/owner/name\n"
        assert FILES <= set(repositories["owner/name"]) <= FILES | {".gitattributes"}
        assert repositories["owner/name"]["README.md"] == b"# A card\n"
        fetched = seq2seq("translate", "--model", "owner/name", "a dog", hub=address, cache=tmp_path / "b")
        assert fetched.returncode == 0, fetched.stderr
    local = Translator.from_pretrained(directory, "cpu").translate("a dog").text
    assert fetched.stdout == f"{local}\n"


def test_refusals_are_sentences(directory: Path, tmp_path: Path) -> None:
    """A push without permission, and of a damaged model, ends in one sentence."""
    with small_hub() as (address, repositories):
        arguments = ("push", "--model", directory, "--to", "owner/name")
        refused = seq2seq(*arguments, hub=address, cache=tmp_path / "a", token="wrong")
        assert refused.returncode == 2 and "owner/name was not put on the hub" in refused.stderr
        assert "Traceback" not in refused.stderr and not repositories
    with pytest.raises(ValueError, match="no hub id"):
        push(directory, "name")
    (directory / "model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        push(directory, "owner/name")


def test_saved_is_what_was_loaded(directory: Path, tmp_path: Path) -> None:
    """A fetched model is saved with the same card and weights."""
    Translator.from_pretrained(directory, "cpu").save_pretrained(tmp_path / "again")
    first, second = load_model(directory), load_model(tmp_path / "again")
    assert second.card == "# A card\n" and second.settings == first.settings
    for one, other in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert one.equal(other)
