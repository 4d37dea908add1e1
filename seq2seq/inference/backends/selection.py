"""Selection of the back end that searches: torch, or CTranslate2 where it is installed and has the model.

"auto" takes CTranslate2 where it can be used, else torch; the environment variable SEQ2SEQ_BACKEND names
another default. "torch" is our own search, exact in every option. "ctranslate2" is refused, with the reason,
where it cannot be used.
"""

import argparse
import importlib.util
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from seq2seq.config import ModelConfig
from seq2seq.inference.backends.expressible import reason_against
from seq2seq.storage.settings import TOKENIZER, WEIGHTS, is_language_model, read_config

if TYPE_CHECKING:
    from seq2seq.inference.backends.engine import CTranslate2Engine, LoadedEngine
    from seq2seq.inference.backends.language_engine import CTranslate2LanguageEngine
    from seq2seq.inference.ensemble import LoadedModels
    from seq2seq.storage.model_directory import LoadedLanguageModel

Backend = Literal["auto", "torch", "ctranslate2"]
ComputeType = Literal["auto", "float32", "float16", "int8"]
NumberFormat = Literal["float32", "float16", "int8"]

PACKAGE = "ctranslate2"
VARIABLE = "SEQ2SEQ_BACKEND"
MOST_SEARCHES = 4  # that run side by side in one process, each on its share of the cores


class BackendChoice(NamedTuple):
    """A back end, and the number format that it computes in."""

    name: Literal["torch", "ctranslate2"]
    number_format: NumberFormat = "float32"

    def __str__(self) -> str:
        return self.name if self.name == "torch" else f"{self.name} {self.number_format}"


TORCH = BackendChoice("torch")


def add_backend(parser: argparse.ArgumentParser, default: Backend = "auto") -> None:
    """Add the flags --backend and --compute-type to a parser."""
    parser.add_argument(
        "--backend",
        choices=get_args(Backend),
        default=default,
        help=f"what searches: auto (CTranslate2 where it is installed and has the model, else torch), torch, "
        f"or ctranslate2; default {default}",
    )
    parser.add_argument(
        "--compute-type",
        choices=get_args(ComputeType),
        default="auto",
        help="number format of CTranslate2: auto (int8 on a CPU, float16 on a GPU), float32, float16 or int8",
    )


def choose_backend(
    config: ModelConfig, backend: Backend, compute_type: ComputeType, device: str, *, models: int = 1
) -> BackendChoice:
    """Return the back end for a model, or for an ensemble of several, on a device such as "cpu".

    Raises:
        ValueError: A name is unknown, or the back end that was named cannot be used.
    """
    _check_name("backend", backend, get_args(Backend))
    _check_name("compute_type", compute_type, get_args(ComputeType))
    if backend == "auto" and (named := os.environ.get(VARIABLE)):
        _check_name(VARIABLE, named, get_args(Backend))
        backend = "torch" if named == "torch" else "ctranslate2" if named == PACKAGE else "auto"
    kind = device.partition(":")[0]
    reason = "it was not asked for" if backend == "torch" else _reason_against(config, kind, models)
    if reason is None:
        usual: NumberFormat = "float16" if kind == "cuda" else "int8"
        chosen = usual if compute_type == "auto" else compute_type
        if chosen == "float16" and kind == "cpu":
            raise ValueError("compute_type is float16, in which no CPU computes; use int8 or float32")
        return BackendChoice("ctranslate2", chosen)
    if backend == "ctranslate2":
        raise ValueError(f"backend ctranslate2 cannot be used: {reason}; use backend torch")
    if compute_type not in ("auto", "float32"):
        raise ValueError(
            f"compute_type is {compute_type}, a format of CTranslate2, which is not used ({reason}); "
            "leave it out"
        )
    return TORCH


def planned_backend(
    directory: Path, backend: Backend = "auto", compute_type: ComputeType = "auto", device: str = "cpu"
) -> str:
    """Return the back end for the model of a directory in words, without loading it."""
    config = ModelConfig.from_json(read_config(directory)["model"])
    return str(choose_backend(config, backend, compute_type, device))


