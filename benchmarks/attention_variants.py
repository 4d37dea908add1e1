"""Every kind of attention in the same translation model, trained alike: one row of a table each.

    python benchmarks/attention_variants.py --write docs/attention.md

A variant is a recipe with an overlay or two, trained by `seq2seq train`: the same data, seed and number of
updates for all. Then all are measured: parameters, BLEU of the whole valid set (greedy, so that no beam makes
up for the model), bytes remembered a token, and the speeds beside multi-head attention, in turns.

Everything lies in --folder: a run for each variant and seed, and results.json. Stopped, the same command
goes on: a row that is done stays, one half-way resumes from its last checkpoint.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from variant_speed import Speeds, compare_speeds

from seq2seq.checkpoint import load_model
from seq2seq.options import DecodeOptions
from seq2seq.storage import replace_file
from seq2seq.transformer import Transformer
from train.corpus import Corpus, read_corpus
from train.examples import expand
from train.run import find_config
from train.validation import score, translate

HERE = Path(__file__).resolve().parent
MARKERS = "<!-- attention variants -->", "<!-- end of attention variants -->"
TOKENS = 128  # read before the remembered bytes are counted

Row = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """A row of the table: what it is called, and what makes it of a recipe."""

    name: str
    arguments: tuple[str, ...] = ()


def overlay(name: str) -> tuple[str, ...]:
    """The arguments that lay a shipped overlay over a recipe."""
    return ("--config", f"attention/{name}.yaml")


ROTARY = ("--model.positions", "rotary")
NEAR = ("--model.encoder_attention.linear", "false", "--model.encoder_attention.window", "8")
VARIANTS = (
    Variant("MHA"),
    Variant("GQA", overlay("gqa")),
    Variant("MQA", overlay("mqa")),
    Variant("MLA", overlay("mla")),
    Variant("linear", overlay("linear")),
    Variant("window", overlay("window")),
    Variant("window and global tokens", overlay("global")),
    Variant("window and stride", overlay("strided")),
    Variant("additive score", overlay("additive")),
    Variant("target-aware score", overlay("target_aware")),
    Variant("MHA, rotary", ROTARY),
    Variant("MLA, rotary", overlay("mla") + ROTARY),
    Variant("window in the encoder, else linear", overlay("linear") + NEAR),
)


class Study:
    """The runs and the results of one folder, all trained with the same settings."""

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
        """Train and judge every variant with every seed, as far as that has not been done."""
        wanted = [(variant, seed) for seed in self.seeds for variant in variants]
        for number, (variant, seed) in enumerate(wanted, 1):
            if str(seed) in self.rows.get(variant.name, {}).get("bleu", {}):
                continue
            print(f"{number} of {len(wanted)}: {variant.name}, seed {seed}", file=sys.stderr, flush=True)
            directory = self.train(variant, seed)
            row = self.rows.setdefault(variant.name, {"bleu": {}})
            row["bleu"][str(seed)], row["signature"] = judge(directory)
            self.save()

    def measure(self, variants: list[Variant], rounds: int) -> None:
        """Sizes, and unless `rounds` is 0 the speeds beside the first variant, anew each time."""
        shapes = {}
        for variant in variants:
            model = load_model(self.model(variant)).model
            self.rows[variant.name].update(measure_size(model))
            shapes[variant.name] = model.config
        if rounds:
            for name, speeds in compare_speeds(shapes, rounds).items():
                self.rows[name]["speeds"] = speeds._asdict()
        self.save()

    def train(self, variant: Variant, seed: int) -> Path:
        """The model directory of a variant; its run begins, goes on, or is there already."""
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
        """The training of a variant, which goes on where there is a checkpoint."""
        run = self.model(variant, seed).parent
        command = [sys.executable, "-m", "seq2seq", "train", "--run_dir", str(run)]
        for config in self.configs:
            command += ["--config", config]
        command += [*variant.arguments, "--seed_everything", str(seed)]
        resumed = any((run / "checkpoints").glob("*.ckpt"))
        return [*command, "--ckpt_path", "last"] if resumed else command

    def model(self, variant: Variant, seed: int | None = None) -> Path:
        """Where the model of a variant lies."""
        name = "-".join(variant.name.lower().replace(",", "").split())
        return self.folder / f"{name}-{self.seeds[0] if seed is None else seed}" / "model"

    def save(self) -> None:
        """Write what is known so far."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"setup": self.setup, "rows": self.rows}
        replace_file(self.results, json.dumps(content, indent=1).encode())


