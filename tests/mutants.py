"""Mutants of a model directory: files changed at random, with checksums that fit them again.

python tests/mutants.py [--model de-en] [--count 1000] [--seed 1]

changes `tokenizer.model`, `config.json` and `model.safetensors` `--count` times each, loads the directory and
translates. A mutant must be refused in one sentence that names a file, or be right: translate without an
error, and as before where its checksums were left alone. The script ends with 1 if one does neither; a
crash of the process is seen by its exit code.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seq2seq import DecodeOptions, Translator
from seq2seq.storage.atomic import checksum
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import CARD, CONFIG, TOKENIZER, WEIGHTS, config_bytes

TEXTS = ["Zwei Hunde spielen im Schnee.", "A man, 42, sees a café 👋.", "x"]
OPTIONS = DecodeOptions(max_length=12)
NUMBERS = (-1, 0, 1, 2, 3, 7, 64, 255, 10**6, 2**31, 2**63, 10**40, 0.5, 1e300, float("nan"), float("inf"))
OTHERS: tuple[Any, ...] = (None, True, "", "en", "x" * 5000, [], {}, [[1]], {"score": "additive"})


def mutated_bytes(data: bytes, chance: random.Random, within: int | None = None) -> bytes:
    """Return data with one to three changes, each at a random place among the first `within` bytes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place = chance.randrange(min(within or len(changed), len(changed)))
        length = chance.choice((1, 1, 2, 5, 40))
        match chance.randrange(6):
            case 0:
                changed[place] ^= 1 << chance.randrange(8)
            case 1:
                changed[place] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = chance.randbytes(length)
            case 4:
                changed[place:place] = changed[place : place + length]
            case _ if chance.random() < 0.2:
                del changed[place:]
            case _:
                changed[place : place + length] = chance.randbytes(len(changed[place : place + length]))
        if not changed:
            break
    return bytes(changed)


