"""The peer trained by a plain loop uses the run's own data and resumes."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml

pytest.importorskip("transformers")
pytest.importorskip("lightning")

from seq2seq.text.tokenizer import Tokenizer

RUN = {
    "seed_everything": 1,
    "data": {"languages": ["en", "xx"], "also": [], "batch_tokens": 64, "valid_sentences": 4},
    "model": {"width": 16, "feed_forward": 16, "encoder_layers": 1, "decoder_layers": 1, "max_length": 64},
    "task": {"learning_rate": 0.01, "warmup": 2},
    "trainer": {"max_steps": 6, "val_check_interval": 3},
}


@pytest.fixture
def peer(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return importlib.import_module("marian_peer")


@pytest.fixture
def run(tmp_path: Path, sentences: list[str]) -> Path:
    """Files of a run of `seq2seq train` over two languages that the peer reads."""
    rows = [f"{text}\t{text.upper()}\n" for text in sentences[:60]]
    (tmp_path / "pairs.tsv").write_text("en\txx\n" + "".join(rows))
    data = {**RUN["data"], "files": str(tmp_path / "pairs.tsv")}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**RUN, "data": data}))
    texts = [text for row in rows for text in row.strip().split("\t")]
    Tokenizer.train(texts, 80, languages=["xx", "en"]).save(tmp_path / "tokenizer.model")
    for side, name in ((0, "t.en"), (1, "t.xx")):
        (tmp_path / name).write_text("".join(row.split("\t")[side].strip() + "\n" for row in rows[:3]))
    return tmp_path


def test_stopped_it_goes_on_to_the_same_weights(
    peer: ModuleType, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped training resumes to the weights of an uninterrupted one."""
    test = f"xx:{run / 't.en'}:{run / 't.xx'}"
    peer.main(["--run", str(run), "--out", str(run / "whole"), "--test", test])
    said = capsys.readouterr().out
    assert said.count("update ") >= 3 and "BLEU" in said.splitlines()[-1]
    assert len((run / "whole" / "t.xx.output").read_text().splitlines()) == 3

    class StopError(Exception):
        pass

    update = peer.Training.update

    def stopping(training: object, batch: object) -> float:
        if training.done == 4:
            raise StopError
        return update(training, batch)

    monkeypatch.setattr(peer.Training, "update", stopping)
    with pytest.raises(StopError):
        peer.main(["--run", str(run), "--out", str(run / "parts")])
    monkeypatch.setattr(peer.Training, "update", update)
    peer.main(["--run", str(run), "--out", str(run / "parts")])
    kept = [torch.load(run / name / "last.pt", weights_only=True) for name in ("whole", "parts")]
    assert kept[0]["done"] == kept[1]["done"] == 6 and kept[0]["place"] == kept[1]["place"]
    for name, weights in kept[0]["model"].items():
        assert torch.equal(weights, kept[1]["model"][name]), name
