"""The attention overlays combine with each recipe and with each other, are found by name, and train."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.storage.model_directory import make_model
from train.arguments import TrainCLI
from train.run import find_config, model_kind

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
RECIPES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
OVERLAYS = sorted(path.stem for path in (CONFIGS / "attention").glob("*.yaml"))


def section(name: str) -> dict[str, Any]:
    """Return the settings of an overlay's section `model`."""
    return yaml.safe_load((CONFIGS / "attention" / f"{name}.yaml").read_text(encoding="utf-8"))["model"]


def test_an_overlay_is_found_by_its_name() -> None:
    """An overlay is found by its name with or without the ending, from any folder."""
    for name in OVERLAYS:
        path = CONFIGS / "attention" / f"{name}.yaml"
        assert find_config(f"attention/{name}") == find_config(f"attention/{name}.yaml") == path


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_overlay_trains_on_every_recipe(recipe: str) -> None:
    """The command line takes a recipe with each overlay, and their model runs two steps."""
    for overlay in OVERLAYS:
        assert_trains(recipe, overlay)


def assert_trains(recipe: str, overlay: str) -> None:
    """Build a model of a recipe and an overlay, and update it twice."""
    paths = [str(find_config(name)) for name in (recipe, f"attention/{overlay}.yaml")]
    corpus = ["--data.name", "a folder"]
    if model_kind(["--config", paths[0]]) == "encoder_decoder":
        for own in ("files", "valid_files", "held_out", "also"):
            corpus += [f"--data.{own}", "[]"]
    cli = TrainCLI(["--config", paths[0], "--config", paths[1], *corpus])
    config = ModelConfig(23, **vars(cli.sections.model))
    for name, values in section(overlay).items():
        if name != "positions":
            own = vars(getattr(config, name))
            assert values.items() <= own.items() and getattr(config, name) != AttentionConfig(), (
                recipe,
                overlay,
            )
    torch.manual_seed(1)
    model = make_model(config)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        tokens = torch.randint(4, 23, (2, 9))
        output = model(tokens) if isinstance(model, LanguageModel) else model(tokens, tokens)
        loss = output.logits.logsumexp(-1).mean()
        loss.backward()
        optimizer.step()
    assert loss.isfinite(), (recipe, overlay)


def test_every_overlay_resets_what_it_excludes() -> None:
    """Of two overlays the later one wins and does not contradict what the earlier set."""
    for first, second in itertools.permutations(OVERLAYS, 2):
        merged = dict(section(first))
        for name, values in section(second).items():
            merged[name] = {**merged.get(name, {}), **values} if isinstance(values, dict) else values
        ModelConfig.from_json({"vocabulary_size": 23, **merged})


def test_every_overlay_stands_on_rotary_positions() -> None:
    """A recipe with rotary positions takes every overlay, also those that exclude them."""
    for name in OVERLAYS:
        ModelConfig.from_json({"vocabulary_size": 23, "positions": "rotary", **section(name)})
