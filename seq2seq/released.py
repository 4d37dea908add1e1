"""Where a model lies: released with the package, in a directory, or on the Hugging Face hub.

A name without a slash is a released model, `seq2seq/models/NAME/`, and never fetched; a directory is
taken as it is; `owner/name`, where no such folder exists, is a hub id. Nothing with a scheme
(http://, file://, s3://) is accepted. Reads no torch, so that commands can look before they load.
"""

import re
from pathlib import Path

from seq2seq.settings import CONFIG, TOKENIZER, WEIGHTS, is_language_model, read_config

MODELS = Path(__file__).parent / "models"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def released_models() -> list[str]:
    """The names of the models that came with the package."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{CONFIG}"))


def find_model(name: str | Path) -> Path:
    """The directory of a model given by released name, directory or hub id, or a ValueError."""
    text = str(name)
    if "://" in text or "\0" in text:
        raise ValueError(f"{text!r} is not a model; give a released name, a directory or a hub id, not a URL")
    if isinstance(name, str) and text in released_models():
        return MODELS / text
    if Path(name).exists():
        return Path(name)
    if isinstance(name, str) and HUB_ID.fullmatch(text):
        return _fetch(text)
    names = ", ".join(released_models()) or "none in this installation"
    raise ValueError(
        f"there is no model {text!r}; give a directory, a hub id (owner/name) or a released name ({names})"
    )


def default_model(source_language: str | None, target_language: str | None) -> str:
    """The first released model that translates from and to these languages (None: any)."""
    spoken = []
    for name in released_models():
        config = read_config(MODELS / name)
        if is_language_model(config):
            continue
        sources, targets = config["source_languages"], config["target_languages"]
        if (source_language or sources[0]) in sources and (target_language or targets[0]) in targets:
            return name
        spoken.append(f"{name} ({', '.join(sources)} to {', '.join(targets)})")
    asked = f"from {source_language or 'any language'} to {target_language or 'any language'}"
    raise ValueError(
        f"no released model translates {asked}; there is {'; '.join(spoken) or 'none'}: give --model"
    )


def default_language_model() -> str:
    """The first released language model."""
    for name in released_models():
        if is_language_model(read_config(MODELS / name)):
            return name
    raise ValueError("no released model generates text; give --model")


def reverse_model(source_language: str, target_language: str) -> str | None:
    """The first released model that translates from just the one language to just the other, if any."""
    for name in released_models():
        config = read_config(MODELS / name)
        wanted = [source_language], [target_language]
        if (config.get("source_languages"), config.get("target_languages")) == wanted:
            return name
    return None


def _fetch(hub_id: str) -> Path:
    """The local copy of a model on the hub: its four files and nothing else."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, allow_patterns=[CONFIG, WEIGHTS, TOKENIZER, "README.md"]))
    except Exception as error:  # the hub's client raises many kinds, from offline to not found
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{hub_id} is no folder here and was not got from the hub ({reason}); "
            "check the name and the connection, or give a directory"
        ) from error
