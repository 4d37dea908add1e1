"""Checks of `seq2seq doctor` on models: checksums, and one known output on each back end."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from seq2seq.commands.doctor_machine import DoctorCheck
from seq2seq.config import ModelConfig
from seq2seq.inference.backends.selection import Backend, choose_backend
from seq2seq.options import DecodeOptions
from seq2seq.storage.registry import MODELS, find_model
from seq2seq.storage.settings import is_language_model, is_sealed, read_config


class KnownOutput(NamedTuple):
    """A text whose translation or continuation is known: any of `expected`."""

    text: str
    expected: tuple[str, ...]
    source: str | None = None
    target: str | None = None


_DOGS = "Two dogs play in the snow."
_ENGLISH = (_DOGS, "Two dogs are playing in the snow.")
_GERMAN = ("Zwei Hunde spielen im Schnee.",)

# Of the released models: what they write. Where a back end in 8 bit writes something else, both are listed.
KNOWN: dict[str, KnownOutput] = {
    "en-de": KnownOutput(_DOGS, _GERMAN),
    "de-en": KnownOutput("Zwei Hunde spielen im Schnee.", _ENGLISH),
    "en-fr": KnownOutput(_DOGS, ("Deux chiens jouent dans la neige.",)),
    "fr-en": KnownOutput("Deux chiens jouent dans la neige.", _ENGLISH, "fr", "en"),
    "en-zh": KnownOutput(_DOGS, ("两只狗在雪地里玩耍。", "两只狗在雪地里玩。"), "en", "zh"),
    "captions": KnownOutput(_DOGS, _GERMAN, "en", "de"),
    "software": KnownOutput("Open file", ("Datei öffnen",)),
    "e2e": KnownOutput("name[The Eagle], food[French]", ("The Eagle serves French food.",)),
    "shakespeare": KnownOutput("ROMEO:\nWhat", (" is the soul ", " the man the ")),
}


def model_checks(name: str, device: str) -> Iterator[DoctorCheck]:
    """Yield the checks of a model: its files, and a known output on each back end that has it."""
    try:
        directory = find_model(name)
        config = read_config(directory)
    except ValueError as error:
        yield DoctorCheck(f"model {name}", "failed", str(error))
        return
    for backend in get_args(Backend):
        if backend != "auto":
            yield _backend_check(name, directory, config, backend, device)


def _backend_check(
    name: str, directory: Path, config: dict[str, Any], backend: Backend, device: str
) -> DoctorCheck:
    """Return whether a model loads, which checks all of its files, and whether its output is as known."""
    subject = f"model {name}, {backend}"
    is_language = is_language_model(config)
    try:
        choose_backend(ModelConfig.from_json(config["model"]), backend, "auto", device)
    except ValueError as error:
        return DoctorCheck(subject, "note", str(error))
    known = KNOWN.get(directory.name) if directory.parent == MODELS else None
    started = time.monotonic()
    try:
        found = _output(directory, known, is_language, backend, device)
    except (ValueError, OSError, RuntimeError) as error:
        return DoctorCheck(subject, "failed", str(error))
    took = f"{time.monotonic() - started:.1f} s"
    if known is None:
        detail = "checksums hold" if is_sealed(config) else "config.json has no checksum; --seal adds it"
        return DoctorCheck(subject, "ok" if is_sealed(config) else "note", f"{detail}, {took}")
    if found not in known.expected:
        expected = " or ".join(map(repr, known.expected))
        return DoctorCheck(subject, "failed", f"{known.text!r} became {found!r}, not {expected}")
    return DoctorCheck(subject, "ok", f"checksums hold, {known.text!r} -> {found!r}, {took}")


def _output(
    directory: Path, known: KnownOutput | None, is_language: bool, backend: Backend, device: str
) -> str:
    """Load a model and return its output for the known text, "" without one."""
    from seq2seq.inference.generator import Generator
    from seq2seq.inference.translator import Translator

    if is_language:
        generator = Generator.from_pretrained(directory, device, backend)
        return generator.generate(known.text, DecodeOptions(beam_size=1, max_length=13)).text if known else ""
    translator = Translator.from_pretrained(directory, device, backend)
    if known is None:
        return ""
    return translator.translate(known.text, source_language=known.source, target_language=known.target).text
