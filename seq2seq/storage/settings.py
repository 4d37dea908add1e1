"""Settings of a model directory, config.json; readable without torch.

    {"format": 1, "model": {ModelConfig}, "source_languages": [...], ..., "files": {name: checksum}}

The keys beside the shape depend on the kind of model: `Settings` or `LanguageSettings`. Unknown and missing
keys are refused, so that a misspelt key never becomes a default. The last entry of `files` is the seal, the
checksum of config.json itself: of all its values but the seal, so that a single changed number is noticed.
Models saved before the seal existed lack it.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from seq2seq.alignment.head import AlignmentHead
from seq2seq.storage.atomic import previous_of
from seq2seq.storage.calibration import Calibration, read_calibrations
from seq2seq.text.codec import Codec, codec_keys, read_codec
from seq2seq.text.languages import served_language

FORMAT = 1
CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.model", "README.md"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")  # files that can run code: never read


@dataclass(frozen=True)
class Settings:
    """Settings of an encoder-decoder beside its shape: languages, lengths, alignment.

    Each source language is translated to each other target language. `longest_source` and `longest_target`
    are the longest lengths of the training in tokens, special symbols included. `alignment` names the
    cross-attention head that is read as word alignment. `codec` reads sources that are not plain text; None
    is plain text. `most_sentences` is the largest number of sentences in a training text: of more the model
    would drop some, so that it gets no more at once. None is any number. `confidence` has the calibration
    of each target language; None is a model without confidences.

    Raises:
        ValueError: a value of the wrong type or out of its range.
    """

    source_languages: list[str]
    target_languages: list[str]
    longest_source: int
    longest_target: int
    alignment: AlignmentHead = field(default_factory=AlignmentHead)
    codec: Codec | None = None
    most_sentences: int | None = None
    confidence: dict[str, Calibration] | None = None

    def __post_init__(self) -> None:
        for name in ("source_languages", "target_languages"):
            _check_languages(name, getattr(self, name))
        for name in ("longest_source", "longest_target"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 2:
                raise ValueError(f"{name} is {value!r}; give a number of pieces, 2 or more")
        most = self.most_sentences
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
            raise ValueError(f"most_sentences is {most!r}; give a whole number from 1, or leave it out")

        for language in self.confidence or ():
            if language not in self.target_languages:
                targets = ", ".join(self.target_languages)
                raise ValueError(
                    f"confidence has {language!r}; give target languages of the model: {targets}"
                )

    @property
    def directions(self) -> list[tuple[str, str]]:
        """The pairs (source, target) of languages that the model translates."""
        return directions(self.source_languages, self.target_languages)

    def direction(self, source: str | None, target: str | None) -> tuple[str | None, str | None]:
        """Return the two languages; one that is None is filled in where only one is possible.

        A code that the model does not have falls back to its language: "en" for "en-GB".

        Raises:
            ValueError: the model does not translate between the languages.
        """
        source, target = served(source, self.source_languages), served(target, self.target_languages)
        possible = [(s, t) for s, t in self.directions if source in (None, s) and target in (None, t)]
        if not possible:
            sources, targets = self.source_languages, self.target_languages
            requested = f"{source} to {target}"
            for language, languages in ((target, targets), (source, sources)):
                if language is not None and language not in languages:
                    requested = repr(language)
            raise ValueError(
                f"{requested} is not supported; this model translates {' and '.join(sources)} "
                f"to {' and '.join(targets)}"
            )
        candidates = [set(side) for side in zip(*possible, strict=True)]
        only = [languages.pop() if len(languages) == 1 else None for languages in candidates]
        return source or only[0], target or only[1]

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values; None is left out."""
        plain = asdict(replace(self, codec=None))
        values = {name: value for name, value in plain.items() if value is not None}
        return {**values, **self.codec.to_json()} if self.codec else values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Settings":
        """Return settings from the values of config.json, refusing unknown and missing keys."""
        values = {**dict.fromkeys(optional_keys()), **values}
        _check_keys("settings", values, set(_keys(cls)))
        head = values["alignment"]
        if not isinstance(head, dict):
            raise ValueError(f'alignment is {head!r}; give {{"layer": 0, "head": 0, "read": "output"}}')
        known = {f.name for f in fields(AlignmentHead)}
        # Models saved before the share existed lack it.
        _check_keys("alignment", {"share": AlignmentHead.share, **head}, known)
        own = {name: values[name] for name in _names(cls)}
        own["alignment"] = AlignmentHead(**head)
        own["confidence"] = read_calibrations(values["confidence"])
        return cls(**own, codec=read_codec(values))


def optional_keys() -> tuple[str, ...]:
    """Return the keys of config.json that may be missing."""
    return (*codec_keys(), "most_sentences", "confidence")


def _names(kind: Any) -> list[str]:
    """Return the fields that config.json has under their own names."""
    return [item.name for item in fields(kind) if item.name != "codec"]


def _keys(kind: Any) -> list[str]:
    """Return all keys of config.json that a kind of settings has."""
    return _names(kind) + (list(codec_keys()) if kind is Settings else [])


