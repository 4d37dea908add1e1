"""Ablations on little data: a recipe with one change per row, trained alike on the same budget.

    python experiments/ablations.py --write docs/results.md

Each row changes one line of the recipe and keeps its data, seed and number of updates. The score is BLEU of
the whole validation set, greedy (`study.py`). A budget of some 1,500 updates is short: regularization
(dropout, R-Drop, BPE-dropout) pays off later than what learns faster, and a row shows its value at this
budget only. An update of R-Drop costs twice as much, which the minutes of the table show.
"""

import argparse
import sys
from pathlib import Path

from study import Row, Study, Variant, around_markers, chosen, mean_and_range, write_between_markers

from train.callbacks.checkpoint_io import LAST, read_checkpoint

HERE = Path(__file__).resolve().parent
MARKERS = "<!-- ablations -->", "<!-- end of ablations -->"
ENCODER, DECODER = "--model.encoder_layers", "--model.decoder_layers"
OFTEN = ("--trainer.val_check_interval", "100", "--checkpoints.average", "5")

VARIANTS = (
    Variant("the recipe"),
    Variant("vocabulary of 2,000", ("--data.vocabulary_size", "2000")),
    Variant("vocabulary of 8,000", ("--data.vocabulary_size", "8000")),
    Variant("unigram vocabulary", ("--data.subwords", "unigram")),
    Variant("BPE-dropout 0.1", ("--data.sampling", "0.1")),
    Variant("separate embeddings", ("--model.tied_embeddings", "false")),
    Variant("R-Drop 5", ("--task.r_drop", "5")),
    Variant("dropout 0.2", ("--model.dropout", "0.2")),
    Variant("dropout 0.3", ("--model.dropout", "0.3")),
    Variant("no label smoothing", ("--task.label_smoothing", "0")),
    Variant("label smoothing 0.2", ("--task.label_smoothing", "0.2")),
    Variant("average of the last 5 of 15 validations", OFTEN),
    Variant("moving average, decay 0.995", ("--checkpoints.ema", "0.995")),
    Variant("6 and 4 layers", (ENCODER, "6", DECODER, "4")),
    Variant("width 192", ("--model.width", "192", "--model.feed_forward", "384")),
    Variant("norm after each part", ("--model.norm_order", "post")),
    Variant("rotary positions", ("--model.positions", "rotary")),
    Variant("learned positions", ("--model.positions", "learned")),
    Variant("a guided head", ("--task.alignment.weight", "0.05")),
)


def measure(study: Study, variants: list[Variant]) -> None:
    """Add the minutes of training to each row, from the logs of its runs."""
    for variant in variants:
        row = study.rows[variant.name]
        minutes = [minutes_of(study.model(variant, seed).parent) for seed in study.seeds]
        row["minutes"] = sum(minutes) / len(minutes)
    study.save()


def minutes_of(run: Path) -> float:
    """Return the minutes of a run, validation included, over all its resumptions."""
    states = read_checkpoint(run / "checkpoints" / LAST)["callbacks"].values()
    (seconds,) = [state["seconds"] for state in states if "seconds" in state]
    return float(seconds) / 60


def table(rows: dict[str, Row]) -> str:
    """Return the rows in Markdown, in the order of VARIANTS, with the difference to the first."""
    lines = ["| row | BLEU, valid | over the recipe | minutes |", "| --- | --- | --- | --- |"]
    first = _bleu(rows[VARIANTS[0].name])
    for variant in VARIANTS:
        if variant.name in rows:
            row = rows[variant.name]
            bleu = _bleu(row)
            gain = sum(bleu) / len(bleu) - sum(first) / len(first)
            over = "-" if variant is VARIANTS[0] else f"{gain:+.2f}"
            minutes = f"{row['minutes']:.0f}" if "minutes" in row else "-"  # of a study that was stopped
            lines.append(f"| {variant.name} | {mean_and_range(bleu)} | {over} | {minutes} |")
    return "\n".join(lines)


def _bleu(row: Row) -> list[float]:
    return list(row["bleu"].values())


def main() -> int:
    """Train and evaluate what is missing; print the table or write it into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--config", action="append", help="a recipe and what lies over it")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--only", nargs="+", default=[], help="some rows; the first is always one of them")
    parser.add_argument("--write", type=Path, help="the page to put the table into, between its markers")
    arguments = parser.parse_args()
    try:
        variants = chosen(VARIANTS, arguments.only)
        if arguments.write:
            around_markers(arguments.write, MARKERS)  # before the hours that follow
        configs = arguments.config or ["quickstart", str(HERE / "ablations.yaml")]
        study = Study(arguments.folder, configs, arguments.seeds)
        study.run(variants)
        measure(study, variants)
        if arguments.write:
            write_between_markers(arguments.write, MARKERS, table(study.rows))
        else:
            print(table(study.rows))
    except (ValueError, OSError) as error:
        print(f"ablations: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
