"""Import of Marian models of `transformers`, such as OPUS-MT's, as model directories.

    config.json, model.safetensors or pytorch_model.bin            weights (`marian_weights.py`)
    source.spm, target.spm, vocab.json, target_vocab.json          a `PairedTokenizer`
    tokenizer_config.json, tags >>de<< of the vocabulary            languages

`transformers` is not needed. A model's logits are the same up to rounding; it is stored in float32 unless
another format is asked for.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seq2seq.config import BOS, END
from seq2seq.inference.formats.marian_weights import (
    PICKLE,
    SAFE,
    is_tied,
    marian_config,
    our_weights,
    read_checkpoint,
)
from seq2seq.model.transformer import Transformer
from seq2seq.storage.model_directory import save_model
from seq2seq.storage.quantization import StorageFormat
from seq2seq.storage.registry import HUB_ID
from seq2seq.storage.settings import CARD, CONFIG, Settings
from seq2seq.text.paired_tokenizer import (
    PADDING,
    SOURCE,
    TARGET,
    UNKNOWN,
    PairedTokenizer,
    vocabulary_order,
)

VOCABULARY, TARGET_VOCABULARY, TOKENIZER_CONFIG = "vocab.json", "target_vocab.json", "tokenizer_config.json"
_NAMED = re.compile(r"opus-mt-(?:tc-)?(?:base-|big-|tiny-)?([A-Za-z_+]+)-([A-Za-z_+]+)$")
_SMALL = [
    CONFIG,
    "generation_config.json",
    TOKENIZER_CONFIG,
    VOCABULARY,
    TARGET_VOCABULARY,
    SOURCE,
    TARGET,
    CARD,
]


def import_marian(
    name: str | Path,
    directory: str | Path,
    source_languages: Sequence[str] | None = None,
    target_languages: Sequence[str] | None = None,
    storage: StorageFormat = "float32",
) -> Settings:
    """Write a Marian model, given as a folder or hub id, as a model directory, and return its settings.

    Languages that are not given are those of the tokenizer, of its tags, or of a name such as opus-mt-en-de.

    Raises:
        ValueError: No such model, one that our layers cannot compute, or a tokenizer that does not fit it.
        OSError: The directory could not be written.
    """
    folder = find_checkpoint(name)
    values = _read_json(folder / CONFIG)
    tokenizer, rows = read_tokenizer(folder, values)
    weights = read_checkpoint(folder)
    tied = is_tied(values, weights) and rows[0] == rows[1]
    config = marian_config(values, len(tokenizer), tied=tied)
    model = _build(config, our_weights(weights, values, config, rows))
    languages = _languages(name, folder, tokenizer, source_languages, target_languages)
    longest = config.max_length
    # OPUS-MT's models are trained on single sentences.
    settings = Settings(*languages, longest, longest, most_sentences=1)
    save_model(directory, model, tokenizer, settings, _card(name, folder, languages), storage)
    return settings


def find_checkpoint(name: str | Path) -> Path:
    """Return the folder of a checkpoint: itself, or the local copy of a model on the hub.

    Raises:
        ValueError: A name that leads to no folder.
    """
    if Path(name).is_dir():
        return Path(name)
    if not HUB_ID.fullmatch(str(name)):
        raise ValueError(f"there is no folder {str(name)[:200]!r}; give the folder of a model or a hub id")
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        folder = Path(snapshot_download(str(name), allow_patterns=_SMALL))
        try:
            hf_hub_download(str(name), SAFE)
        except EntryNotFoundError:
            hf_hub_download(str(name), PICKLE)
    except Exception as error:  # the hub's client raises many kinds, from offline to not found
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{name} is no folder here and was not got from the hub ({reason}); "
            "check the name and the connection, or give a folder"
        ) from error
    return folder


def read_tokenizer(
    folder: Path, values: dict[str, Any]
) -> tuple[PairedTokenizer, tuple[list[int], list[int]]]:
    """Return our tokenizer, and for source and target the row of the checkpoint of each of our ids.

    A row of -1 is none: a side with a vocabulary of its own lacks the piece.

    Raises:
        ValueError: A file is missing or damaged, or the tokenizer is that of another model.
    """
    known = [_vocabulary(folder / VOCABULARY, values.get("vocab_size"))]
    if (folder / TARGET_VOCABULARY).is_file():
        known.append(_vocabulary(folder / TARGET_VOCABULARY, values.get("decoder_vocab_size")))
    source, target = known[0], known[-1]
    pieces = vocabulary_order(list(dict.fromkeys([*sorted(source, key=source.__getitem__), *target])))
    files = [_read(folder / name) for name in (SOURCE, TARGET)]
    tokenizer = PairedTokenizer(pieces, *files)
    _check_covered(tokenizer, source, folder)
    rows = [[ids.get(piece, -1) for piece in pieces] for ids in (source, target)]
    start = values.get("decoder_start_token_id", target[PADDING])
    for own in rows:
        own[BOS] = start  # of the source it is never read
    specials = (values.get("pad_token_id"), values.get("eos_token_id"), values.get("eos_token_id"))
    if specials != (expected := (source[PADDING], source[END], target[END])):
        raise ValueError(
            f"padding and end are {specials[:2]} in {folder / CONFIG} and {expected[:2]} in the vocabulary; "
            "the tokenizer does not fit the model: take both from one folder"
        )
    return tokenizer, (rows[0], rows[1])


def _vocabulary(path: Path, size: Any) -> dict[str, int]:
    """Return the ids of a vocabulary file by piece, after checking that they are those of the model."""
    ids = _read_json(path)
    if not all(isinstance(value, int) for value in ids.values()):
        raise ValueError(f"{path} is no vocabulary of pieces and ids; copy it again")
    if sorted(ids.values()) != list(range(len(ids))) or len(ids) != size:
        raise ValueError(
            f"{path} has {len(ids)} pieces but {path.parent / CONFIG} says {size}; the tokenizer does not "
            "fit the model: take both from one folder"
        )
    missing = [piece for piece in (PADDING, UNKNOWN, END) if piece not in ids]
    if missing:
        raise ValueError(f"{path} lacks {missing[0]!r}; the tokenizer is not that of a Marian model")
    return ids


def _check_covered(tokenizer: PairedTokenizer, source: dict[str, int], folder: Path) -> None:
    """Refuse a SentencePiece model of other texts, most of whose pieces the vocabulary lacks."""
    spm = tokenizer.source_pieces
    covered = sum(piece in source for piece in spm)
    if covered < len(spm) / 2:
        raise ValueError(
            f"{folder / VOCABULARY} has {covered} of the {len(spm)} pieces of {SOURCE}; the tokenizer does "
            "not fit the model: take both from one folder"
        )


def _build(config: Any, weights: dict[str, torch.Tensor]) -> Transformer:
    """Return a model with these weights, after checking their shapes."""
    with torch.random.fork_rng(devices=[]):
        model = Transformer(config)
    state = model.state_dict()
    for name, weight in weights.items():
        if name not in state or state[name].shape != weight.shape:
            expected = list(state[name].shape) if name in state else "nothing"
            raise ValueError(
                f"weight {name} is {list(weight.shape)}, but config.json asks for {expected}; take both "
                "files from one model"
            )
    first: dict[int, str] = {}
    owners = {key: first.setdefault(id(t), key) for key, t in model.state_dict(keep_vars=True).items()}
    model.load_state_dict({name: weights[owner] for name, owner in owners.items()})
    return model.eval().requires_grad_(False)


def _languages(
    name: str | Path,
    folder: Path,
    tokenizer: PairedTokenizer,
    sources: Sequence[str] | None,
    targets: Sequence[str] | None,
) -> tuple[list[str], list[str]]:
    """Return source and target languages."""
    path = folder / TOKENIZER_CONFIG
    stored = _read_json(path) if path.is_file() else {}
    named = _NAMED.search(str(name))
    found = []
    sides = (
        ("source", sources, stored.get("source_lang"), 1),
        ("target", targets, stored.get("target_lang"), 2),
    )
    for side, given, language, group in sides:
        if side == "target" and tokenizer.tags:
            if unknown := sorted(set(given or ()) - set(tokenizer.tags)):
                tags = ", ".join(sorted(tokenizer.tags))
                raise ValueError(f"the vocabulary has no tag of {unknown[0]!r}; it has {tags}")
            found.append(list(given or tokenizer.tags))
        elif given or language or named:
            found.append(list(given or [language or (named[group] if named else "")]))
        else:
            raise ValueError(f"the model does not say its {side} language; give --{side}-language")
    return found[0], found[1]


def _card(name: str | Path, folder: Path, languages: tuple[list[str], list[str]]) -> str:
    """Return the model card: where the model comes from, with its licence where its own card has one."""
    origin = name if HUB_ID.fullmatch(str(name)) else Path(name).name
    licence = None
    if (folder / CARD).is_file():
        from huggingface_hub.repocard import metadata_load

        licence = (metadata_load(folder / CARD) or {}).get("license")
    front = f"---\nlicense: {licence}\n---\n" if isinstance(licence, str) else ""
    sides = " to ".join(", ".join(side) for side in languages)
    return (
        f"{front}# {origin}\n\nA Marian model, imported by `seq2seq import`: {sides}.\n"
        "Data, scores and terms are those of the original model's card.\n"
    )


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path} is missing; give the folder of a Marian model with its tokenizer")
    return path.read_bytes()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(_read(path))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}); copy it again") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} is no JSON object; copy it again")
    return values