def make_engine(
    loaded: "LoadedModels", directory: Path, choice: BackendChoice, device: str
) -> "CTranslate2Engine | None":
    """Return the engine of a model loaded from a directory; None where torch was chosen."""
    if choice.name == "torch":
        return None
    from seq2seq.inference.backends.engine import CTranslate2Engine

    load = _loader(loaded, directory, choice, device)
    return CTranslate2Engine(loaded.model, choice.number_format, load)


def make_language_engine(
    loaded: "LoadedLanguageModel", directory: Path, choice: BackendChoice, device: str
) -> "CTranslate2LanguageEngine | None":
    """Return the engine of a language model, as `make_engine` does that of a translator."""
    if choice.name == "torch":
        return None
    from seq2seq.inference.backends.language_engine import CTranslate2LanguageEngine

    load = _loader(loaded, directory, choice, device)
    return CTranslate2LanguageEngine(loaded.model, choice.number_format, load)


def _loader(
    loaded: "LoadedModels | LoadedLanguageModel", directory: Path, choice: BackendChoice, device: str
) -> "Callable[[], LoadedEngine]":
    """Return the function that makes the engine of a model at its first search."""
    # Read now: the directory may have another model in it by then.
    causes = conversion_causes(read_config(directory), choice.number_format)
    return partial(_load, loaded, causes, choice.number_format, device)


def conversion_causes(config: Mapping[str, Any], number_format: NumberFormat) -> dict[str, Any]:
    """Return what a conversion depends on, versions aside: shape, weights, vocabulary and number format."""
    files = {name: config["files"][name] for name in (WEIGHTS, TOKENIZER)}
    return {
        "model": config["model"],
        "files": files,
        "alignment": config.get("alignment"),
        "format": number_format,
    }


def _load(
    loaded: "LoadedModels | LoadedLanguageModel",
    causes: Mapping[str, Any],
    number_format: NumberFormat,
    device: str,
) -> "LoadedEngine":
    """Return the engine, from the cache or converted.

    Raises:
        OSError: The cache can be neither read nor written.
        RuntimeError: CTranslate2 does not take the files.
    """
    import ctranslate2
    import torch

    from seq2seq.inference.backends.cache import cache_key, cached_files
    from seq2seq.inference.backends.conversion import LAYOUT, convert_to_ctranslate2, vocabulary
    from seq2seq.inference.backends.engine import LoadedEngine

    key = cache_key(**causes, layout=LAYOUT, version=ctranslate2.__version__)
    files = cached_files(key, lambda folder: convert_to_ctranslate2(loaded, folder, number_format))
    kind, _, index = device.partition(":")
    cores = torch.get_num_threads()
    searches = 1 if kind == "cuda" else min(MOST_SEARCHES, cores)
    kind_of_engine = ctranslate2.Generator if is_language_model(dict(causes)) else ctranslate2.Translator
    engine = kind_of_engine(
        key,
        device=kind,
        device_index=int(index or 0),
        compute_type=number_format if number_format != "int8" else "int8_float32",
        inter_threads=searches,
        intra_threads=cores // searches,
        files=files,
    )
    return LoadedEngine(engine, vocabulary(loaded.tokenizer))


def _reason_against(config: ModelConfig, device: str, models: int) -> str | None:
    """Return why CTranslate2 cannot be used; None where it can."""
    if importlib.util.find_spec(PACKAGE) is None:
        return "it is not installed (pip install ctranslate2)"
    if models > 1:
        return "it has no ensembles"
    if reason := reason_against(config):
        return f"it has {reason}"
    if device not in ("cpu", "cuda"):
        return f"it does not compute on {device}"
    if device == "cuda":
        import ctranslate2

        if not ctranslate2.get_cuda_device_count():
            return "this build of it finds no GPU"
    return None


def _check_name(field: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{field} is {value!r}; choose {', '.join(choices[:-1])} or {choices[-1]}")
