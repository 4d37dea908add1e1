"""Ablations: every row is a valid training of its own, and gains are over the recipe."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from seq2seq.config import ModelConfig
from train.arguments import TrainCLI
from train.run import resolve_configs


@pytest.fixture
def benchmark(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return importlib.import_module("ablations")


def test_every_row_is_a_training_of_its_own(benchmark: ModuleType) -> None:
    """Every row has a valid config, the same budget, and is no other row."""
    configs = ["--config", "quickstart", "--config", str(benchmark.HERE / "ablations.yaml")]
    seen = set()
    for variant in benchmark.VARIANTS:
        args, _ = resolve_configs([*configs, *variant.arguments])
        cli = TrainCLI(args)
        ModelConfig(8000, **vars(cli.sections.model))
        seen.add(yaml.safe_dump(yaml.safe_load(cli.parser.dump(cli.config, skip_unset=False))))
        assert cli.config.trainer.max_steps == 1500 and cli.config.data.batch_tokens == 1024
    assert len(seen) == len(benchmark.VARIANTS) == len({variant.name for variant in benchmark.VARIANTS})
    assert benchmark.VARIANTS[0].arguments == ()


def test_gains_are_over_the_recipe(benchmark: ModuleType) -> None:
    """Gains are differences of means over the seeds to the recipe's row."""
    rows = {
        "R-Drop 5": {"bleu": {"1": 31.0, "2": 33.0}, "minutes": 11.6},
        "the recipe": {"bleu": {"1": 30.0, "2": 31.0}, "minutes": 6.4},
    }
    assert benchmark.table(rows).splitlines()[2:] == [
        "| the recipe | 30.50 (30.00 to 31.00) | - | 6 |",
        "| R-Drop 5 | 32.00 (31.00 to 33.00) | +1.50 | 12 |",
    ]


def test_a_row_of_a_stopped_study_is_not_measured_yet(benchmark: ModuleType) -> None:
    """A row without minutes is printed with a dash."""
    rows = {"the recipe": {"bleu": {"1": 30.0}, "minutes": 6.4}, "R-Drop 5": {"bleu": {"1": 31.0}}}
    assert benchmark.table(rows).splitlines()[3] == "| R-Drop 5 | 31.00 | +1.00 | - |"


def test_the_page_has_a_place_for_the_table(benchmark: ModuleType, repository: Path) -> None:
    """The page has the markers between which the table is written."""
    benchmark.around_markers(repository / "docs" / "results.md", benchmark.MARKERS)
