r"""Comparison of maps as word alignments: mean of heads, best head, guided head, statistical aligner.

    python experiments/alignment_heads.py --folder runs/heads
    python experiments/alignment_heads.py --folder runs/heads-de --config multi30k-en-de \
        --links FOLDER --corpus FOLDER

Three trainings per seed: without guidance, with one head guided at the step that predicts the word, and with
one guided at the step whose input is the word. Without --links the data is the synthetic language of
`synthetic_language.py`, and the score is the AER of its test; with them it is the share of gold links that
`word_links.py` counts. Layer, head and step of every map are selected on links that our aligner counts over
validation texts. A stopped comparison resumes; the table is printed at the end.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
import word_links
from synthetic_language import Language, Pair, write_files

from seq2seq.alignment.aligner import align_both_ways, align_texts
from seq2seq.alignment.head_selection import choose_head
from seq2seq.inference.translator import Translator
from seq2seq.metrics.aer import GoldLinks, score_links

Texts = list[tuple[str, str]]
Figures = dict[str, list[dict[str, float]]]  # of each map, for each seed, by name
Align = Callable[[str, str], Iterable[tuple[int, int]]]

WEIGHT = 0.1
KINDS = {
    "unguided": [],
    "guided, usual step": [f"--task.alignment.weight={WEIGHT}", "--task.alignment.read=output"],
    "guided, input step": [f"--task.alignment.weight={WEIGHT}", "--task.alignment.read=input"],
}
MEAN, TEACHER = "mean of all heads", "the aligner itself"
MOST_SHOWN = 300  # validation pairs on which a map is chosen

# A model that learns the made-up language in minutes on one core.
SMALL = """
data: {files: [train.tsv], valid_files: [valid.tsv], vocabulary_size: 1000, batch_tokens: 1024}
model: {width: 64, feed_forward: 128, encoder_layers: 3, decoder_layers: 3, dropout: 0.1, max_length: 128}
task: {learning_rate: 3.e-3, warmup: 200, samples: 0}
trainer: {max_steps: 3000, val_check_interval: 3000}
"""


class Trial(NamedTuple):
    """Data and evaluation of a comparison: flags of the training, texts, and the score of an aligner."""

    flags: list[str]
    training: Texts
    valid: Texts
    test: Texts
    judge: Callable[[Align], dict[str, float]]


def synthetic(folder: Path, pairs: int, tests: int, settings: str = SMALL, words: int = 600) -> Trial:
    """Write the synthetic language, its files and its recipe to a folder and return its trial."""
    language = Language(words)
    parts = [language.pairs(count, seed) for seed, count in enumerate((pairs, MOST_SHOWN, tests))]
    for name, part in zip(("train", "valid"), parts, strict=False):
        write_files(folder, name, part)
    (folder / "synthetic.yaml").write_text(
        settings.replace("train.tsv", str(folder / "train.tsv")).replace(
            "valid.tsv", str(folder / "valid.tsv")
        )
    )
    training, valid, test = ([(pair.source, pair.target) for pair in part] for part in parts)
    return Trial(
        ["--config", str(folder / "synthetic.yaml")],
        training,
        valid,
        test,
        lambda align: {"AER": 100 * error_rate(align, parts[2])},
    )


def error_rate(align: Align, pairs: Sequence[Pair]) -> float:
    """Return the AER of an aligner on pairs with known links."""
    found = [set(align(pair.source, pair.target)) for pair in pairs]
    return score_links(found, [GoldLinks(pair.links, pair.links) for pair in pairs]).error_rate


def multi30k(config: str, links: Path, corpus: Path, languages: tuple[str, str]) -> Trial:
    """Return the trial of Multi30k, scored by the gold word links of its tests."""
    names = "test_2016_flickr", "test_2017_flickr"
    sets = {name: word_links.read_test_set(links, corpus, name, languages) for name in names}
    training, valid = (
        list(
            zip(
                *(word_links.lines_of(corpus / "raw" / f"{name}.{language}.gz") for language in languages),
                strict=True,
            )
        )
        for name in ("train", "val")
    )
    test = [pair for test_set in sets.values() for pair in zip(*test_set.raw, strict=True)]

    def judge(align: Align) -> dict[str, float]:
        verdicts = {name: word_links.judge(test_set, align) for name, test_set in sets.items()}
        figures = {f"{name}, % right": 100 * verdict.share for name, verdict in verdicts.items()}
        return figures | {f"{name}, links a word": v.links_a_word for name, v in verdicts.items()}

    return Trial(["--config", config], training, valid, test, judge)


def judge_run(trial: Trial, model: Path, kind: str) -> dict[str, dict[str, float]]:
    """Return the scores of each map of a trained model."""
    translator = Translator.from_pretrained(model, "cpu")
    scores = translator.score([s for s, _ in trial.test], [t for _, t in trial.test])
    perplexity = math.exp(-sum(s.log_probability for s in scores) / sum(len(s.tokens) for s in scores))
    found = {kind: trial.judge(lambda s, t: translator.align(s, t).links("blanks"))}
    if not KINDS[kind]:
        found[MEAN] = trial.judge(mean_of_heads(translator, trial))
    head = translator.settings.alignment
    print(f"  {kind}: layer {head.layer}, head {head.head}, read {head.read}", file=sys.stderr)
    return {name: figures | {"perplexity": perplexity} for name, figures in found.items()}


def mean_of_heads(translator: Translator, trial: Trial) -> Align:
    """Return the mean over layers and heads, read at the step that agrees better with counted links."""

    def maps(source: str, target: str):
        found = translator.attention(source, target)
        return replace(found, cross=found.cross.mean(dim=(0, 1), keepdim=True))

    shown = trial.valid[:MOST_SHOWN]
    links = align_texts([*trial.training, *shown])[len(trial.training) :]
    head = choose_head((maps(*pair) for pair in shown), links).head
    return lambda source, target: maps(source, target).alignment(head).links("blanks")


def judge_teacher(trial: Trial) -> dict[str, float]:
    """Return the scores of the statistical aligner, which reads the test texts too."""
    words = [(source.split(), target.split()) for source, target in [*trial.training, *trial.test]]
    links = align_both_ways(words).grown[len(trial.training) :]
    known = dict(zip(trial.test, links, strict=True))
    return trial.judge(lambda source, target: known[source, target])


def train(trial: Trial, kind: str, seed: int, run: Path, extra: Sequence[str]) -> None:
    """Run one training, or the rest of it, in a process of its own."""
    arguments = [*trial.flags, *KINDS[kind], f"--seed_everything={seed}", "--run_dir", str(run), *extra]
    if (run / "checkpoints" / "last.ckpt").exists():
        arguments += ["--ckpt_path", "last"]
    subprocess.run([sys.executable, "-m", "seq2seq", "train", *arguments], check=True, stdout=sys.stderr)


def compare(trial: Trial, folder: Path, seeds: int, extra: Sequence[str] = ()) -> str:
    """Train and evaluate what is missing, and return the table over all seeds."""
    figures: Figures = {TEACHER: [_kept(folder / "teacher.json", judge_teacher, trial)]}
    for seed in range(1, seeds + 1):
        for number, kind in enumerate(KINDS):
            run = folder / f"{number}-{seed}"

            def figures_of_run(kind: str = kind, run: Path = run, seed: int = seed) -> dict:
                train(trial, kind, seed, run, extra)
                return judge_run(trial, run / "model", kind)

            for name, found in _kept(run / "figures.json", figures_of_run).items():
                figures.setdefault(name, []).append(found)
    return table(figures)


def table(figures: Figures) -> str:
    """Return a row per map: mean over the seeds, with lowest and highest where there are several."""
    columns = list(dict.fromkeys(name for found in figures.values() for each in found for name in each))
    lines = [f"| map | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for name, found in figures.items():
        cells = []
        for column in columns:
            values = [each[column] for each in found if column in each]
            spread = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.2f}{spread}" if values else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _kept(path: Path, make: Callable, *arguments: object) -> dict:
    """Return the content of a file, which is made and written first if missing."""
    if not path.exists():
        made = make(*arguments)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made, indent=1))
    return json.loads(path.read_text())


def main() -> None:
    """Compare and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the runs go, and are looked for")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=20_000, help="training pairs of the made-up language")
    parser.add_argument("--tests", type=int, default=1000, help="test pairs of the made-up language")
    parser.add_argument("--config", default="multi30k-en-de", help="the recipe, where --links is given")
    parser.add_argument("--links", type=Path, help="folder of Multi30k's gold word links")
    parser.add_argument("--corpus", type=Path, help="folder of Multi30k with raw/ and tok/")
    parser.add_argument("--languages", nargs=2, default=["en", "de"])
    arguments, extra = parser.parse_known_args()
    torch.set_num_threads(1)
    if arguments.links:
        trial = multi30k(arguments.config, arguments.links, arguments.corpus, tuple(arguments.languages))
    else:
        trial = synthetic(arguments.folder.absolute(), arguments.pairs, arguments.tests)
    print(compare(trial, arguments.folder, arguments.seeds, extra))


if __name__ == "__main__":
    main()
