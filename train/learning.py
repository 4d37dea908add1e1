"""Learning of a project's own language: a model trained further on the project's translated strings.

    pairs -> held out │ project + as many of the base data -> `seq2seq train --init` -> weights
    base, weights, mixtures of both -> held-out strings -> the best, if it is better than the base -> model

The same command goes on where it was stopped. `seq2seq localize --learn` finds the pairs.
"""

import contextlib
import gzip
import hashlib
import json
import random
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seq2seq.inference.translator import Translator
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import CONFIG

from .adaptation import Judgement, best_mixture, write_adapted
from .callbacks.checkpoint_io import LAST
from .callbacks.checkpoints import StoppedError
from .command import main as train
from .data.corpus import Corpus, load_pairs
from .data.strings import most_frequent, plain_rows

Pair = tuple[str, ...]  # source, target

LEAST_PAIRS = 60  # of the project; fewer teach little, and say less about what was learned
HELD_OUT, MOST_HELD_OUT = 10, 500  # every tenth source is held out, at most 500
MOST_OF_BASE = 300  # pairs of the base data that are held out, to see what is forgotten
MIXED = 2  # pairs of the base data for each of the project
LONGEST = 250  # characters of a side; longer strings are paragraphs, which a project has few of
TOKENS = 2048  # of a batch
EPOCHS, MOST_UPDATES = (
    12,
    900,
)  # the second is some ten minutes of one core for a model of 4 million parameters
VALIDATIONS = 6
# Half of rhythmbox (valid) from a base of 1,500 updates: held-out perplexity 6.9, with 3e-4, as in the recipe
# finetune, 8.4. What it forgets more is bounded by the mixtures.
RATE = 8e-4


@dataclass(frozen=True)
class LearningTask:
    """The strings to learn from, and the model that learns.

    Attributes:
        pairs: source and target of the project's strings.
        model: the model to begin with.
        source: the source language.
        target: the target language.
        base_data: files of pairs like those the model was trained on.
        folder: where the training and the model go.
    """

    pairs: Sequence[Pair]
    model: str
    source: str
    target: str
    base_data: Sequence[str]
    folder: Path


@dataclass(frozen=True)
class LearningData:
    """Pairs as the model reads them: those trained on, and those held out of the project and of the base."""

    project: list[Pair]
    mixed: list[Pair]
    held_out: list[Pair]
    base_held_out: list[Pair]


def learn(task: LearningTask) -> int:
    """Train, choose and write the model; print in a sentence what was gained.

    Raises:
        ValueError: there are too few pairs, or the model or the base data cannot be used.
        StoppedError: a signal stopped the training; the same command goes on.
    """
    base = Translator.from_pretrained(find_model(task.model), backend="torch").directed(
        task.source, task.target
    )
    data = divide(task, has_placeholders=bool(base.tokenizer.placeholders))
    run = task.folder / f"training-{fingerprint(task, data)}"
    if not (run / "model" / CONFIG).is_file():
        _train(task, data, run)
    learned = Translator.from_pretrained(run / "model", backend="torch").directed(task.source, task.target)
    _say(f"comparing on {len(data.held_out)} strings that were held out")
    before, after, weights = best_mixture(base, learned, data.held_out, data.base_held_out)
    sentence = gained(before, after, task)
    if weights is not None:
        examples = [*data.held_out, *data.base_held_out]
        write_adapted(task.folder / "model", base, weights, examples, card_note(sentence, task, data))
    shutil.rmtree(run)  # its checkpoints are many times the model
    if not any(task.folder.iterdir()):
        task.folder.rmdir()
    print(sentence)
    if weights is not None:
        print(task.folder / "model")
    return 0


