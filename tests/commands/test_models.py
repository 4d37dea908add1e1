"""`seq2seq models`: every released model in a row, from its config and card."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.commands import models
from seq2seq.storage import registry as released
from seq2seq.storage.model_directory import write_card

Run = Callable[..., Any]  # the fixture `run`

CARD = """---
language: [en, de]
datasets: [bentrevett/multi30k]
model-index:
- name: en-de
  results:
  - task: {type: translation}
    dataset: {type: bentrevett/multi30k, name: Multi30k, split: test_2016_flickr}
    metrics:
    - {type: bleu, name: BLEU, value: 41.0}
---
# English to German
"""


def test_table_and_json(run: Run, model_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, languages, data and scores are those of the files; a card without metadata is no error."""
    for module in (models, released):
        monkeypatch.setattr(module, "MODELS", model_directory.parent)
    assert "en to de" in run("models").out
    write_card(model_directory, CARD)
    ran = run("models", "--json")
    row = json.loads(ran.out)
    assert row["names"] == ["model", "en-de"] and row["name"] == "model" and row["languages"] == "en to de"
    assert row["data"] == "bentrevett/multi30k" and row["scores"] == "test_2016_flickr BLEU 41.0"
    assert row["size"] == sum(path.stat().st_size for path in model_directory.iterdir())
    table = run("models").out
    assert "MB" in table and "test_2016_flickr BLEU 41.0" in table


def test_scores_of_directions_are_told_apart(
    run: Run, model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A score is named by its split and its configuration, which is the direction."""
    for module in (models, released):
        monkeypatch.setattr(module, "MODELS", model_directory.parent)
    write_card(model_directory, CARD.replace("split: test_2016_flickr", "split: validation, config: en-de"))
    assert json.loads(run("models", "--json").out)["scores"] == "validation en-de BLEU 41.0"


def test_a_row_fits_the_screen(run: Run, model_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row shows two scores, test before validation, and the number of the others; JSON has all."""
    for module in (models, released):
        monkeypatch.setattr(module, "MODELS", model_directory.parent)
    valid = "".join(f"    - {{type: bleu, name: BLEU, value: {n}}}\n" for n in range(3))
    judged = "  - task: {type: translation}\n    dataset: {split: validation}\n    metrics:\n" + valid
    write_card(model_directory, CARD.replace("  results:\n", "  results:\n" + judged))
    table = run("models").out
    assert "test_2016_flickr BLEU 41.0; validation BLEU 0 and 2 more in its card" in table
    assert "validation BLEU 2" in json.loads(run("models", "--json").out)["scores"]


def test_the_direction_of_the_name_comes_first(
    run: Run, model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores of the direction that names the model come first."""
    for module in (models, released):
        monkeypatch.setattr(module, "MODELS", model_directory.parent)
    both = "{type: bleu, name: BLEU de-en, value: 1.0}\n    - {type: bleu, name: BLEU en-de, value: 2.0}"
    card = CARD.replace("{type: bleu, name: BLEU, value: 41.0}", both)
    write_card(model_directory, card)
    model_directory.rename(model_directory.with_name("en-de"))
    shown = "test_2016_flickr BLEU en-de 2.0; test_2016_flickr BLEU de-en 1.0"
    assert shown in run("models").out


def test_every_released_model_says_its_data() -> None:
    """Every released model's card names its data."""
    assert all(models.describe(released.MODELS / name).data for name in released.released_models())


def test_no_released_model(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without models lists none, and `translate` says what to do."""
    for module in (models, released):
        monkeypatch.setattr(module, "MODELS", tmp_path)
    assert run("models").code == 0
    ran = run("translate", "a dog")
    assert ran.code == 2 and "--model" in ran.err
