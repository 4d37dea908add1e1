"""Model directory: a trained model as four files, none of which can run code.

    config.json         format, kind and shape of the model, languages, limits, checksums
    model.safetensors   weights, stored in 16, 8 or 32 bit and computed in 32, tied tensors once
    tokenizer.model     SentencePiece
    README.md           model card

A directory is written atomically (`atomic.py`): a reader finds the old model or the new one. Loading reads
each file once, after checking its size and sha256.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.attention.flow import Attention
from seq2seq.attention.score import is_pairwise
from seq2seq.config import ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer
from seq2seq.storage.atomic import checksum, read_checked, replace_file, write_directory
from seq2seq.storage.quantization import StorageFormat, pack, storage_of, unpack
from seq2seq.storage.registry import MODELS
from seq2seq.storage.settings import (
    CARD,
    CONFIG,
    FORMAT,
    PICKLES,
    TOKENIZER,
    WEIGHTS,
    LanguageSettings,
    Settings,
    config_bytes,
    is_language_model,
    is_sealed,
    read_config,
    read_unsealed,
)
from seq2seq.text.tokenizer import Tokenizer


class LoadedModel(NamedTuple):
    """An encoder-decoder ready to translate: float32, eval mode; with its card and storage format."""

    model: Transformer
    tokenizer: Tokenizer
    settings: Settings
    card: str
    storage: StorageFormat


class LoadedLanguageModel(NamedTuple):
    """A language model ready to generate: float32, eval mode; with its card and storage format."""

    model: LanguageModel
    tokenizer: Tokenizer
    settings: LanguageSettings
    card: str
    storage: StorageFormat


logger = logging.getLogger(__name__)

AnyModel = Transformer | LanguageModel
AnySettings = Settings | LanguageSettings


def save_model(
    directory: str | Path,
    model: AnyModel,
    tokenizer: Tokenizer,
    settings: AnySettings,
    card: str,
    storage: StorageFormat = "float16",
) -> None:
    """Write a model directory atomically. An earlier model in its place survives every failure.

    Raises:
        ValueError: weights that are not finite or too large for 16 bit, a score that no config names, or a
            place that holds something else.
        OSError: the files could not be written, as on a full disk.
    """
    _check_scores(model)
    _check_replaceable(Path(directory))
    contents = {
        WEIGHTS: _stored_weights(model, storage),
        TOKENIZER: tokenizer.to_bytes(),
        CARD: card.encode(),
    }
    config = {"format": FORMAT, "model": model.config.to_json(), **settings.to_json()}
    config["files"] = {name: checksum(data) for name, data in contents.items()}
    write_directory(directory, {**contents, CONFIG: config_bytes(config)})


def write_card(directory: str | Path, card: str) -> None:
    """Replace the model card of a saved model, and its checksum."""
    directory = Path(directory)
    config = read_config(directory)
    config["files"][CARD] = checksum(card.encode())
    replace_file(directory / CARD, card.encode())
    replace_file(directory / CONFIG, config_bytes(config))


def write_settings(directory: str | Path, settings: Settings) -> None:
    """Replace the settings of a saved model; its shape, weights, tokenizer and card stay as they are."""
    directory = Path(directory)
    config = read_config(directory)
    first = {name: config[name] for name in ("format", "model")}
    config = {**first, **settings.to_json(), "files": config["files"]}
    replace_file(directory / CONFIG, config_bytes(config))


def seal(directory: str | Path) -> None:
    """Give config.json the checksum of its own values, after loading the model as a whole.

    For a directory saved before config.json had one, or changed by hand. Weights, tokenizer and card must be
    those of its checksums.

    Raises:
        ValueError: a file that is missing, damaged or of the wrong kind, by its name.
    """
    directory = Path(directory)
    config = read_unsealed(directory)
    _load(directory, read_unsealed(directory), "cpu")
    replace_file(directory / CONFIG, config_bytes(config))


def load_model(directory: str | Path, device: str = "cpu") -> LoadedModel:
    """Load the encoder-decoder of a directory in float32 and eval mode.

    Raises:
        ValueError: a file that is missing, damaged or of the wrong kind, by its name.
    """
    loaded = load_any(directory, device)
    if isinstance(loaded, LoadedLanguageModel):
        raise ValueError(
            f"{directory} is a language model, which writes on and translates nothing; "
            "give it to `seq2seq generate` or Generator"
        )
    return loaded


def load_language_model(directory: str | Path, device: str = "cpu") -> LoadedLanguageModel:
    """Load the language model of a directory, as `load_model` does an encoder-decoder."""
    loaded = load_any(directory, device)
    if isinstance(loaded, LoadedModel):
        raise ValueError(
            f"{directory} translates and is no language model; give it to `seq2seq translate` or Translator"
        )
    return loaded


def load_any(directory: str | Path, device: str = "cpu") -> LoadedModel | LoadedLanguageModel:
    """Load a model of either kind, as `load_model` does."""
    directory = Path(directory)
    config = read_config(directory)
    if not is_sealed(config):
        logger.warning(
            "%s has no checksum of its own, so that a changed value is not noticed; "
            "add it by `seq2seq doctor --seal %s`",
            directory / CONFIG,
            directory,
        )
    return _load(directory, config, device)


def _load(directory: Path, config: dict[str, Any], device: str) -> LoadedModel | LoadedLanguageModel:
    """Load a model whose config.json was read."""
    files, language = config.pop("files"), is_language_model(config)
    shape = config.pop("model")
    del config["format"]
    settings: AnySettings
    try:
        model_config = ModelConfig.from_json(shape)
        if language:
            settings = LanguageSettings.from_json(config)
        else:
            settings = Settings.from_json(config)
            _check_head(settings.alignment, model_config)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{directory / CONFIG}: {error}") from error
    tokenizer = _read_tokenizer(directory, files)
    if len(tokenizer) != model_config.vocabulary_size:
        raise ValueError(
            f"{directory / TOKENIZER} has {len(tokenizer)} pieces but {directory / CONFIG} says "
            f"vocabulary_size {model_config.vocabulary_size}; take both from one model"
        )
    packed = _read_weights(directory, files)
    model = _build(model_config, _unpacked(packed, directory / WEIGHTS), directory / WEIGHTS)
    card = read_checked(directory / CARD, files[CARD]).decode(errors="replace")
    model = model.to(device).eval().requires_grad_(False)
    if isinstance(settings, LanguageSettings):
        assert isinstance(model, LanguageModel)
        return LoadedLanguageModel(model, tokenizer, settings, card, storage_of(packed))
    assert isinstance(model, Transformer)
    return LoadedModel(model, tokenizer, settings, card, storage_of(packed))


def average(state_dicts: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of several states of one model; integer tensors are those of the last state.

    The states are read one after the other, so that only one is in memory beside the sum.

    Raises:
        ValueError: no state, or states of different models.
    """
    total: dict[str, Tensor] = {}
    count = 0
    for state in state_dicts:
        if count and state.keys() != total.keys():
            names = ", ".join(sorted(state.keys() ^ total.keys())[:3])
            raise ValueError(
                f"state {count + 1} is of another model ({names} differ); average states of one run"
            )
        for name, tensor in state.items():
            # Sums in double precision: the mean of equal states is the state itself.
            wide = tensor.double() if tensor.is_floating_point() else tensor
            total[name] = total[name] + wide if count and tensor.is_floating_point() else wide.clone()
        count += 1
    if not count:
        raise ValueError("there is no state to average; give at least one")
    return {name: (t / count).float() if t.is_floating_point() else t for name, t in total.items()}


