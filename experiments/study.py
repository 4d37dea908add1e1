"""Studies: trainings that differ in one thing each, trained, evaluated and kept row by row.

A variant is a recipe with additional arguments; all have the same data, seed and number of updates. One
folder holds a run for each variant and seed, and results.json. A stopped study resumes: finished rows stay,
others resume from their last checkpoint. The score is BLEU of the whole validation set, greedy, so that no
beam compensates for the model; test sets are never read.
"""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seq2seq.options import DecodeOptions
from seq2seq.storage.atomic import replace_file
from seq2seq.storage.model_directory import load_model
from train.data.corpus import Corpus, read_corpus
from train.data.examples import by_source, expand
from train.run import find_config
from train.tasks.validation import score, translate

Row = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """Row of the table: its name, and its arguments beside the recipe's."""

    name: str
    arguments: tuple[str, ...] = ()


class Study:
    """Runs and results in one folder, all trained with the same settings."""

    def __init__(self, folder: Path, configs: list[str], seeds: list[int]):
        self.folder, self.configs, self.seeds = folder, [str(find_config(name)) for name in configs], seeds
        self.setup = [yaml.safe_load(Path(config).read_text(encoding="utf-8")) for config in self.configs]
        self.results = folder / "results.json"
        self.rows: dict[str, Row] = {}
        if self.results.is_file():
            found = json.loads(self.results.read_text(encoding="utf-8"))
            if found["setup"] != self.setup:
                raise ValueError(f"{self.results} is of other settings; choose another --folder")
            self.rows = found["rows"]

    def run(self, variants: list[Variant]) -> None:
        """Train and evaluate every variant with every seed, where that is missing."""
        wanted = [(variant, seed) for seed in self.seeds for variant in variants]
        for number, (variant, seed) in enumerate(wanted, 1):
            if str(seed) in self.rows.get(variant.name, {}).get("bleu", {}):
                continue
            print(f"{number} of {len(wanted)}: {variant.name}, seed {seed}", file=sys.stderr, flush=True)
            directory = self.train(variant, seed)
            row = self.rows.setdefault(variant.name, {"bleu": {}})
            row["bleu"][str(seed)], row["signature"] = judge(directory)
            self.save()

    def train(self, variant: Variant, seed: int) -> Path:
        """Return the model directory of a variant, trained, resumed or finished before."""
        directory = self.model(variant, seed)
        if (directory / "config.json").is_file():
            return directory
        training = subprocess.Popen(self.command(variant, seed), stdout=subprocess.DEVNULL)
        try:
            code = training.wait()
        except KeyboardInterrupt:  # Ctrl-C reaches the training too, which saves before it ends
            code = training.wait()
        if code:
            raise ChildProcessError(
                f"the training of {variant.name} ended with {code}; run it again to go on"
            )
        return directory

    def command(self, variant: Variant, seed: int) -> list[str]:
        """Return the training command of a variant, which resumes where there is a checkpoint."""
        run = self.model(variant, seed).parent
        command = [sys.executable, "-m", "seq2seq", "train", "--run_dir", str(run)]
        for config in self.configs:
            command += ["--config", config]
        command += [*variant.arguments, "--seed_everything", str(seed)]
        resumed = any((run / "checkpoints").glob("*.ckpt"))
        return [*command, "--ckpt_path", "last"] if resumed else command

    def model(self, variant: Variant, seed: int | None = None) -> Path:
        """Return the model directory of a variant."""
        name = "-".join(variant.name.lower().replace(",", "").split())
        return self.folder / f"{name}-{self.seeds[0] if seed is None else seed}" / "model"

    def save(self) -> None:
        """Write the results so far."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"setup": self.setup, "rows": self.rows}
        replace_file(self.results, json.dumps(content, indent=1).encode())


def judge(directory: Path) -> tuple[float, str]:
    """Return BLEU of the whole validation set, greedy, and its signature."""
    config = yaml.safe_load((directory.parent / "config.yaml").read_text(encoding="utf-8"))["data"]
    known = {name: config[name] for name in Corpus.__dataclass_fields__ if name in config}
    corpus = Corpus(**known)
    judged = by_source(expand(corpus, read_corpus(corpus)[1]))
    loaded = load_model(directory)
    scores = score(translate(loaded.model, loaded.tokenizer, judged, DecodeOptions(beam_size=1)), judged)
    return scores.bleu, scores.bleu_signature


def mean_and_range(values: list[float]) -> str:
    """Return the mean of the seeds, with minimum and maximum where there are several."""
    mean = f"{statistics.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f} to {max(values):.2f})"


def around_markers(path: Path, markers: tuple[str, str]) -> tuple[str, str]:
    """Return the parts of a page before and after its markers, the markers included."""
    first, last = markers
    page = path.read_text(encoding="utf-8")
    if page.count(first) != 1 or page.count(last) != 1:
        raise ValueError(f"{path} has not one {first} and one {last}; add these two lines")
    before, rest = page.split(first)
    return before + first, last + rest.split(last)[1]


def write_between_markers(path: Path, markers: tuple[str, str], text: str) -> None:
    """Replace the text between the markers of a page."""
    before, after = around_markers(path, markers)
    replace_file(path, f"{before}\n{text}\n{after}".encode())


def chosen(variants: tuple[Variant, ...], names: list[str]) -> list[Variant]:
    """Return the variants of these names and the first, which is the reference; all if no names are given."""
    known = {variant.name: variant for variant in variants}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"--only {unknown[0]!r} is no variant; they are {', '.join(known)}")
    return [variant for variant in variants if not names or variant.name in names or variant == variants[0]]