def mutated_values(config: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a config with one value changed, dropped or added; not in the checksums of the files."""
    changed: dict[str, Any] = json.loads(json.dumps(config))
    places: list[tuple[Any, Any]] = []

    def collect(inner: Any) -> None:
        for key, value in list(inner.items() if isinstance(inner, dict) else enumerate(inner)):
            if inner is changed and key == "files":
                continue
            places.append((inner, key))
            if isinstance(value, dict | list):
                collect(value)

    collect(changed)
    inner, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            del inner[key]
        case 1 if isinstance(inner, dict):
            inner[f"{key}s"] = inner[key]
        case 2:
            inner[key] = chance.choice(OTHERS)
        case _:
            value = inner[key]
            near = (value + chance.choice((-1, 1)), value * 2) if isinstance(value, int | float) else ()
            inner[key] = chance.choice((*near, *NUMBERS) if chance.random() < 0.5 else near or NUMBERS)
    return changed


class MutantDirectory:
    """A copy of a model directory whose files are changed one after the other."""

    def __init__(self, original: Path, place: Path) -> None:
        self.path = place
        place.mkdir()
        self.files = {name: (original / name).read_bytes() for name in (CONFIG, TOKENIZER, WEIGHTS, CARD)}
        self.config = json.loads(self.files[CONFIG])
        self._write({})
        self.expected = self._translate()

    def outcome(self, changes: dict[str, bytes]) -> str:
        """Return what loading and translating with changed files gives: refused, same, other or FAILED."""
        self._write(changes)
        try:
            translator = Translator.from_pretrained(self.path, device="cpu", backend="torch")
        except ValueError as error:
            said = str(error)
            named = any(name in said for name in self.files) and "\n" not in said.strip()
            return "refused" if named else f"FAILED: no name in {said[:200]!r}"
        except Exception as error:
            return f"FAILED at load: {type(error).__name__}: {str(error)[:200]}"
        try:
            return "same" if self._translate(translator) == self.expected else "other"
        except Exception as error:
            return f"FAILED at the first text: {type(error).__name__}: {str(error)[:200]}"

    def sealed(self, name: str, data: bytes) -> dict[str, bytes]:
        """Return a changed file, and the config.json whose checksums fit it."""
        files = {**self.config["files"], name: checksum(data)}
        return {name: data, CONFIG: config_bytes({**self.config, "files": files})}

    def _translate(self, translator: Translator | None = None) -> list[str]:
        translator = translator or Translator.from_pretrained(self.path, device="cpu", backend="torch")
        source, target = translator.settings.source_languages[0], translator.settings.target_languages[0]
        results = translator.translate(TEXTS, OPTIONS, source_language=source, target_language=target)
        return [result.text for result in results]

    def _write(self, changes: dict[str, bytes]) -> None:
        for name, data in {**self.files, **changes}.items():
            (self.path / name).write_bytes(data)


def tokenizer_mutant(directory: MutantDirectory, chance: random.Random) -> dict[str, bytes]:
    """Return a changed tokenizer whose checksums fit."""
    return directory.sealed(TOKENIZER, mutated_bytes(directory.files[TOKENIZER], chance))


def weights_mutant(directory: MutantDirectory, chance: random.Random) -> dict[str, bytes]:
    """Return changed weights whose checksums fit; half of them in the header, which is short."""
    header = 8 + int.from_bytes(directory.files[WEIGHTS][:8], "little")
    within = header if chance.random() < 0.5 else None
    return directory.sealed(WEIGHTS, mutated_bytes(directory.files[WEIGHTS], chance, within))


def config_mutant(directory: MutantDirectory, chance: random.Random) -> dict[str, bytes]:
    """Return a changed config.json: a value, and its own checksum fits or is missing."""
    values = mutated_values(directory.config, chance)
    if chance.random() < 0.5:
        return {CONFIG: config_bytes(values)}
    values["files"] = {name: value for name, value in values["files"].items() if name != CONFIG}
    return {CONFIG: json.dumps(values).encode()}


def damaged_config(directory: MutantDirectory, chance: random.Random) -> dict[str, bytes]:
    """Return config.json with changed bytes or a changed value, and the checksum it had."""
    if chance.random() < 0.5:
        return {CONFIG: mutated_bytes(directory.files[CONFIG], chance)}
    return {CONFIG: json.dumps(mutated_values(directory.config, chance)).encode()}


Mutation = Callable[[MutantDirectory, random.Random], dict[str, bytes]]

# The kinds of mutants, and whether a mutant that loads must translate as before.
KINDS: dict[str, tuple[Mutation, bool]] = {
    "tokenizer.model, checksums rewritten": (tokenizer_mutant, False),
    "config.json, checksum rewritten or taken out": (config_mutant, False),
    "config.json, checksum as it was": (damaged_config, True),
    "model.safetensors, checksums rewritten": (weights_mutant, False),
}


def outcomes(original: Path, place: Path, kind: str, count: int, seed: int) -> Counter[str]:
    """Return how often each outcome came; those that are wrong begin with FAILED and name their number."""
    mutate, must_be_same = KINDS[kind]
    directory = MutantDirectory(original, place)
    counted: Counter[str] = Counter()
    for number in range(count):
        changes = mutate(directory, random.Random(f"{seed} {kind} {number}"))
        outcome = directory.outcome(changes)
        if outcome == "other" and must_be_same:
            outcome = "FAILED: another translation"
        counted[f"{outcome} (mutant {number})" if outcome.startswith("FAILED") else outcome] += 1
    shutil.rmtree(place)
    return counted


def main() -> int:
    """Run all kinds of mutants; return the exit code."""
    parser = argparse.ArgumentParser(description="Load mutants of a model directory.")
    parser.add_argument("--model", default="de-en", help="a released model or a directory")
    parser.add_argument("--count", type=int, default=1000, help="mutants of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the changes")
    arguments = parser.parse_args()
    failed = False
    for kind in KINDS:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            original = find_model(arguments.model)
            counted = outcomes(original, Path(folder) / "model", kind, arguments.count, arguments.seed)
        failures = {name: many for name, many in counted.items() if name.startswith("FAILED")}
        shown = ", ".join(f"{counted[name]} {name}" for name in ("refused", "same", "other"))
        print(f"{kind}: {shown}, {sum(failures.values())} failed; {time.monotonic() - started:.0f} s")
        for name in failures:
            print(f"  {name}")
        failed = failed or bool(failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