@dataclass(frozen=True)
class LanguageSettings:
    """Settings of a language model beside its shape.

    With `ends` the model was trained on texts with an end: a new text begins after an end symbol, and a
    result may end by itself. Otherwise it was trained on one endless text, and a result begins at a new line.

    Raises:
        ValueError: a value of the wrong type.
    """

    languages: list[str]
    ends: bool

    def __post_init__(self) -> None:
        _check_languages("languages", self.languages)
        if not isinstance(self.ends, bool):
            raise ValueError(f"ends is {self.ends!r}; give true or false")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "LanguageSettings":
        """Return settings from the values of config.json, refusing unknown and missing keys."""
        _check_keys("settings", values, {f.name for f in fields(cls)})
        return cls(**values)


def is_language_model(config: dict[str, Any]) -> bool:
    """Return whether config.json describes a language model."""
    return bool(config["model"].get("kind") == "decoder")


def served(code: str | None, languages: list[str]) -> str | None:
    """Return the language of a list that stands for a code; the code itself if none does."""
    if code is None or code in languages:
        return code
    return served_language(code, languages) or code


def directions(sources: list[str], targets: list[str]) -> list[tuple[str, str]]:
    """Return each source language with each other target language."""
    return [(s, t) for s in sources for t in targets if s != t] or [(sources[0], targets[0])]


def _check_languages(name: str, value: Any) -> None:
    """Refuse a value that is no list of language codes."""
    if not isinstance(value, list) or not value or not all(isinstance(code, str) and code for code in value):
        raise ValueError(f'{name} is {value!r}; give a list of language codes such as ["en"]')


def _check_keys(where: str, values: dict[str, Any], known: set[str]) -> None:
    """Refuse unknown and missing keys."""
    if unknown := values.keys() - known:
        raise ValueError(f"{where} has an unknown key {min(unknown)!r}; known are {', '.join(sorted(known))}")
    if missing := known - values.keys():
        raise ValueError(f"{where} lacks the key {min(missing)!r}")


def read_config(directory: Path) -> dict[str, Any]:
    """Return config.json as a dictionary with all its outer keys; the values are checked by their readers.

    Raises:
        ValueError: no file, malformed JSON, another format, unknown and missing keys, or values that were
            changed since they were saved.
    """
    config = read_unsealed(directory)
    try:
        _check_seal(config)
    except ValueError as error:
        raise ValueError(f"{directory / CONFIG}: {error}") from error
    return config


def read_unsealed(directory: Path) -> dict[str, Any]:
    """Return config.json as `read_config` does, whether or not its values are those that were saved."""
    path = directory / CONFIG
    if not path.is_file():
        raise ValueError(_why_no_model(directory))
    try:
        config = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}); fetch or save the model again") from error
    if not isinstance(config, dict) or "format" not in config:
        raise ValueError(f"{path} is no config of this program (it has no format number)")
    if config["format"] != FORMAT:
        raise ValueError(
            f"{path} has format {config['format']!r} and this version reads {FORMAT}; "
            "install a version that fits"
        )
    try:
        for key in ("model", "files"):
            if not isinstance(config.get(key, {}), dict):
                raise ValueError(f"{key} is {config[key]!r}, not an object")
        own = LanguageSettings if is_language_model({"model": {}, **config}) else Settings
        optional = {} if own is LanguageSettings else dict.fromkeys(optional_keys())
        known = {"format", "model", "files", *_keys(own)}
        _check_keys(CONFIG, {**optional, **config}, known)
        _check_keys("files", {CONFIG: None, **config["files"]}, {WEIGHTS, TOKENIZER, CARD, CONFIG})
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return config


def config_bytes(config: dict[str, Any]) -> bytes:
    """Return config.json with its seal, as an indented JSON file."""
    others = {name: value for name, value in config["files"].items() if name != CONFIG}
    sealed = {**config, "files": {**others, CONFIG: {"sha256": _seal_of(config)}}}
    return (json.dumps(sealed, indent=2, ensure_ascii=False) + "\n").encode()


def is_sealed(config: dict[str, Any]) -> bool:
    """Return whether a config has the checksum of its own values."""
    return CONFIG in config["files"]


def _seal_of(config: dict[str, Any]) -> str:
    """Return the sha256 of all values but the seal; spaces and the order of keys do not count."""
    others = {name: value for name, value in config["files"].items() if name != CONFIG}
    return hashlib.sha256(json.dumps({**config, "files": others}, sort_keys=True).encode()).hexdigest()


def _check_seal(config: dict[str, Any]) -> None:
    """Refuse values other than those that were saved."""
    if is_sealed(config) and config["files"][CONFIG] != {"sha256": _seal_of(config)}:
        raise ValueError(
            "its values are not those that were saved (their sha256 is another); fetch or save the model "
            "again, or, if you changed them on purpose, run `seq2seq doctor --seal DIRECTORY`"
        )


def _why_no_model(directory: Path) -> str:
    """Return one sentence on why a path is no model directory."""
    previous = previous_of(directory)
    if previous.is_dir() and not directory.exists():
        return f"{directory} was being replaced when the program stopped; rename {previous} to it"
    if directory.is_file():
        kind = "a pickle, which can run code" if directory.suffix in PICKLES else "a file"
        return f"{directory} is {kind}; give a model directory, with {WEIGHTS} and {CONFIG} in it"
    if not directory.is_dir():
        return f"{directory} does not exist; give a model directory or a name that `seq2seq models` lists"
    if any(path.suffix in PICKLES for path in directory.iterdir()):
        return f"{directory} holds pickles, which can run code and are not read; give one with {WEIGHTS}"
    return f"{directory} has no {CONFIG}; give a directory that `seq2seq train` wrote"
