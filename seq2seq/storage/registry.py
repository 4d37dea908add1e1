"""Lookup of models: released with the package, in a directory, or on the Hugging Face hub.

A name without a slash is a released model, `seq2seq/models/NAME/`, and is never downloaded. FROM-TO, such as
zh-en, also names a released model that translates between the two languages. A directory is used as it is.
`owner/name`, where no such folder exists, is a hub id. URLs (http://, file://, s3://) are refused. This
module imports no torch, so that commands can look up models before they load them.
"""

import re
from itertools import chain
from pathlib import Path

from seq2seq.storage.settings import (
    CARD,
    CONFIG,
    TOKENIZER,
    WEIGHTS,
    directions,
    is_language_model,
    read_config,
    served,
)
from seq2seq.text.codec import codec_keys

MODELS = Path(__file__).parents[1] / "models"
FIRST = "en-de"  # the default model
STRINGS = "software"  # the default model for strings of programs
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def released_models() -> list[str]:
    """Return the names of the models that are part of the package."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{CONFIG}"))


def find_model(name: str | Path) -> Path:
    """Return the directory of a model given by released name, directory or hub id.

    Raises:
        ValueError: a name that leads to no model, or a URL.
    """
    text = str(name)
    if not text:
        raise ValueError("the name of the model is empty; give a released name, a directory or a hub id")
    if "://" in text or "\0" in text:
        raise ValueError(f"{text!r} is not a model; give a released name, a directory or a hub id, not a URL")
    if isinstance(name, str) and text in released_models():
        return MODELS / text
    if _exists(name):
        return Path(name)
    if isinstance(name, str) and (models := _translating(*_split(text))):
        return MODELS / models[0]
    if isinstance(name, str) and HUB_ID.fullmatch(text):
        return _fetch(text)
    released = released_models()
    names = ", ".join(dict.fromkeys([*released, *chain(*map(names_of, released))]))
    raise ValueError(
        f"there is no model {text[:80]!r}; give a directory, a hub id (owner/name) or a released name "
        f"({names or 'none in this installation'})"
    )


def each_name(named: str) -> list[str]:
    """Return the names of an ensemble, joined by commas, or the one name of a model."""
    return [named] if "," not in named or _exists(named) else named.split(",")


def named_direction(name: str | Path, directory: Path) -> tuple[str | None, str | None]:
    """Return the languages (source, target) in a released model's name, or None for each."""
    if not isinstance(name, str) or directory.parent != MODELS:
        return None, None
    direction = _split(name)
    return direction if direction in directions_of(directory.name) else (None, None)


def names_of(model: str) -> list[str]:
    """Return the names FROM-TO that lead to a released model."""
    pairs = [f"{source}-{target}" for source, target in directions_of(model)]
    return [pair for pair in pairs if find_model(pair) == MODELS / model]


def directions_of(model: str) -> list[tuple[str, str]]:
    """Return the pairs (source, target) of languages that a released model translates."""
    config = read_config(MODELS / model)
    if is_language_model(config):
        return []
    return directions(config["source_languages"], config["target_languages"])


def default_model(source_language: str | None, target_language: str | None) -> str:
    """Return the released model for two languages (None: any), preferring the one with the fewest directions.

    A model whose sources are not plain text must be named, by its name or by its source language.

    Raises:
        ValueError: no released model translates between these languages.
    """
    if models := _translating(source_language, target_language):
        return models[0]
    described = []
    for name in released_models():
        config = read_config(MODELS / name)
        if is_language_model(config):
            continue
        sources, targets = config["source_languages"], config["target_languages"]
        described.append(f"{name} ({', '.join(sources)} to {', '.join(targets)})")
    direction = f"from {source_language or 'any language'} to {target_language or 'any language'}"
    raise ValueError(
        f"no released model translates {direction}; there is {'; '.join(described) or 'none'}: give --model"
    )


def default_strings_model(source_language: str | None, target_language: str | None) -> str:
    """Return the released model for strings of programs, or else the default one for two languages.

    Raises:
        ValueError: no released model translates between these languages.
    """
    if STRINGS in _translating(source_language, target_language):
        return STRINGS
    return default_model(source_language, target_language)


def default_language_model() -> str:
    """Return the first released language model."""
    for name in released_models():
        if is_language_model(read_config(MODELS / name)):
            return name
    raise ValueError("no released model generates text; give --model")


def _translating(source: str | None, target: str | None) -> list[str]:
    """Return the released models for two languages (None: any): fewest directions first, then `FIRST`."""
    pairs_of = {name: directions_of(name) for name in released_models() if source or not needs_codec(name)}
    known = list(chain.from_iterable(pairs_of.values()))
    source, target = served(source, [s for s, _ in known]), served(target, [t for _, t in known])
    fitting = [
        name
        for name, pairs in pairs_of.items()
        if any(source in (None, s) and target in (None, t) for s, t in pairs)
    ]

    def preference(name: str) -> tuple[bool, int, bool, str]:
        return name != f"{source}-{target}", len(pairs_of[name]), name != FIRST, name

    return sorted(fitting, key=preference)


def needs_codec(name: str) -> bool:
    """Return whether a released model reads sources that are not plain text."""
    config = read_config(MODELS / name)
    return any(config.get(key) is not None for key in codec_keys())


def _exists(name: str | Path) -> bool:
    """Return whether a path exists; a name that the file system cannot have does not."""
    try:
        return Path(name).exists()
    except OSError:
        return False


def _split(name: str) -> tuple[str, str]:
    """Split a name FROM-TO into its two languages."""
    source, _, target = name.partition("-")
    return source, target


def reverse_model(source_language: str, target_language: str) -> str | None:
    """Return the released model that translates from the one language to the other, if any."""
    return next(iter(_translating(source_language, target_language)), None)


def _fetch(hub_id: str) -> Path:
    """Return the local copy of a model on the hub: its four files only."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, allow_patterns=[CONFIG, WEIGHTS, TOKENIZER, CARD]))
    except Exception as error:  # the hub's client raises many kinds, from offline to not found
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{hub_id} is no folder here and was not got from the hub ({reason}); "
            "check the name and the connection, or give a directory"
        ) from error