def _owners(model: AnyModel) -> dict[str, str]:
    """Map the name of each tensor to the first name of the same tensor; tied tensors have several names."""
    first: dict[int, str] = {}
    return {name: first.setdefault(id(t), name) for name, t in model.state_dict(keep_vars=True).items()}


def _check_scores(model: AnyModel) -> None:
    """Refuse a score of the user's own: loaded again by its config, the model would compute another one."""
    for name, module in model.named_modules():
        if isinstance(module, Attention) and not is_pairwise(module.score):
            raise ValueError(
                f"{name}.score is a {type(module.score).__name__}, which {CONFIG} cannot name; save "
                "model.state_dict() instead, and give the score again to load it"
            )


def _stored_weights(model: AnyModel, storage: StorageFormat) -> bytes:
    """Return the safetensors file of a model, each tied tensor once."""
    state = model.state_dict()
    return safetensors.torch.save(
        pack({name: state[name] for name, owner in _owners(model).items() if name == owner}, storage)
    )


def _read_weights(directory: Path, files: dict[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of the weights file in their stored form."""
    path = directory / WEIGHTS
    pickles = [other.name for other in sorted(directory.iterdir()) if other.suffix in PICKLES]
    if pickles and not path.exists():
        raise ValueError(
            f"{path} is missing and {pickles[0]} is a pickle, which can run code and is not read; "
            f"save the model as {WEIGHTS}"
        )
    data = read_checked(path, files[WEIGHTS])
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file ({error}); fetch it again") from error


def _unpacked(packed: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the weights in float32; an error names the file."""
    try:
        return unpack(packed)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def make_model(config: ModelConfig) -> AnyModel:
    """Return a new model of the config's kind."""
    return LanguageModel(config) if config.kind == "decoder" else Transformer(config)


def _build(config: ModelConfig, weights: dict[str, Tensor], path: Path) -> AnyModel:
    """Return a model with these weights, after checking their names, shapes and values."""
    _check_size(config, weights, path)
    with torch.random.fork_rng(devices=[]):  # loading must not move a training's random numbers
        with torch.device("meta"):  # no memory is taken before names and shapes are known to fit
            outline = make_model(config)
        owners = _owners(outline)
        _check_weights(outline.state_dict(), owners, weights, path)
        model = make_model(config)
    model.load_state_dict({name: weights[owner] for name, owner in owners.items()})
    return model.float()


def _check_weights(
    state: dict[str, Tensor], owners: dict[str, str], weights: dict[str, Tensor], path: Path
) -> None:
    """Refuse weights whose names or shapes differ from the model's, and values that are not finite."""
    expected = set(owners.values())
    if wrong := expected ^ weights.keys():
        name = min(wrong)
        what = "lacks" if name in expected else "has an unknown"
        raise ValueError(f"{path} {what} weight {name}; it does not belong to this {CONFIG}")
    for name, tensor in weights.items():
        if tensor.shape != state[name].shape:
            raise ValueError(
                f"{path}: weight {name} is {list(tensor.shape)} but {CONFIG} asks for "
                f"{list(state[name].shape)}; take both files from one model"
            )
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path}: weight {name} is not finite; take the model from an earlier save")


def _check_size(config: ModelConfig, weights: dict[str, Tensor], path: Path) -> None:
    """Refuse a config that asks for far more values than the file holds, before a model is built from it."""
    values = sum(tensor.numel() for tensor in weights.values())
    layers = config.decoder_layers + (config.encoder_layers if config.kind == "encoder_decoder" else 0)
    least = config.width * max(config.vocabulary_size, config.width, config.feed_forward)
    if layers > len(weights) or least > values:
        raise ValueError(
            f"{path} holds {values} values in {len(weights)} tensors, less than {CONFIG} asks for: width "
            f"{config.width}, feed_forward {config.feed_forward}, {layers} layers; take both from one model"
        )


def _check_head(head: AlignmentHead, config: ModelConfig) -> None:
    """Refuse an alignment head that the model does not have."""
    heads = config.cross_attention.heads
    if head.layer >= config.decoder_layers or head.head >= heads:
        raise ValueError(
            f"alignment names layer {head.layer}, head {head.head}, but the model has "
            f"{config.decoder_layers} decoder layers of {heads} heads, counted from 0"
        )


def _read_tokenizer(directory: Path, files: dict[str, Any]) -> Tokenizer:
    """Return the tokenizer of a directory; an error names the file."""
    data = read_checked(directory / TOKENIZER, files[TOKENIZER])
    try:
        # Released models came with the program: a trial in a process of its own would only cost time.
        return Tokenizer.from_bytes(data) if directory.parent == MODELS else Tokenizer.from_file(data)
    except ValueError as error:
        raise ValueError(f"{directory / TOKENIZER}: {error}") from error


def _check_replaceable(target: Path) -> None:
    """Refuse a target that holds something other than an earlier model."""
    if target.is_dir() and (not any(target.iterdir()) or (target / CONFIG).is_file()):
        return
    if target.exists():
        raise ValueError(f"{target} is there already and is no model directory; choose another place")
