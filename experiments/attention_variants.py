"""Comparison of attention variants in the same translation model, trained alike: one table row each.

    python experiments/attention_variants.py --write docs/attention.md

A variant is a recipe with an overlay or two, trained by `seq2seq train`: the same data, seed and number of
updates for all. Then all are measured: parameters, BLEU of the whole validation set (greedy, so that no beam
compensates for the model), cached bytes per token, and speeds relative to multi-head attention, in turns.

--folder holds a run for each variant and seed, and results.json. Stopped, the same command resumes: finished
rows stay, others resume from their last checkpoint.
"""

import argparse
import sys
from pathlib import Path

import torch
from study import Row, Study, Variant, around_markers, chosen, mean_and_range, write_between_markers
from variant_speed import Speeds, compare_speeds

from seq2seq.model.transformer import Transformer
from seq2seq.storage.model_directory import load_model

HERE = Path(__file__).resolve().parent
MARKERS = "<!-- attention variants -->", "<!-- end of attention variants -->"
TOKENS = 128  # read before the remembered bytes are counted


def overlay(name: str) -> tuple[str, ...]:
    """Return the arguments that lay a shipped overlay over a recipe."""
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


def measure(study: Study, variants: list[Variant], rounds: int) -> None:
    """Measure sizes and, unless `rounds` is 0, speeds relative to the first variant, anew each time."""
    shapes = {}
    for variant in variants:
        model = load_model(study.model(variant)).model
        study.rows[variant.name].update(measure_size(model))
        shapes[variant.name] = model.config
    if rounds:
        for name, speeds in compare_speeds(shapes, rounds).items():
            study.rows[name]["speeds"] = speeds._asdict()
    study.save()


@torch.inference_mode()
def measure_size(model: Transformer) -> Row:
    """Return parameters, and the cached bytes of TOKENS target and TOKENS source tokens."""
    model = model.eval()
    state = model.start(torch.randn(1, TOKENS, model.config.width), None, TOKENS)
    model.step(torch.full((1, TOKENS), 4), state)
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "target_bytes": state.nbytes / TOKENS,
        "source_bytes": sum(remembered.nbytes for remembered in state.remembered) / TOKENS,
    }


def table(rows: dict[str, Row]) -> str:
    """Return the rows in Markdown, in the order of VARIANTS."""
    lines = [
        "| variant | parameters | BLEU | training | decoding | bytes a target token | a source token |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for variant in VARIANTS:
        if variant.name in rows:
            lines.append(line(variant.name, rows[variant.name]))
    return "\n".join(lines)


def line(name: str, row: Row) -> str:
    """Return one variant's line of the table."""
    speeds = Speeds(**row["speeds"]).cells() if "speeds" in row else ("-", "-")
    # A study that was stopped has judged rows and not yet measured them.
    parameters, *sizes = (
        f"{row[name]:,.0f}" if name in row else "-" for name in ("parameters", "target_bytes", "source_bytes")
    )
    numbers = parameters, mean_and_range(list(row["bleu"].values())), *speeds, *sizes
    return f"| {' | '.join((name, *numbers))} |"


def main() -> int:
    """Train, evaluate and time what is missing; print the table or write it into a page."""
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
        variants = chosen(VARIANTS, arguments.only)
        if arguments.write:
            around_markers(arguments.write, MARKERS)  # before the hours that follow
        study = Study(arguments.folder, configs, arguments.seeds)
        study.run(variants)
        measure(study, variants, arguments.rounds)
        if arguments.write:
            write_between_markers(arguments.write, MARKERS, table(study.rows))
        else:
            print(table(study.rows))
    except (ValueError, OSError) as error:
        print(f"attention_variants: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