def divide(task: LearningTask, *, has_placeholders: bool) -> LearningData:
    """Return the pairs of a task, divided into those to train on and those held out.

    Args:
        task: the pairs, and the files of the base data.
        has_placeholders: whether the vocabulary has pieces for what is copied; without them strings that
            have placeholders are left out.

    Raises:
        ValueError: too few pairs are left.
    """
    pairs = [
        pair
        for pair in most_frequent(plain_rows(task.pairs))
        if _is_learnable(pair) and (has_placeholders or "⟦" not in pair[0])
    ]
    if len(pairs) < LEAST_PAIRS:
        raise ValueError(
            f"{len(pairs)} of {len(task.pairs)} translated strings can be learned from, at least "
            f"{LEAST_PAIRS} are needed; name more files, or a memory with --memory"
        )
    # By the text itself, so that a project that grows holds out the same strings.
    order = sorted(pairs, key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
    count = min(MOST_HELD_OUT, max(LEAST_PAIRS // 3, len(pairs) // HELD_OUT))
    held_out, project = order[:count], order[count:]
    known = {pair[0] for pair in pairs}
    wanted = MIXED * len(project)
    others = [
        pair
        for pair in _base_pairs(task, 2 * (wanted + MOST_OF_BASE))
        if pair[0] not in known and (has_placeholders or "⟦" not in pair[0])
    ]
    cut = min(MOST_OF_BASE, len(others) // HELD_OUT)
    return LearningData(project, others[cut : cut + wanted], held_out, others[:cut])


def _base_pairs(task: LearningTask, count: int) -> list[Pair]:
    """Return some of the pairs of the base data, as the model reads them, always the same ones."""
    if not task.base_data:
        return []
    corpus = Corpus(files=list(task.base_data), source=task.source, target=task.target)
    rows = load_pairs(corpus, "train")
    # Drawn before they are read as labels, which would take minutes for a million.
    drawn = random.Random(1).sample(range(len(rows)), min(count, len(rows)))
    chosen = (tuple(rows[place]) for place in drawn)
    return [pair for pair in most_frequent(plain_rows(chosen)) if _is_learnable(pair)]


def _is_learnable(pair: Pair) -> bool:
    source, target = pair
    if max(len(source), len(target)) > LONGEST or not target.strip():
        return False
    return any(map(str.isalpha, source))


def fingerprint(task: LearningTask, data: LearningData) -> str:
    """Return a hash of the model and the pairs, by which a stopped training is found again."""
    digest = hashlib.sha256((find_model(task.model) / CONFIG).read_bytes())
    for pairs in (data.project, data.mixed, data.held_out):
        digest.update(json.dumps(pairs).encode())
    return digest.hexdigest()[:10]


def updates_for(pairs: Iterable[Pair], characters_a_token: float = 3.5) -> int:
    """Return the number of updates for some pairs: a few epochs, in minutes."""
    tokens = sum(max(map(len, pair)) / characters_a_token + 2 for pair in pairs)
    return max(VALIDATIONS, min(MOST_UPDATES, round(EPOCHS * tokens / TOKENS)))


def _train(task: LearningTask, data: LearningData, run: Path) -> None:
    """Train, or go on; progress goes to standard error."""
    training = [*data.project, *data.mixed]
    updates = updates_for(training)
    run.mkdir(parents=True, exist_ok=True)
    files = run / "train.jsonl.gz", run / "valid.jsonl.gz"
    for path, pairs in zip(files, (training, data.held_out), strict=True):
        _write_table(path, pairs, (task.source, task.target))
    is_begun = (run / "checkpoints" / LAST).is_file()
    _say(
        f"{'going on' if is_begun else 'learning'} from {len(data.project)} strings of the project and "
        f"{len(data.mixed)} of the base data, {updates} updates"
    )
    settings = {
        "data.files": files[0],
        "data.valid_files": files[1],
        "data.source": task.source,
        "data.target": task.target,
        "data.batch_tokens": TOKENS,
        "early_stopping.monitor": "valid_chrf",
        "task.learning_rate": RATE,
        "task.samples": 0,
        "trainer.max_steps": updates,
        "trainer.val_check_interval": max(1, updates // VALIDATIONS),
    }
    argv = ["--config", "finetune", "--init", task.model, "--run_dir", str(run)]
    argv += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    argv += ["--ckpt_path", "last"] if is_begun else []
    try:
        with contextlib.redirect_stdout(sys.stderr):  # the path that it prints is not that of the result
            train(argv)
    except StoppedError as error:
        raise StoppedError("stopped; the same command goes on from here") from error


def _write_table(path: Path, pairs: Iterable[Pair], languages: tuple[str, str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for pair in pairs:
            file.write(json.dumps(dict(zip(languages, pair, strict=True)), ensure_ascii=False) + "\n")


def gained(before: Judgement, after: Judgement | None, task: LearningTask) -> str:
    """Return in a sentence what was gained, or that nothing was."""
    if after is None:
        return (
            f"Nothing was gained on {before.strings} held-out strings ({before.exact:.1f} % exact, chrF++ "
            f"{before.chrf:.1f} before), so the model stays {task.model}."
        )
    kept = ""
    if before.base_chrf is not None and after.base_chrf is not None:
        kept = f"; on the base data it has chrF++ {after.base_chrf:.1f}, before {before.base_chrf:.1f}"
    return (
        f"On {before.strings} held-out strings the model is exact in {after.exact:.1f} %, before "
        f"{before.exact:.1f} %, with chrF++ {after.chrf:.1f}, before {before.chrf:.1f}{kept}."
    )


def card_note(sentence: str, task: LearningTask, data: LearningData) -> str:
    """Return the paragraph of the model's card about what was learned."""
    return (
        f"Trained further from `{task.model}` with `seq2seq localize --learn`, on {len(data.project)} "
        f"strings of a project and {len(data.mixed)} pairs of base data, {task.source} to {task.target}. "
        f"{sentence} Accelerators, ellipses and colons are set aside. The terms of the strings are those of "
        "the project; scores further down are those of the model it began with."
    )


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
