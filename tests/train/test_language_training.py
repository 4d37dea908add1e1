"""A language model, from its recipe to its directory: it learns, resumes, and scores as its card says."""

import json
from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")

from training_process import train

from seq2seq import DecodeOptions, Generator
from seq2seq.cli import main
from train.callbacks.checkpoint_io import read_checkpoint

Capsys = pytest.CaptureFixture[str]
RECIPE = """
data: {subwords: char, batch_tokens: 96}
model: {kind: decoder, width: 16, feed_forward: 32, decoder_layers: 1, positions: rotary, norm_order: pre,
  dropout: 0.1, max_length: 24}
task: {learning_rate: 1.0e-2, warmup: 5, samples: 1}
trainer: {max_steps: 12, val_check_interval: 6, accelerator: cpu, enable_progress_bar: false}
"""


@pytest.fixture
def language_recipe(tmp_path: Path) -> list[str]:
    """Arguments of a training on counting verses, without a run folder."""
    verses = "".join(f"{number % 10} green bottles\nhanging on the wall\n" for number in range(90))
    (tmp_path / "verses.txt").write_text(verses)
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return ["--config", str(tmp_path / "tiny.yaml"), "--data.files", str(tmp_path / "verses.txt")]


def test_a_language_model_learns_its_text(language_recipe: list[str], tmp_path: Path, capsys: Capsys) -> None:
    """A language model learns its text, and `evaluate` measures the score of its card."""
    folder = tmp_path / "run"
    steps = ["--trainer.max_steps=150", "--trainer.val_check_interval=75"]
    assert train([*language_recipe, "--run_dir", str(folder), *steps]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder / 'model'}\n" and "nats a character" in err
    generator = Generator.from_pretrained(folder / "model", device="cpu")
    assert generator.settings.to_json() == {"languages": ["en"], "ends": False}
    found = generator.generate("green bott", DecodeOptions(beam_size=1, max_length=12))
    assert found.text.startswith("les\nhanging ")
    card = (folder / "model" / "README.md").read_text()
    assert "pipeline_tag: text-generation" in card and "kind: decoder" in card
    text = (tmp_path / "verses.txt").read_text()
    (tmp_path / "valid.txt").write_text(text[int(0.9 * len(text)) :])
    assert (
        main(["evaluate", "--model", str(folder / "model"), "--text", str(tmp_path / "valid.txt"), "--json"])
        == 0
    )
    measured = json.loads(capsys.readouterr().out)["models"][0]["nats"]
    said = float(card.split(" nats a character on")[0].split()[-1])
    assert measured == pytest.approx(said, abs=1e-3), "evaluate and the card measure differently"
    assert measured < 1.0


def test_a_resumed_run_is_the_same_run(language_recipe: list[str], tmp_path: Path) -> None:
    """A resumed run has the same weights as an uninterrupted one, for both orders of windows."""
    for windows in ("random", "packed"):
        one, two = (str(tmp_path / f"{windows}{number}") for number in (1, 2))
        asked = [*language_recipe, f"--data.windows={windows}", "--task.schedule=constant"]
        assert train([*asked, "--run_dir", one]) == 0
        assert train([*asked, "--run_dir", two, "--trainer.max_steps=6"]) == 0
        assert train([*asked, "--run_dir", two, "--ckpt_path", "last"]) == 0
        states = [
            read_checkpoint(Path(run) / "checkpoints" / "last.ckpt")["state_dict"] for run in (one, two)
        ]
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_training_goes_on_from_a_language_model(language_recipe: list[str], tmp_path: Path) -> None:
    """With --init training starts from a language model's weights."""
    assert train([*language_recipe, "--run_dir", str(tmp_path / "one")]) == 0
    first = str(tmp_path / "one" / "model")
    steps = ["--trainer.max_steps=1", "--trainer.val_check_interval=1", "--task.learning_rate=0"]
    assert train([*language_recipe, "--run_dir", str(tmp_path / "two"), "--init", first, *steps]) == 0
    weights = [(tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("one", "two")]
    assert weights[0] == weights[1]


def test_the_wrong_kind_is_said(language_recipe: list[str], tmp_path: Path, capsys: Capsys) -> None:
    """Settings and models of the other kind are refused."""
    assert train([*language_recipe, "--data.source", "en"]) == 2
    assert "data.source" in capsys.readouterr().err
    assert train([*language_recipe, "--run_dir", str(tmp_path / "run"), "--init", "en-de"]) == 2
    assert "is no language model" in capsys.readouterr().err
    assert train([*language_recipe, "--run_dir", str(tmp_path / "run"), "--data.batch_tokens", "9"]) == 2
    assert "less than one window" in capsys.readouterr().err
