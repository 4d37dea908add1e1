"""The attention overlays: each stacks on each recipe and on each other, by its bare name, and trains."""

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
    """What an overlay sets of the model."""
    return yaml.safe_load((CONFIGS / "attention" / f"{name}.yaml").read_text(encoding="utf-8"))["model"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_is_found_by_its_name(name: str) -> None:
    """With or without its ending, from any folder."""
    path = CONFIGS / "attention" / f"{name}.yaml"
    assert find_config(f"attention/{name}") == find_config(f"attention/{name}.yaml") == path


@pytest.mark.parametrize(("recipe", "overlay"), list(itertools.product(RECIPES, OVERLAYS)))
def test_every_overlay_trains_on_every_recipe(recipe: str, overlay: str) -> None:
    """The command line would refuse the two together, or their model would not run two steps."""
    paths = [str(find_config(name)) for name in (recipe, f"attention/{overlay}.yaml")]
    corpus = ["--data.name", "a folder"]
    if model_kind(["--config", paths[0]]) == "encoder_decoder":
        for own in ("files", "valid_files", "held_out", "also"):
            corpus += [f"--data.{own}", "[]"]
    cli = TrainCLI(["--config", paths[0], "--config", paths[1], *corpus])
    config = ModelConfig(23, **vars(cli.sections.model))
    for name, values in section(overlay).items():
        if name != "positions":
            found = vars(getattr(config, name))
            assert values.items() <= found.items() and getattr(config, name) != AttentionConfig()
    torch.manual_seed(1)
    model = make_model(config)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        tokens = torch.randint(4, 23, (2, 9))
        output = model(tokens) if isinstance(model, LanguageModel) else model(tokens, tokens)
        loss = output.logits.logsumexp(-1).mean()
        loss.backward()
        optimizer.step()
    assert loss.isfinite()


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(OVERLAYS, 2)))
def test_every_overlay_resets_what_it_excludes(first: str, second: str) -> None:
    """The later of two must win, not be refused beside what the earlier left."""
    merged = dict(section(first))
    for name, values in section(second).items():
        merged[name] = {**merged.get(name, {}), **values} if isinstance(values, dict) else values
    ModelConfig.from_json({"vocabulary_size": 23, **merged})


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_overlay_stands_on_rotary_positions(name: str) -> None:
    """A recipe with rotary positions must take an overlay that excludes them."""
    ModelConfig.from_json({"vocabulary_size": 23, "positions": "rotary", **section(name)})
