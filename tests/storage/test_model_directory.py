"""A model directory is loaded as it was saved; damaged and foreign files are refused."""

import errno
import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import ModelConfig
from seq2seq.model.transformer import Transformer
from seq2seq.storage import atomic as storage
from seq2seq.storage import model_directory as checkpoint
from seq2seq.storage.model_directory import (
    AnyModel,
    Settings,
    average,
    load_model,
    make_model,
    save_model,
    seal,
    write_card,
    write_settings,
)
from seq2seq.storage.settings import config_bytes, read_config, read_unsealed
from seq2seq.text.tokenizer import Tokenizer

SETTINGS = Settings(["en"], ["de"], 40, 44, AlignmentHead(1, 3, "input", 0.5))


@pytest.fixture
def directory(tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Path:
    """A saved model."""
    save_model(tmp_path / "model", tiny_model, tiny_tokenizer, SETTINGS, "# A card\n")
    return tmp_path / "model"


def edit_config(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change config.json in place, and take its own checksum away: as if saved before it existed."""
    config = json.loads((directory / "config.json").read_text())
    del config["files"]["config.json"]
    change(config)
    (directory / "config.json").write_text(json.dumps(config))


def refresh_checksum(directory: Path, name: str) -> None:
    """Update the checksum of a changed file, so that only its content is at fault."""
    config = read_unsealed(directory)
    config["files"][name] = storage.checksum((directory / name).read_bytes())
    (directory / "config.json").write_bytes(config_bytes(config))


def test_model_comes_back(directory: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> None:
    """Weights (rounded to 16 bit), settings and tokenizer come back; in float32 and eval mode."""
    loaded = load_model(directory)
    assert loaded.settings == SETTINGS
    assert loaded.model.config == tiny_model.config
    assert loaded.tokenizer.to_bytes() == tiny_tokenizer.to_bytes()
    assert not loaded.model.training
    for name, tensor in tiny_model.state_dict().items():
        found = loaded.model.state_dict()[name]
        assert found.dtype == torch.float32
        assert torch.equal(found, tensor.half().float()), name


def test_saving_what_was_loaded_changes_nothing(directory: Path, tmp_path: Path) -> None:
    """Saving a loaded model gives the same bytes: rounding happens once."""
    save_model(tmp_path / "again", *load_model(directory))
    for path in directory.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_tied_tensors_are_stored_once(directory: Path) -> None:
    """Tied tensors are stored once."""
    stored = safetensors.torch.load_file(directory / "model.safetensors")
    model = load_model(directory).model
    assert sum(tensor.numel() for tensor in stored.values()) == sum(p.numel() for p in model.parameters())
    assert len(stored) < len(model.state_dict())
    assert all(tensor.dtype == torch.float16 for tensor in stored.values())


def test_loading_leaves_random_numbers_alone(directory: Path) -> None:
    """Loading a model does not advance the random numbers of a training."""
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_model(directory)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model"])
def test_missing_file_is_named(directory: Path, name: str) -> None:
    """The error for a missing file names it."""
    (directory / name).unlink()
    with pytest.raises(ValueError, match=name):
        load_model(directory)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.model"])
@pytest.mark.parametrize("damage", ["truncated", "longer", "flipped"])
def test_damaged_file_is_named(directory: Path, name: str, damage: str) -> None:
    """A flipped byte is noticed by its checksum, and the error names the file."""
    data = bytearray((directory / name).read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "longer":
        data += b"\0"
    else:
        data[-7] ^= 0xFF
    (directory / name).write_bytes(data)
    with pytest.raises(ValueError, match=name):
        load_model(directory)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.model"])
def test_file_of_another_kind_is_refused(directory: Path, name: str) -> None:
    """A file of another kind is refused by its reader, even with a correct checksum."""
    (directory / name).write_bytes(b"no such thing" * 20)
    refresh_checksum(directory, name)
    with pytest.raises(ValueError, match=name):
        load_model(directory)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "no config"),
        ("{}", "no config"),
        ('{"format": 99}', "format 99"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_malformed_config_is_refused(directory: Path, text: str, said: str) -> None:
    """A malformed config.json is refused in one sentence."""
    (directory / "config.json").write_text(text)
    with pytest.raises(ValueError, match=said):
        load_model(directory)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(longest_sauce=3), "longest_sauce"),
        (lambda c: c.pop("longest_source"), "longest_source"),
        (lambda c: c["model"].update(widht=3), "widht"),
        (lambda c: c["model"].update(width="wide"), "width"),
        (lambda c: c["model"].update(width=24), "shape|is \\["),
        (lambda c: c["model"].update(width=10**9), "asks for"),
        (lambda c: c["model"].update(feed_forward=10**12), "asks for"),
        (lambda c: c["model"].update(decoder_layers=10**9), "asks for"),
        (lambda c: c["model"].update(max_length=10**8), "max_length is 100000000; choose at most"),
        (lambda c: c["model"].update(max_length=10**30), "max_length is 10+; choose at most"),
        (lambda c: c["model"]["decoder_attention"].update(latent=10**9), "latent is 10+; choose at most"),
        (lambda c: c["model"]["decoder_attention"].update(latent=10**6), "unknown weight"),
        (lambda c: c["model"]["encoder_attention"].update(window=10**30), "window is 10+; choose at most"),
        (lambda c: c["model"]["encoder_attention"].update(stride=10**30), "stride is 10+; choose at most"),
        (lambda c: c["model"].update(encoder_layers=0, memory_width=10**9), "memory_width is 10+; choose"),
        (lambda c: c["model"].update(encoder_layers=0, memory_width=10**6), "has an unknown weight"),
        (lambda c: c["model"]["encoder_attention"].update(global_tokens=1), "1 without a window"),
        (lambda c: c["model"].update(encoder_layers=3), "lacks weight"),
        (lambda c: c["model"].update(encoder_layers=1), "unknown weight"),
        (lambda c: c["model"].update(vocabulary_size=50), "vocabulary_size 50"),
        (lambda c: c["alignment"].update(layer=2), "layer 2"),
        (lambda c: c["alignment"].update(read="both"), "both"),
        (lambda c: c["alignment"].update(reed="input"), "reed"),
        (lambda c: c.update(alignment=[1]), "alignment"),
        (lambda c: c.update(source_languages="en"), "source_languages"),
        (lambda c: c.update(longest_target=True), "longest_target"),
        (lambda c: c.update(most_sentences=0), "most_sentences is 0"),
        (lambda c: c["files"].pop("tokenizer.model"), "tokenizer.model"),
        (lambda c: c.update(files=3), "files"),
    ],
)
def test_wrong_config_is_refused(
    directory: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    """Unknown keys and wrong values in config.json are refused by name."""
    edit_config(directory, change)
    with pytest.raises(ValueError, match=said) as caught:
        load_model(directory)
    assert str(directory) in str(caught.value)


def numbers_of(values: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every number, boolean and null in JSON values."""
    if isinstance(values, dict | list):
        pairs = values.items() if isinstance(values, dict) else enumerate(values)
        return [found for key, value in pairs for found in numbers_of(value, (*place, key))]
    return [] if isinstance(values, str) else [place]


def test_every_changed_number_is_refused(directory: Path) -> None:
    """Any single number of config.json that changes is refused, by the name of the file."""
    saved = json.loads((directory / "config.json").read_text())
    places = numbers_of(saved)
    assert len(places) > 40
    for place in places:
        config = json.loads(json.dumps(saved))
        inner = config
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = 1 if inner[place[-1]] is None else inner[place[-1]] + 1
        (directory / "config.json").write_text(json.dumps(config))
        with pytest.raises(ValueError, match=r"config\.json"):
            read_config(directory)
            raise AssertionError(place)


def test_spaces_and_order_of_keys_do_not_count(directory: Path) -> None:
    """config.json is checked by its values: a tool may format it anew."""
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(dict(reversed(config.items())), indent=7))
    assert load_model(directory).settings == SETTINGS


def test_older_directory_is_loaded_with_a_note(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A directory without the checksum of config.json loads with a note that says how to add it."""
    load_model(directory)
    assert not caplog.messages
    edit_config(directory, lambda config: None)
    assert load_model(directory).settings == SETTINGS
    assert [f"seq2seq doctor --seal {directory}" in message for message in caplog.messages] == [True]


def test_changed_on_purpose(directory: Path) -> None:
    """A value changed on purpose is refused until it is sealed; a contradiction is never sealed."""

    def change(**values: Any) -> None:
        config = read_unsealed(directory)
        (directory / "config.json").write_text(json.dumps({**config, **values}))

    change(longest_source=20)
    with pytest.raises(ValueError, match=r"config\.json: .*`seq2seq doctor --seal DIRECTORY`"):
        load_model(directory)
    seal(directory)
    assert load_model(directory).settings.longest_source == 20
    change(longest_source=1)
    with pytest.raises(ValueError, match="longest_source is 1"):
        seal(directory)
    with pytest.raises(ValueError, match=r"config\.json"):
        load_model(directory)


def test_settings_and_card_keep_the_seal(directory: Path) -> None:
    """Files that are written after the weights are covered, too."""
    write_settings(directory, Settings(["en"], ["fr"], 11, 13))
    write_card(directory, "# Other\n")
    assert "config.json" in read_config(directory)["files"]
    assert load_model(directory).settings.target_languages == ["fr"]


def test_memory_is_taken_only_for_what_fits(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config.json that asks for more than the weights file holds is refused before memory is taken."""
    made = []

    def make(config: ModelConfig) -> AnyModel:
        made.append(make_model(config))
        return made[-1]

    monkeypatch.setattr(checkpoint, "make_model", make)
    edit_config(directory, lambda c: c["model"]["decoder_attention"].update(latent=100_000))
    with pytest.raises(ValueError, match="unknown weight"):
        load_model(directory)
    assert [{each.device.type for each in model.parameters()} for model in made] == [{"meta"}]


def test_weights_that_are_not_finite_are_refused(directory: Path) -> None:
    """Weights that are not finite are refused on loading."""
    weights = safetensors.torch.load_file(directory / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] = float("nan")
    safetensors.torch.save_file(weights, directory / "model.safetensors")
    refresh_checksum(directory, "model.safetensors")
    with pytest.raises(ValueError, match="not finite"):
        load_model(directory)


@pytest.mark.parametrize(("value", "said"), [(float("nan"), "not finite"), (1e5, "100000")])
def test_diverged_model_is_not_saved(
    directory: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer, value: float, said: str
) -> None:
    """A model that overflows 16 bit is not saved, and the earlier one stays."""
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with torch.no_grad():
        next(tiny_model.parameters()).view(-1)[0] = value
    with pytest.raises(ValueError, match=said):
        save_model(directory, tiny_model, tiny_tokenizer, SETTINGS, "")
    assert before == {path.name: path.read_bytes() for path in directory.iterdir()}


class Canary:
    """A pickle that creates a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "last.ckpt"])
def test_pickles_are_never_read(directory: Path, tmp_path: Path, name: str) -> None:
    """A pickle in place of any file is refused without being read."""
    canary = tmp_path / "canary"
    (directory / name).write_bytes(pickle.dumps(Canary(canary)))
    (directory / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="pickle"):
        load_model(directory)
    with pytest.raises(ValueError, match="pickle"):
        load_model(directory / name)
    shutil.copy(directory / name, directory / "model.safetensors")
    refresh_checksum(directory, "model.safetensors")
    with pytest.raises(ValueError, match=r"no safetensors file"):
        load_model(directory)
    (directory / "config.json").unlink()
    with pytest.raises(ValueError, match="pickle"):
        load_model(directory)
    assert not canary.exists()


def test_nothing_where_a_model_should_be(tmp_path: Path) -> None:
    """A wrong path is refused by its own name, not by that of an inner file."""
    with pytest.raises(ValueError, match="does not exist"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"no config\.json"):
        load_model(tmp_path)


def test_new_model_replaces_old(
    directory: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """Saving again leaves one directory without leftovers, also after a killed run."""
    (tmp_path / ".model.new").mkdir()
    (tmp_path / ".model.new" / "half").write_text("")
    other = Settings(["fr"], ["de"], 10, 10)
    save_model(directory, tiny_model, tiny_tokenizer, other, "")
    assert load_model(directory).settings == other
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_full_disk_keeps_the_old_model(
    directory: Path,
    tiny_model: Transformer,
    tiny_tokenizer: Tokenizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If writing fails half-way, the earlier model still loads and no partial file remains."""
    calls = iter(range(100))

    def fail(handle: int) -> None:
        if next(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"No space left on device.*unchanged"):
        save_model(directory, tiny_model, tiny_tokenizer, Settings(["fr"], ["de"], 10, 10), "")
    assert load_model(directory).settings == SETTINGS
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_stopped_between_two_renames(directory: Path) -> None:
    """If the process dies between the two renames, the error says where the earlier model is."""
    directory.rename(storage.previous_of(directory))
    with pytest.raises(ValueError, match="being replaced"):
        load_model(directory)


def test_other_directories_are_not_replaced(
    tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer
) -> None:
    """A directory that is no model is not overwritten."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="no model directory"):
        save_model(tmp_path, tiny_model, tiny_tokenizer, SETTINGS, "")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_card_can_be_rewritten(directory: Path) -> None:
    """The card can be replaced after the weights, since scores are measured on the saved model."""
    write_card(directory, "# BLEU 41\n")
    assert (directory / "README.md").read_text() == "# BLEU 41\n"
    config = json.loads((directory / "config.json").read_text())
    assert config["files"]["README.md"] == storage.checksum(b"# BLEU 41\n")
    load_model(directory)
    assert sorted(p.name for p in directory.iterdir()) == sorted(
        ["config.json", "model.safetensors", "tokenizer.model", "README.md"]
    )


def test_average_by_hand() -> None:
    """The average of three states is their mean; integers are those of the last."""
    states = [{"w": torch.tensor([float(i), 1.0]), "n": torch.tensor(i)} for i in (1, 2, 6)]
    mean = average(iter(states))
    assert torch.equal(mean["w"], torch.tensor([3.0, 1.0]))
    assert mean["n"] == 6
    assert torch.equal(states[0]["w"], torch.tensor([1.0, 1.0]))


def test_average_of_different_models_is_refused() -> None:
    """States of different models, and no states, are refused."""
    with pytest.raises(ValueError, match="state 2"):
        average([{"a": torch.zeros(1)}, {"b": torch.zeros(1)}])
    with pytest.raises(ValueError, match="no state"):
        average([])


def test_codes_with_regions_are_those_of_the_language() -> None:
    """A direction may be named with regions and scripts; another script is refused by its own name."""
    settings = Settings(["en", "zh"], ["en", "zh"], 40, 44)
    assert settings.direction("en-GB", "zh_Hans") == ("en", "zh")
    assert settings.direction(None, "EN-us") == ("zh", "en")
    with pytest.raises(ValueError, match="'zh-TW' is not supported"):
        settings.direction("en", "zh-TW")
