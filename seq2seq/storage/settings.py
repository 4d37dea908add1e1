"""config.json of a model directory: what a model was trained for, readable without torch.

    {"format": 1, "model": {ModelConfig}, "source_languages": [...], ..., "files": {name: checksum}}

What stands beside the shape follows from the model's kind: `Settings` or `LanguageSettings`.
Keys that are unknown or missing are refused, so a misspelt one is never silently a default.
"""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from seq2seq.alignment.head import AlignmentHead
from seq2seq.storage.atomic import previous_of
from seq2seq.text.codec import Codec, codec_keys, read_codec

FORMAT = 1
CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.model", "README.md"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")  # files that can run code: never read


@dataclass(frozen=True)
class Settings:
    """What a model was trained for, beside its shape.

    Each source language is translated to each other target language. `longest_source` and `longest_target`
    count pieces with the special ones, as trained on. `alignment` names the cross-attention head that is read
    as word alignment. `codec` reads sources that are not plain text; None for plain text. `most_sentences`
    is how many sentences at once the model has learned to read; of more it would drop some, so that it is
    given no more. None for any number.
    """

    source_languages: list[str]
    target_languages: list[str]
    longest_source: int
    longest_target: int
    alignment: AlignmentHead = field(default_factory=AlignmentHead)
    codec: Codec | None = None
    most_sentences: int | None = None

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

    @property
    def directions(self) -> list[tuple[str, str]]:
        """From which language to which."""
        return directions(self.source_languages, self.target_languages)

    def direction(self, source: str | None, target: str | None) -> tuple[str | None, str | None]:
        """The two languages, one that was not named filled in where only one is possible.

        ValueError for languages between which the model does not translate.
        """
        possible = [(s, t) for s, t in self.directions if source in (None, s) and target in (None, t)]
        if not possible:
            sources, targets = self.source_languages, self.target_languages
            asked = f"{source} to {target}"
            for language, known in ((target, targets), (source, sources)):
                if language is not None and language not in known:
                    asked = repr(language)
            raise ValueError(
                f"{asked} is not supported; this model translates {' and '.join(sources)} "
                f"to {' and '.join(targets)}"
            )
        found = [set(side) for side in zip(*possible, strict=True)]
        one = [side.pop() if len(side) == 1 else None for side in found]
        return source or one[0], target or one[1]

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values; what is None is left out."""
        plain = asdict(replace(self, codec=None))
        values = {name: value for name, value in plain.items() if value is not None}
        return {**values, **self.codec.to_json()} if self.codec else values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Settings":
        """Settings from the values of config.json; unknown and missing keys are refused."""
        values = {**dict.fromkeys(optional_keys()), **values}
        _check_keys("settings", values, set(_keys(cls)))
        head = values["alignment"]
        if not isinstance(head, dict):
            raise ValueError(f'alignment is {head!r}; give {{"layer": 0, "head": 0, "read": "output"}}')
        known = {f.name for f in fields(AlignmentHead)}
        _check_keys("alignment", {"share": AlignmentHead.share, **head}, known)  # not in models before it
        own = {name: values[name] for name in _names(cls)}
        return cls(**{**own, "alignment": AlignmentHead(**head)}, codec=read_codec(values))


def optional_keys() -> tuple[str, ...]:
    """Return the keys of config.json that may be missing."""
    return (*codec_keys(), "most_sentences")


def _names(kind: Any) -> list[str]:
    """Return the fields that stand in config.json under their own name."""
    return [each.name for each in fields(kind) if each.name != "codec"]


def _keys(kind: Any) -> list[str]:
    """Return every key of config.json that a kind of settings has."""
    return _names(kind) + (list(codec_keys()) if kind is Settings else [])


@dataclass(frozen=True)
class LanguageSettings:
    """What a language model was trained on, beside its shape.

    `ends` says whether it has seen texts end: then a new text begins after an end symbol, and a result
    may end by itself; else it has read one endless text, and begins at a new line.
    """

    languages: list[str]
    ends: bool

    def __post_init__(self) -> None:
        _check_languages("languages", self.languages)
        if not isinstance(self.ends, bool):
            raise ValueError(f"ends is {self.ends!r}; give true or false")

    def to_json(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "LanguageSettings":
        """Settings from the values of config.json; unknown and missing keys are refused."""
        _check_keys("settings", values, {f.name for f in fields(cls)})
        return cls(**values)


def is_language_model(config: dict[str, Any]) -> bool:
    """Whether config.json describes a decoder alone."""
    return bool(config["model"].get("kind") == "decoder")


def directions(sources: list[str], targets: list[str]) -> list[tuple[str, str]]:
    """Each source language with each other target language."""
    return [(s, t) for s in sources for t in targets if s != t] or [(sources[0], targets[0])]


def _check_languages(name: str, value: Any) -> None:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise ValueError(f'{name} is {value!r}; give a list of language codes such as ["en"]')


def _check_keys(where: str, values: dict[str, Any], known: set[str]) -> None:
    if unknown := values.keys() - known:
        raise ValueError(f"{where} has an unknown key {min(unknown)!r}; known are {', '.join(sorted(known))}")
    if missing := known - values.keys():
        raise ValueError(f"{where} lacks the key {min(missing)!r}")


def read_config(directory: Path) -> dict[str, Any]:
    """config.json as a dictionary whose outer keys are all there; the rest is checked by its readers."""
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
        _check_keys("files", config["files"], {WEIGHTS, TOKENIZER, CARD})
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return config


def _why_no_model(directory: Path) -> str:
    """One sentence on why a path is no model directory."""
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
