"""Cards say how a model is used and under which terms, and no card tells how a disk is laid out."""

import re
from pathlib import Path

import pytest

from seq2seq.config import ModelConfig
from seq2seq.model.transformer import Transformer
from seq2seq.storage import hub
from seq2seq.storage.card import complete_card, without_local_paths
from seq2seq.storage.model_directory import load_any, save_model
from seq2seq.storage.registry import MODELS, released_models
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer

CARD = """---
language: [en]
---

# A model

## Data

/home/ana/secret project/train.tsv, corpus/valid.tsv (en to de). Begun with `~/runs/first/model`.

## Recipe

```yaml
data:
  name: owner/books
  files:
    train: /home/ana/secret project/train.tsv
    valid: corpus/valid.tsv
    test: ../../ana/test.tsv
  synthetic: [C:\\Users\\ana\\more.tsv, "/srv/a.tsv,/srv/b.tsv"]
init: ~/runs/first/model
```
"""


def test_paths_become_names() -> None:
    """Paths of a home, absolute ones and those that lead upwards become names, everywhere in the card."""
    public = without_local_paths(CARD)
    for private in ("ana", "secret project", "~", "..", "/srv", "Users"):
        assert private not in public, private
    for kept in ("train.tsv, corpus/valid.tsv", "owner/books", "test: test.tsv", "more.tsv", "a.tsv,b.tsv"):
        assert kept in public, kept
    assert "Begun with `model`" in public and "init: model" in public
    assert without_local_paths(public) == public


def test_recipe_that_is_no_yaml_stays() -> None:
    """A block that is no YAML is left as it is."""
    card = "```yaml\n: : [\n```\n"
    assert without_local_paths(card) == card


def test_missing_sections_are_added_once() -> None:
    """A card gets a licence and the lines of its use before the data; a second time nothing changes."""
    card = complete_card(CARD, ["en"], ["de"])
    assert card.startswith("---\nlicense: other\n") and "Apache License 2.0" in card
    assert card.index("## Use") < card.index("## Data") < card.index("## License") < card.index("## Recipe")
    assert complete_card(card, ["en"], ["de"]) == card
    licensed = complete_card(CARD.replace("language: [en]", "license: mit"))
    assert "license: mit" in licensed and "license: other" not in licensed


def program_of(card: str) -> str:
    """Return the first Python block of a card."""
    block = re.search(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1]


@pytest.mark.parametrize(
    ("sources", "targets"), [(["en"], ["de"]), (["en", "de"], ["de", "en"]), (["en"], ["de", "fr"])]
)
def test_lines_of_use_run(
    sources: list[str], targets: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program of the section runs, for one direction and several."""
    lines = ["a dog plays in the snow", "two men walk in the garden with dogs"] * 9
    tokenizer = Tokenizer.train(lines, 36, languages=targets if len(targets) > 1 else ())
    directory = tmp_path / "model"
    config = ModelConfig(len(tokenizer), width=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
    settings = Settings(sources, targets, 16, 16)
    card = complete_card(CARD, sources, targets)
    save_model(directory, Transformer(config), tokenizer, settings, card)
    program = program_of(card).replace("MODEL", str(directory))
    exec(program, {})
    assert capsys.readouterr().out.endswith("\n")


@pytest.mark.skipif(not (MODELS / "en-de").is_dir(), reason="no released models")
def test_released_cards_are_complete() -> None:
    """Each released card has a licence and the lines of its use, and names no folder of a disk."""
    for name in released_models():
        card = (MODELS / name / "README.md").read_text(encoding="utf-8")
        assert re.search("^license: ", card, re.MULTILINE), name
        assert "\n## Use\n" in card and "\n## License\n" in card, name
        assert without_local_paths(card) == card, name


def test_push_publishes_no_paths(
    tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card of an earlier version is shortened before it is published."""
    save_model(tmp_path / "model", tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 16, 16), CARD)
    sent = {}

    class SmallApi:
        """Stand-in for the hub's client, which keeps what it is given."""

        def create_repo(self, *arguments: object, **options: object) -> str:
            return "address"

        def upload_folder(self, *, folder_path: Path, **options: object) -> None:
            sent["card"] = (folder_path / "README.md").read_text(encoding="utf-8")

    monkeypatch.setattr("huggingface_hub.HfApi", SmallApi)
    assert hub.push(tmp_path / "model", "owner/name") == "address"
    assert sent["card"] == without_local_paths(CARD)
    assert load_any(tmp_path / "model").card == sent["card"]
