"""Training from the model of --init: shape, lengths and facts, also in a resumed run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning")

from training_process import train

from seq2seq.config import ModelConfig
from seq2seq.data_to_text.codec import FactsCodec
from seq2seq.data_to_text.facts import FactsForm
from seq2seq.storage.model_directory import load_model
from seq2seq.storage.settings import Settings
from train.arguments import TrainCLI
from train.command import TrainingRun
from train.data.examples import Example
from train.data.fact_pairs import learn_form
from train.initialization import Initialization
from train.run import RunFolder

FACTS = FactsForm(["name"], {"food": ["Italian", "French"], "area": ["riverside"]})


@pytest.fixture
def first(recipe: list[str], tmp_path: Path) -> list[str]:
    """`--init` of a model trained on texts of some words, with rotary positions."""
    run = str(tmp_path / "first")
    assert train([*recipe, "--run_dir", run, "--model.positions=rotary", "--trainer.max_steps=2"]) == 0
    return ["--init", f"{run}/model"]


def longest(directory: Path) -> tuple[int, int]:
    """Return the longest source and target of a model's training."""
    settings = load_model(directory).settings
    return settings.longest_source, settings.longest_target


@pytest.mark.parametrize("stopped", [False, True])
def test_a_model_that_learned_from_short_texts_still_reads_long_ones(
    recipe: list[str], first: list[str], tmp_path: Path, stopped: bool
) -> None:
    """A model fine-tuned on short texts still reads long ones, also after resuming."""
    args = [*recipe, *first, "--run_dir", str(tmp_path / "second"), "--trainer.max_steps=3"]
    rows = [json.dumps({"en": f"a dog {n}", "de": f"{n} dog a"}) for n in range(40)]
    (tmp_path / "short.jsonl").write_text("\n".join(rows) + "\n")
    args += ["--data.files", str(tmp_path / "short.jsonl")]
    assert train(args) == 0
    if stopped:
        args[args.index("--init") : args.index("--init") + 2] = ["--ckpt_path", "last"]
        assert train([*args, "--trainer.max_steps=4"]) == 0
    assert longest(tmp_path / "second" / "model") == longest(tmp_path / "first" / "model")


def test_config_yaml_of_a_resumed_run_trains_the_same_again(
    recipe: list[str], first: list[str], tmp_path: Path
) -> None:
    """The config.yaml of a resumed run trains the same weights again."""
    run = ["--run_dir", str(tmp_path / "second")]
    assert train([*recipe, *first, *run, "--trainer.max_steps=3"]) == 0
    config = tmp_path / "second" / "config.yaml"
    before = config.read_text()
    assert train([*recipe, *run, "--trainer.max_steps=3", "--ckpt_path=last"]) == 0
    assert config.read_text() == before
    assert f"init: {first[1]}" in before and "positions: rotary" in before and "ckpt_path: null" in before
    assert train(["--config", str(config), "--run_dir", str(tmp_path / "again")]) == 0
    weights = [(tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("second", "again")]
    assert weights[0] == weights[1]


def test_plain_data_and_back() -> None:
    """The start of a run is stored as plain data and read back."""
    shape = ModelConfig(50, width=64)
    settings = Settings(["en"], ["en"], 30, 20, codec=FactsCodec(FACTS))
    start = Initialization.of("en-de", shape, settings)
    kept = Initialization.from_json(json.loads(json.dumps(start.to_json(shape))))
    assert kept == Initialization(shape, "the checkpoint", "en-de", (30, 20), FACTS)
    assert Initialization.from_json(Initialization().to_json(shape)) == Initialization(shape)


def test_facts_that_a_model_knew_keep_their_order() -> None:
    """Slots and values of the model of --init keep their order; new ones follow."""
    pairs = [Example("name[A], area[centre], food[French], rating[5]", "A.", "en", "en")]
    form = learn_form(pairs, ["name"], FACTS)
    values = {"food": ["Italian", "French"], "area": ["riverside", "centre"], "rating": ["5"]}
    assert form == FactsForm(["name"], values) and form.order == ["name", "food", "area", "rating"]
    assert FACTS.values["area"] == ["riverside"]
    with pytest.raises(
        ValueError, match=r"data.copied is \['near'\], but the model of --init has \['name'\]"
    ):
        learn_form(pairs, ["near"], FACTS)


def test_a_model_of_facts_does_not_go_on_with_texts(recipe: list[str], tmp_path: Path) -> None:
    """A model of facts is refused for plain texts."""
    cli = TrainCLI([*recipe, "--run_dir", str(tmp_path / "run")])
    run = TrainingRun(cli, RunFolder(tmp_path / "run"))
    run.data.start_model = Initialization(facts=FACTS)
    with pytest.raises(ValueError, match=r"reads facts; set data.form to facts and data.copied to \[name\]"):
        run.data.load()


def test_a_second_process_reads_the_tokens_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process reads the token files of the first and does not write them."""
    from train.data.language_module import LanguageData, TextSettings

    (tmp_path / "text.txt").write_text("a dog plays in the snow.\n" * 200)
    settings = TextSettings(
        files=[str(tmp_path / "text.txt")], vocabulary_size=40, subwords="char", batch_tokens=64
    )
    written: Any = LanguageData(settings, 16, 1, tmp_path)
    written.load()
    before = (tmp_path / "train.tokens").stat().st_ino
    monkeypatch.setenv("LOCAL_RANK", "1")
    read: Any = LanguageData(settings, 16, 1, tmp_path)
    read.load(written.tokenizer)
    assert (tmp_path / "train.tokens").stat().st_ino == before and read.report == written.report
    assert read.characters_a_token == written.characters_a_token


def test_a_model_without_placeholders_learns_them(
    recipe: list[str], first: list[str], tmp_path: Path
) -> None:
    """With masked copies the vocabulary of --init grows, also in a resumed run; they are reported."""
    run = tmp_path / "second"
    args = [*recipe, "--data.masked=1.0", "--run_dir", str(run)]
    assert train([*args, *first, "--trainer.max_steps=2"]) == 0
    assert train([*args, "--ckpt_path", "last", "--trainer.max_steps=3"]) == 0
    before, after = (load_model(directory) for directory in (first[1], run / "model"))
    assert len(after.tokenizer) == len(before.tokenizer) + 12 == after.model.config.vocabulary_size
    assert list(after.tokenizer.placeholders) == [f"⟦{number + 1}⟧" for number in range(12)]
    assert re.search(r"; \d+ copies with placeholders", after.card)
