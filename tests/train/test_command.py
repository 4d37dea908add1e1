"""`seq2seq train`, from its command line to its model directory."""

import json
import re
from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")

from training_process import train

from seq2seq.config import ModelConfig
from seq2seq.storage.model_directory import load_model
from train.allocator import keep_freed_memory, release_freed_memory
from train.arguments import TrainCLI
from train.command import TrainingRun
from train.initialization import Initialization
from train.run import RunFolder

Capsys = pytest.CaptureFixture[str]


def test_a_training_ends_in_a_model_directory(recipe: list[str], tmp_path: Path, capsys: Capsys) -> None:
    """A training prints its model directory, which has model, settings and card."""
    folder = tmp_path / "run"
    assert train([*recipe, "--run_dir", str(folder), "--task.samples=1"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder / 'model'}\n"
    assert err.splitlines()[0] == "corpus: 40 of 40 pairs kept; dropped: none"
    assert "update 6, " in err and "update 12, " in err and "reference: " in err
    model, tokenizer, settings, *_ = load_model(folder / "model")
    assert len(tokenizer) == model.config.vocabulary_size == 60
    assert settings.source_languages == ["en"] and settings.target_languages == ["de"]
    head = settings.alignment
    assert f"alignment head {head.layer}.{head.head} (read at the token's {head.read}): agreement" in err
    card = (folder / "model" / "README.md").read_text()
    for part in (
        "sacreBLEU | ",
        "| 12 | ",
        f"Alignment head {head.layer}.{head.head} (read at the token's {head.read}): agreement ",
        "vocabulary_size: 60",
    ):
        assert part in card
    written = {path.name for path in folder.iterdir()}
    assert written == {"config.yaml", "tokenizer.model", "logs", "checkpoints", "model"}


def test_loggers_and_callbacks_are_added(recipe: list[str], tmp_path: Path) -> None:
    """A logger and a callback of the command line stand beside ours, which log rates, norms and speed."""
    own = tmp_path / "own"
    flags = [
        "--trainer.logger=CSVLogger",
        f"--trainer.logger.save_dir={own}",
        "--trainer.log_every_n_steps=1",
    ]
    flags += ["--trainer.callbacks=LearningRateMonitor", "--task.learning_rate=0.5"]
    assert train([*recipe, "--run_dir", str(tmp_path / "run"), *flags]) == 0
    (theirs,), (ours,) = own.rglob("metrics.csv"), (tmp_path / "run" / "logs").rglob("metrics.csv")
    header, *rows = [line.split(",") for line in ours.read_text().splitlines()]
    assert {"train_loss", "learning_rate", "gradient_norm", "tokens_per_second"} <= set(header)
    steps = [dict(zip(header, row, strict=True)) for row in rows if row[header.index("gradient_norm")]]
    assert len(steps) == 12
    assert all(float(step["gradient_norm"]) > 0 and float(step["tokens_per_second"]) > 0 for step in steps)
    assert float(steps[-1]["learning_rate"]) > float(steps[0]["learning_rate"]), "the rate is being warmed up"
    assert any(name.startswith("lr-") for name in theirs.read_text().splitlines()[0].split(","))


def test_logs_can_be_left_out(recipe: list[str], tmp_path: Path) -> None:
    """Without loggers a run writes no logs."""
    cli = TrainCLI([*recipe, "--trainer.logger=false"])
    assert TrainingRun(cli, RunFolder(tmp_path / "run")).trainer.loggers == []


def test_emulated_precision_is_told(
    recipe: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A processor without bfloat16 instructions would train many times slower in silence."""
    from train.command import precision_note

    for precision, has_instructions in (("bf16-mixed", False), ("bf16-mixed", True), ("32-true", False)):
        monkeypatch.setattr(
            torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda known=has_instructions: known
        )
        cli = TrainCLI([*recipe, f"--trainer.precision={precision}"])
        note = precision_note(TrainingRun(cli, RunFolder(tmp_path / "run")).trainer)
        assert bool(note) == (precision == "bf16-mixed" and not has_instructions)


def test_resolved_settings_train_the_same_model_again(recipe: list[str], tmp_path: Path) -> None:
    """The config.yaml of a run trains the same weights again."""
    assert train([*recipe, "--run_dir", str(tmp_path / "one"), "--data.sampling=0.1"]) == 0
    config = str(tmp_path / "one" / "config.yaml")
    assert train(["--config", config, "--run_dir", str(tmp_path / "two")]) == 0
    weights = [(tmp_path / name / "model/model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


def test_training_goes_on_from_a_model(recipe: list[str], tmp_path: Path, capsys: Capsys) -> None:
    """With --init training starts from a model's weights and vocabulary; another shape is refused."""
    assert train([*recipe, "--run_dir", str(tmp_path / "first")]) == 0
    first = str(tmp_path / "first" / "model")
    (tmp_path / "own.tsv").write_text("en\tde\n" + "".join(f"a dog {n}\tein Hund {n}\n" for n in range(50)))
    (tmp_path / "tune.yaml").write_text(
        "task: {learning_rate: 0}\nmodel: {dropout: 0.5}\ntrainer: {max_steps: 2, val_check_interval: 1, "
        "accelerator: cpu}\n"
    )
    args = ["--config", str(tmp_path / "tune.yaml"), "--data.files", str(tmp_path / "own.tsv")]
    assert train([*args, "--init", first, "--run_dir", str(tmp_path / "second")]) == 0
    assert "3 more split off for validation" in capsys.readouterr().err
    before, after = load_model(first), load_model(tmp_path / "second" / "model")
    assert after.tokenizer.to_bytes() == before.tokenizer.to_bytes()
    assert after.model.config.dropout == 0.5
    # By the last part of its path: a card is published, the layout of this disk is not.
    assert "The run began with the weights of `model`." in after.card and "began with" not in before.card
    for name, tensor in before.model.state_dict().items():
        assert torch.equal(tensor, after.model.state_dict()[name]), name
    assert train([*args, "--init", first, "--run_dir", str(tmp_path / "third"), "--model.width=64"]) == 2
    assert "model.width is 64, but the model of --init has 8; leave it out" in capsys.readouterr().err


def test_a_recipe_may_repeat_the_shape_of_the_model_it_goes_on_from() -> None:
    """A recipe may set the shape that the model of --init has."""
    start = Initialization(ModelConfig(50, width=64, dropout=0.3))
    continued = ModelConfig(50, width=64, dropout=0.1)
    assert start.continued(ModelConfig(4, width=64)) == start.continued(ModelConfig(4)) == continued


@pytest.mark.parametrize("algorithm", ["norm", "value"])
def test_gradients_are_clipped_in_mixed_precision(recipe: list[str], tmp_path: Path, algorithm: str) -> None:
    """Gradients are clipped by norm and by value in bf16-mixed precision."""
    args = [*recipe, "--trainer.precision=bf16-mixed", "--task.schedule=constant", "--task.warmup=1"]
    weights = []
    for name, more in (("plain", []), ("clipped", ["--trainer.gradient_clip_val=1e-9"])):
        run = ["--run_dir", str(tmp_path / name), "--trainer.gradient_clip_algorithm", algorithm]
        assert train([*args, *run, *more]) == 0
        weights.append(load_model(tmp_path / name / "model").model.state_dict())
    assert any(not torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


@pytest.mark.parametrize(("monitor", "mode"), [("valid_loss", "min"), ("valid_chrf", "max")])
def test_a_training_stops_by_what_it_monitors(
    recipe: list[str], tmp_path: Path, monitor: str, mode: str
) -> None:
    """Early stopping minimizes losses and maximizes scores."""
    cli = TrainCLI([*recipe, "--early_stopping.monitor", monitor])
    run = TrainingRun(cli, RunFolder(tmp_path / "run"))
    assert [each.mode for each in run.trainer.early_stopping_callbacks] == [mode]


WRONG = [
    (["--early_stopping.monitor=valid_blue"], "choose one of valid_loss, valid_perplexity, valid_bleu"),
    (["--trainer.limit_train_batches=3"], "set trainer.max_steps instead"),
    (["--task.lerning_rate=1"], "did you mean task.learning_rate? seq2seq train --help lists them all"),
    (["--data.nmae", "x"], "did you mean data.name?"),
    (["--trainer.max_step", "3"], "did you mean trainer.max_steps?"),
    (["--data.learning_rate", "3"], "did you mean task.learning_rate?"),
    (["--nothing.like.it", "3"], "--nothing.like.it 3; seq2seq train --help lists them all"),
    (["--task.schedule", "linaer"], "task.schedule is 'linaer'; choose inverse_sqrt or linear"),
    (["--data.batch_tokens", "many"], "batch_tokens"),
    (["--trainer.max_epochs", "3"], "set trainer.max_steps instead"),
    (["--model.dropout", "1.5"], "dropout is 1.5"),
    (["--model.cross_attention.heads", "3"], "heads is 3"),
    (["--task.label_smoothing", "1"], "task.label_smoothing is 1.0"),
    (["--checkpoints.average", "0"], "checkpoints.average is 0"),
    (["--data.vocabulary_size", "100000"], "vocabulary_size is 100000"),
    (["--init", "no-such-model"], "no-such-model"),
    (["--config", "no-such-recipe"], "the recipes are correct, e2e, en-zh, finetune, multi30k-de-en"),
    (["--run_dir"], "run_dir"),
]


@pytest.mark.parametrize(("flags", "named"), WRONG, ids=lambda value: "".join(value))
def test_a_wrong_command_line_is_one_sentence(
    recipe: list[str], tmp_path: Path, capsys: Capsys, flags: list[str], named: str
) -> None:
    """A wrong command line is one sentence that names the mistake; no folder is made."""
    assert train([*recipe, "--run_dir", str(tmp_path / "run"), *flags]) == 2
    out, err = capsys.readouterr()
    assert not out and named in err and err.startswith("seq2seq: ") and "Traceback" not in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("corpus: {name: x}\n", "corpus"),
        ("data: {nmae: x}\n", "did you mean data.name?"),
        ("dta: {name: x}\n", "did you mean data.name?"),
        ("data: {also: [{colums: [a, b]}]}\n", "did you mean columns?"),
        ("data: [1\n", "mine.yaml"),
        ("task: {warmup: soon}\n", "warmup"),
        ("hello\n", "mine.yaml"),
        ("data: [x]\n", "mine.yaml"),
    ],
)
def test_a_wrong_recipe_is_one_sentence(
    recipe: list[str], tmp_path: Path, capsys: Capsys, text: str, named: str
) -> None:
    """A wrong recipe is one sentence that names the key or the file."""
    (tmp_path / "mine.yaml").write_text(text)
    assert train([*recipe, "--config", str(tmp_path / "mine.yaml")]) == 2
    err = capsys.readouterr().err
    assert named in err and len(err.splitlines()) == 1


def test_fine_tuning_needs_a_model(tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the recipe for fine-tuning trained a model from random weights without --init."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.tsv").write_text("en\tde\n" + "".join(f"a dog {n}\tein Hund {n}\n" for n in range(50)))
    assert train(["--config", "finetune", "--data.files", "own.tsv"]) == 2
    err = capsys.readouterr().err
    assert "--init is missing: finetune trains a model further; name one, such as --init en-de" in err
    assert [path.name for path in tmp_path.iterdir()] == ["own.tsv"]
    assert train(["--init", "none-such", "--config", "finetune", "--data.files", "own.tsv"]) == 2
    assert "none-such" in capsys.readouterr().err, "a flag before the recipe counts, too"


def test_no_config_is_said(capsys: Capsys) -> None:
    """Without --config an error says so."""
    assert train([]) == 2
    assert "--config is missing" in capsys.readouterr().err


def test_a_bad_corpus_stops_before_the_first_step(recipe: list[str], tmp_path: Path, capsys: Capsys) -> None:
    """A malformed line of the corpus is an error before training begins."""
    (tmp_path / "bad.jsonl").write_text(json.dumps({"en": "a", "de": "b"}) + "\n{\n")
    args = [*recipe, "--run_dir", str(tmp_path / "run"), "--data.files", str(tmp_path / "bad.jsonl")]
    assert train(args) == 2
    err = capsys.readouterr().err
    assert "bad.jsonl, line 2: not JSON" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_recipe_whose_files_are_not_there_says_where_they_come_from(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error for a recipe's missing files refers to the recipe's first lines."""
    monkeypatch.chdir(tmp_path)
    assert train(["--config", "multi30k-en-fr"]) == 2
    err = capsys.readouterr().err
    assert re.search(r"cannot read dataset/\S+: .*; the first lines of \S+multi30k-en-fr.yaml say where", err)
    assert train(["--config", "multi30k-en-fr", "--data.files", "[a.en, a.fr]"]) == 2
    err = capsys.readouterr().err
    assert "check the path" in err and "first lines" not in err


def test_help_tells_of_every_setting_and_of_recipes(capsys: Capsys) -> None:
    """The help describes every setting of both kinds of model."""
    assert train(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "seq2seq train --config text --help" in shown and "A shipped recipe by its name" in shown
    for section in ("data", "model", "task", "checkpoints"):
        bare = re.findall(rf"--{section}\.[\w.]+ [^-]*?(?<!\.) \(type: ", shown)
        assert not bare, bare
    assert train(["--config", "text", "--help"]) == 0
    assert "--data.windows" in capsys.readouterr().out


def test_keeping_freed_memory_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting the allocator twice, or without glibc, does no harm."""
    keep_freed_memory()
    keep_freed_memory()
    release_freed_memory()
    assert torch.ones(1 << 20).sum() == 1 << 20

    def no_library(name: object) -> None:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", no_library)
    keep_freed_memory()
    release_freed_memory()


def test_the_document_names_settings_that_exist(repository: Path) -> None:
    """Every setting that docs/training.md names exists."""
    named = re.findall(
        r"\b(?:data|model|task|checkpoints|early_stopping|trainer)\.[a-z_]+\b",
        re.sub(r"\w+\.(model|safetensors)\b", "", (repository / "docs" / "training.md").read_text()),
    )
    known = TrainCLI(["--data.name", "x"]).parser.format_help()
    assert len(named) > 20
    for name in named:
        assert f"--{name} " in known, name