def judge(directory: Path) -> tuple[float, str]:
    """BLEU of the whole valid set, greedily, and its signature."""
    config = yaml.safe_load((directory.parent / "config.yaml").read_text(encoding="utf-8"))["data"]
    known = {name: config[name] for name in Corpus.__dataclass_fields__ if name in config}
    corpus = Corpus(**known)
    examples = expand(corpus, read_corpus(corpus)[1])
    loaded = load_model(directory)
    scores = score(translate(loaded.model, loaded.tokenizer, examples, DecodeOptions(beam_size=1)), examples)
    return scores.bleu, scores.bleu_signature


@torch.inference_mode()
def measure_size(model: Transformer) -> Row:
    """Parameters, and the bytes that decoding remembers of TOKENS target and TOKENS source tokens."""
    model = model.eval()
    state = model.start(torch.randn(1, TOKENS, model.config.width), None, TOKENS)
    model.step(torch.full((1, TOKENS), 4), state)
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "target_bytes": state.nbytes / TOKENS,
        "source_bytes": sum(remembered.nbytes for remembered in state.remembered) / TOKENS,
    }


def table(rows: dict[str, Row]) -> str:
    """The rows in Markdown, in the order of VARIANTS."""
    lines = [
        "| variant | parameters | BLEU | training | decoding | bytes a target token | a source token |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for variant in VARIANTS:
        if variant.name in rows:
            lines.append(line(variant.name, rows[variant.name]))
    return "\n".join(lines)


def line(name: str, row: Row) -> str:
    """One variant's line of the table."""
    bleu = list(row["bleu"].values())
    scores = f"{statistics.mean(bleu):.2f}"
    if len(bleu) > 1:
        scores += f" ({min(bleu):.2f} to {max(bleu):.2f})"
    speeds = Speeds(**row["speeds"]).cells() if "speeds" in row else ("-", "-")
    numbers = (
        f"{row['parameters']:,}",
        scores,
        *speeds,
        *(f"{row[n]:,.0f}" for n in ("target_bytes", "source_bytes")),
    )
    return f"| {' | '.join((name, *numbers))} |"


def around_markers(path: Path) -> tuple[str, str]:
    """What stands before and after the markers of a page, the markers with it."""
    first, last = MARKERS
    page = path.read_text(encoding="utf-8")
    if page.count(first) != 1 or page.count(last) != 1:
        raise ValueError(f"{path} has not one {first} and one {last}; add these two lines")
    before, rest = page.split(first)
    return before + first, last + rest.split(last)[1]


def write_between_markers(path: Path, text: str) -> None:
    """Put the text between the markers of a page, in place of what was there."""
    before, after = around_markers(path)
    replace_file(path, f"{before}\n{text}\n{after}".encode())


def chosen(names: list[str]) -> list[Variant]:
    """The variants of these names, and the first, which all are compared with; all where there are none."""
    known = {variant.name: variant for variant in VARIANTS}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"--only {unknown[0]!r} is no variant; they are {', '.join(known)}")
    return [variant for variant in VARIANTS if not names or variant.name in names or variant == VARIANTS[0]]


def main() -> int:
    """Train, judge and time what has not been; print the table or write it into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/attention_variants"))
    parser.add_argument("--config", action="append", help="a recipe and what lies over it")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--only", nargs="+", default=[], help="some variants; MHA is always one of them")
    parser.add_argument("--rounds", type=int, default=20, help="of timing; 0 leaves the speeds as they are")
    parser.add_argument("--write", type=Path, help="the page to put the table into, between its markers")
    arguments = parser.parse_args()
    configs = arguments.config or ["quickstart", str(HERE / "attention_variants.yaml")]
    try:
        variants = chosen(arguments.only)
        if arguments.write:
            around_markers(arguments.write)  # before the hours that follow
        study = Study(arguments.folder, configs, arguments.seeds)
        study.run(variants)
        study.measure(variants, arguments.rounds)
        if arguments.write:
            write_between_markers(arguments.write, table(study.rows))
        else:
            print(table(study.rows))
    except (ValueError, OSError) as error:
        print(f"attention_variants: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
