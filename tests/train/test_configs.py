"""Every recipe and every overlay trains: small, on a folder laid out like the hub's data set.

Each recipe trains alone and with one overlay, so that each overlay trains with some recipe. All recipes with
all overlays are combined in `test_overlays`, without the rest of a training.
"""

import itertools
import json
from pathlib import Path

import pytest
import yaml

pytest.importorskip("lightning")

from training_process import train

from train.run import model_kind, recipe_folders

FOLDER = recipe_folders()[0]
RECIPES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
OVERLAYS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.yaml"))
WITH_OVERLAY = list(zip(RECIPES, itertools.cycle(OVERLAYS)))

FACTS = ["e2e"]  # recipes of facts
KINDS = {name: model_kind(["--config", str(FOLDER / f"{name}.yaml")]) for name in RECIPES}

SMALLER = {
    "data": {"subset": None, "vocabulary_size": 60, "batch_tokens": 128},
    "model": {"width": 16, "feed_forward": 16, "encoder_layers": 1, "decoder_layers": 1},
    "trainer": {"max_steps": 2, "val_check_interval": 1, "accelerator": "cpu", "max_time": None},
}


def columns(recipe: str) -> list[str]:
    """Return the column names of source and target in a recipe's data set."""
    data = yaml.safe_load((FOLDER / f"{recipe}.yaml").read_text(encoding="utf-8"))["data"]
    return data.get("columns") or ["en", "de"]


@pytest.fixture
def hub_folder(tmp_path: Path, sentences: list[str], recipe: str) -> Path:
    """A folder that `datasets` reads as it reads the recipe's data set."""
    source, target = columns(recipe)
    folder = tmp_path / "multi30k"
    folder.mkdir()
    for name, part in (("train", sentences[:40]), ("val", sentences[40:44]), ("test", sentences[44:48])):
        turned = [" ".join(reversed(text.split())) for text in part]
        rows = [
            json.dumps({source: text, **dict.fromkeys((target, "fr", "cs", "zh"), other)})
            for text, other in zip(part, turned, strict=True)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def facts_folder(tmp_path: Path) -> Path:
    """A folder that `datasets` reads as it reads a table of facts and sentences."""
    folder = tmp_path / "e2e"
    folder.mkdir()
    for name, numbers in (("train", range(40)), ("validation", range(40, 44))):
        rows = [
            {
                "meaning_representation": f"name[The {n}], food[{food}], area[riverside], near[Café {n}]",
                "human_reference": f"Close to Café {n}, by the river, you find The {n} with {food} food.",
            }
            for n, food in zip(numbers, itertools.cycle(["French", "Italian", "Chinese"]))
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize(("recipe", "overlay"), [*((name, None) for name in RECIPES), *WITH_OVERLAY])
def test_recipe_trains(
    recipe: str,
    overlay: str | None,
    hub_folder: Path,
    facts_folder: Path,
    sentences: list[str],
    tmp_path: Path,
) -> None:
    """A shipped recipe trains to a model directory, also with an overlay."""
    assert len(RECIPES) >= len(OVERLAYS), "some overlay would train with no recipe"
    corpus = facts_folder if recipe in FACTS else hub_folder
    data = {**SMALLER["data"], "name": str(corpus), "files": [], "valid_files": [], "held_out": []}
    also = yaml.safe_load((FOLDER / f"{recipe}.yaml").read_text())["data"].get("also", [])
    # Settings that are not named stay those of the recipe, in a further corpus as everywhere.
    data["also"] = [
        {**corpus_settings, "name": str(hub_folder), "files": [], "columns": None} for corpus_settings in also
    ]
    data["synthetic"] = []  # tables that models write before the training
    smaller = {**SMALLER, "data": data, "init": None}  # the recipe for fine-tuning asks for a model
    if KINDS[recipe] == "decoder":
        (tmp_path / "text.txt").write_text("".join(f"{text}\n" for text in sentences[:100]))
        smaller["data"] = {**SMALLER["data"], "files": str(tmp_path / "text.txt")}
        smaller["model"] = {"width": 24, "feed_forward": 16, "decoder_layers": 1, "max_length": 32}
    (tmp_path / "smaller.yaml").write_text(yaml.safe_dump(smaller))
    overlays = [] if overlay is None else ["--config", str(FOLDER / overlay)]
    args = ["--config", recipe, *overlays, "--config", str(tmp_path / "smaller.yaml")]
    assert train([*args, "--run_dir", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "model" / "config.json").is_file()


def test_recipes_are_listed() -> None:
    """Each recipe is in the table of configs/README.md."""
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert not [name for name in RECIPES if f"| `{name}` |" not in table]
