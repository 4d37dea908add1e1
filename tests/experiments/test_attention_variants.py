"""Comparison of attention variants: every row is a valid model of its own, and its numbers are measured."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.transformer import Transformer
from train.arguments import TrainCLI
from train.run import resolve_configs

TINY = {
    "data": {"vocabulary_size": 60, "batch_tokens": 64, "valid_sentences": 4},
    "model": {"width": 8, "feed_forward": 16, "encoder_layers": 1, "decoder_layers": 1, "max_length": 128},
    "task": {"warmup": 5, "samples": 0},
    "trainer": {"max_steps": 4, "val_check_interval": 4, "accelerator": "cpu"},
}
ROW = {"bleu": {"1": 30.0}, "signature": "s", "parameters": 1234, "target_bytes": 512.0, "source_bytes": 8.0}


@pytest.fixture
def benchmark(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    monkeypatch.setenv("PYTHONPATH", str(repository))
    return importlib.import_module("attention_variants")


@pytest.fixture
def recipe(tmp_path: Path, sentences: list[str]) -> Path:
    """Recipe of a training of four updates on forty pairs."""
    for name, part in (("train", sentences[:40]), ("valid", sentences[40:44])):
        rows = [json.dumps({"en": text, "de": text.upper()}) for text in part]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    files = {"files": str(tmp_path / "train.jsonl"), "valid_files": str(tmp_path / "valid.jsonl")}
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps({**TINY, "data": {**TINY["data"], **files}}))  # JSON is YAML
    return path


def shape_of(benchmark: ModuleType, variant) -> ModelConfig:
    """Return the model config of a variant on the recipe of the table."""
    configs = ["--config", "quickstart", "--config", str(benchmark.HERE / "attention_variants.yaml")]
    args, _ = resolve_configs([*configs, *variant.arguments])
    return ModelConfig(4000, **vars(TrainCLI(args).sections.model))


def test_every_row_is_a_model_of_its_own(benchmark: ModuleType) -> None:
    """Every variant has a valid model config that no other has."""
    shapes = [shape_of(benchmark, variant) for variant in benchmark.VARIANTS]
    assert len(set(shapes)) == len(shapes) == len({variant.name for variant in benchmark.VARIANTS})
    assert shapes[0].decoder_attention == AttentionConfig()


def test_bytes_are_in_proportion(benchmark: ModuleType) -> None:
    """Cached bytes: GQA a half of MHA, MQA a quarter, MLA at most a quarter with its rotary key."""
    sizes = {}
    for variant in benchmark.VARIANTS:
        if variant.name in ("MHA", "GQA", "MQA", "MLA", "MLA, rotary", "linear"):
            sizes[variant.name] = benchmark.measure_size(Transformer(shape_of(benchmark, variant)))
    target = {name: size["target_bytes"] / sizes["MHA"]["target_bytes"] for name, size in sizes.items()}
    assert sizes["MHA"]["target_bytes"] == 2 * 2 * 128 * 4  # layers, keys and values, width, bytes
    assert (target["GQA"], target["MQA"], target["MLA"]) == (1 / 2, 1 / 4, 1 / 8)
    assert target["MLA"] < target["MLA, rotary"] <= 1 / 4
    assert sizes["linear"]["target_bytes"] == sizes["linear"]["source_bytes"] < sizes["MHA"]["target_bytes"]


def test_a_row_is_trained_judged_and_kept(benchmark: ModuleType, recipe: Path, tmp_path: Path) -> None:
    """A row is trained in a process, scored and saved; a second study does nothing again."""
    variant = benchmark.Variant(
        "MQA, rotary", ("--config", "attention/mqa.yaml", "--model.positions", "rotary")
    )
    study = benchmark.Study(tmp_path / "study", [str(recipe)], [3])
    assert "--ckpt_path" not in study.command(variant, 3)
    study.run([variant])
    benchmark.measure(study, [variant], 0)
    assert study.command(variant, 3)[-2:] == ["--ckpt_path", "last"]
    row = study.rows["MQA, rotary"]
    assert row["bleu"].keys() == {"3"} and row["signature"].startswith("nrefs:1") and row["parameters"] > 500

    again = benchmark.Study(tmp_path / "study", [str(recipe)], [3])
    assert again.rows == study.rows
    again.train = again.save = None  # what is there already must not be done again
    again.run([variant])


def test_a_model_that_is_there_is_not_trained(benchmark: ModuleType, recipe: Path, tmp_path: Path) -> None:
    """A finished model is used without another training."""
    study = benchmark.Study(tmp_path, [str(recipe)], [1])
    directory = study.model(benchmark.VARIANTS[0], 1)
    directory.mkdir(parents=True)
    (directory / "config.json").write_text("{}")
    study.command = None
    assert study.train(benchmark.VARIANTS[0], 1) == directory


def test_rows_of_other_settings_are_not_mixed(benchmark: ModuleType, recipe: Path, tmp_path: Path) -> None:
    """A folder with other settings is an error."""
    study = benchmark.Study(tmp_path, [str(recipe)], [1])
    study.save()
    recipe.write_text(recipe.read_text().replace('"max_steps": 4', '"max_steps": 5'))
    with pytest.raises(ValueError, match="is of other settings; choose another --folder"):
        benchmark.Study(tmp_path, [str(recipe)], [1])


def test_a_training_that_fails_ends_the_study(benchmark: ModuleType, recipe: Path, tmp_path: Path) -> None:
    """A training that ends with an error is reported with its exit code, and nothing is scored."""
    study = benchmark.Study(tmp_path, [str(recipe)], [1])
    study.command = lambda variant, seed: [
        sys.executable,
        "-c",
        f"raise SystemExit({len(variant.arguments)})",
    ]
    with pytest.raises(ChildProcessError, match="the training of odd ended with 2"):
        study.train(benchmark.Variant("odd", ("--model.no_such_field", "1")), 1)


def test_the_table_has_a_line_a_row(benchmark: ModuleType) -> None:
    """Numbers stand in the columns of their names; missing ones are dashes."""
    speeds = {"training": [0.9, 1.0, 1.1], "decoding": [1.9, 2.0, 2.1]}
    seeds = {**ROW, "bleu": {"1": 30.0, "2": 32.0}, "speeds": speeds}
    stopped = {"bleu": {"1": 29.0}, "signature": "s"}
    lines = benchmark.table({"GQA": seeds, "MHA": ROW, "MQA": stopped}).splitlines()
    assert lines[4] == "| MQA | - | 29.00 | - | - | - | - |"
    assert lines[2] == "| MHA | 1,234 | 30.00 | - | - | 512 | 8 |"
    assert lines[3] == (
        "| GQA | 1,234 | 31.00 (30.00 to 32.00) | 1.00 (0.90 to 1.10) | 2.00 (1.90 to 2.10) | 512 | 8 |"
    )


def test_the_table_takes_its_place_in_a_page(benchmark: ModuleType, tmp_path: Path) -> None:
    """The text between the markers is replaced, the rest stays."""
    page, (first, last) = tmp_path / "page.md", benchmark.MARKERS
    page.write_text(f"before\n{first}\nold\n{last}\nafter\n")
    benchmark.write_between_markers(page, benchmark.MARKERS, "new")
    assert page.read_text() == f"before\n{first}\nnew\n{last}\nafter\n"
    page.write_text("before")
    with pytest.raises(ValueError, match="add these two lines"):
        benchmark.write_between_markers(page, benchmark.MARKERS, "new")


def test_an_unknown_variant_is_named(benchmark: ModuleType) -> None:
    """An unknown name is an error that lists the variants; the reference is always included."""
    with pytest.raises(ValueError, match="--only 'GQQ' is no variant; they are MHA, GQA"):
        benchmark.chosen(benchmark.VARIANTS, ["GQQ"])
    assert [variant.name for variant in benchmark.chosen(benchmark.VARIANTS, ["MLA"])] == ["MHA", "MLA"]


def test_speeds_are_of_the_same_work(benchmark: ModuleType) -> None:
    """Each variant writes the same number of tokens, and an update changes all weights."""
    speed = importlib.import_module("variant_speed")
    shape = ModelConfig(60, width=8, feed_forward=8, encoder_layers=1, decoder_layers=1)
    contestant, batch = speed.Contestant(shape), speed.random_batch(60, 1)
    steps: list[int] = []
    step = contestant.model.step
    contestant.model.step = lambda tokens, state: steps.append(len(tokens)) or step(tokens, state)
    before = [parameter.clone() for parameter in contestant.model.parameters()]
    contestant.translate(batch)
    assert steps == [speed.ROWS] * speed.WRITTEN
    contestant.update(batch)
    changed = [not torch.equal(a, b) for a, b in zip(before, contestant.model.parameters(), strict=True)]
    assert all(changed)
    assert speed.compare_speeds({"one": shape}, 2)["one"].training.middle > 0
