"""Confidences of translations compared with references, on tests that the fit has not seen.

    python benchmarks/confidence.py [--models en-de de-en ...] [--fit]

For each direction: the expected calibration error (ECE, ten bins) and Spearman's rank correlation of the
sentence's confidence with its chrF, beside that of the mean log-probability alone, and the ECE of words
("the reference has this word") beside that of their plain probability. Then the share of texts that are
called unlike the training texts: captions, and messages of programs (data/gettext) where there are any.

Multi30k models are tested on test_2017_flickr, the Chinese model on the tests of 3AM and Tatoeba. With --fit
the confidences are fitted first, on the validation texts, and written into the model's config.json. Files are
read from SEQ2SEQ_DATA. Needs the `test` extra (scipy).
"""

import argparse
import csv
import gzip
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scipy.stats import spearmanr

from seq2seq import Translator
from seq2seq.inference.confidence import Evidence
from seq2seq.storage.model_directory import write_settings
from seq2seq.storage.registry import find_model
from train.data.examples import EvalExample
from train.export.confidence import fit_confidence, judged_words, sentence_chrf

MODELS = ("en-de", "de-en", "en-fr", "fr-en", "captions", "en-zh")
BINS = 10
MESSAGES = 60


class Report(NamedTuple):
    """The measures of one direction."""

    texts: int
    sentence_ece: float
    spearman: float
    score_spearman: float
    word_ece: float
    plain_word_ece: float
    unlike: float


def main(argv: Sequence[str] | None = None) -> None:
    """Print one line for each direction of each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--fit", action="store_true", help="fit on the validation texts first, and store")
    arguments = parser.parse_args(argv)
    data = Path(os.environ["SEQ2SEQ_DATA"])
    for name in arguments.models:
        translator = Translator.from_pretrained(name, device="cpu")
        if arguments.fit:
            valid = [
                example
                for direction in translator.settings.directions
                for example in read_examples(data, direction, "valid")
            ]
            write_settings(find_model(name), fit_confidence(translator, valid))
            translator = Translator.from_pretrained(name, device="cpu")
        for source, target in translator.settings.directions:
            examples = read_examples(data, (source, target), "test")
            if not examples:
                continue
            directed = translator.directed(source, target)
            report = measure(directed, examples)
            foreign = other_texts(data, source)
            other = share_unlike(directed, foreign) if foreign else float("nan")
            print(
                f"{name} {source}-{target} ({report.texts} texts): sentence ECE {report.sentence_ece:.3f}, "
                f"Spearman {report.spearman:.3f} (score {report.score_spearman:.3f}); word ECE "
                f"{report.word_ece:.3f} (probability {report.plain_word_ece:.3f}); unlike: "
                f"{report.unlike:.1%} of captions, {other:.1%} of program messages",
                flush=True,
            )


def measure(translator: Translator, examples: Sequence[EvalExample]) -> Report:
    """Return the measures of one direction on examples with references."""
    confidences, scores, qualities, unlike = [], [], [], []
    words: list[tuple[float, float, float]] = []  # confidence, plain probability, whether it is right
    results = translator.translate([example.source for example in examples])
    for example, result in zip(examples, results, strict=True):
        evidence = result.evidence
        if not isinstance(evidence, Evidence) or result.confidence is None or evidence.calibration is None:
            continue
        confidences.append(result.confidence)
        scores.append(evidence.score)
        qualities.append(sentence_chrf(result.text, example.references[0]))
        unlike.append(result.is_unlike)
        for features, is_right in judged_words(evidence, example.references[0]):
            probability = 1 / (1 + math.exp(-features["word"]))
            words.append((evidence.calibration.of_word(features), probability, float(is_right)))
    word_confidences, probabilities, right = map(list, zip(*words, strict=True))
    return Report(
        len(confidences),
        calibration_error(confidences, qualities),
        float(spearmanr(confidences, qualities).statistic),
        float(spearmanr(scores, qualities).statistic),
        calibration_error(word_confidences, right),
        calibration_error(probabilities, right),
        sum(unlike) / len(unlike),
    )


def calibration_error(confidences: Sequence[float], outcomes: Sequence[float]) -> float:
    """Return the mean distance of confidence and outcome over bins of equal width, weighted by their size."""
    bins: dict[int, list[float]] = {}
    for confidence, outcome in zip(confidences, outcomes, strict=True):
        bins.setdefault(min(BINS - 1, int(confidence * BINS)), []).append(confidence - outcome)
    return sum(abs(sum(differences)) for differences in bins.values()) / len(confidences)


def share_unlike(translator: Translator, texts: Sequence[str]) -> float:
    """Return the share of texts that are called unlike the training texts."""
    found = [result.is_unlike for result in translator.translate(texts)]
    return sum(found) / len(found)


def read_examples(data: Path, direction: tuple[str, str], split: str) -> list[EvalExample]:
    """Return the pairs of a direction; none where the test lacks a language."""
    source, target = direction
    if "zh" in direction:
        part = "val" if split == "valid" else split
        tables = [[_lines(data / f"en-zh-3am/{part}.{language}.gz") for language in direction]]
        with gzip.open(data / f"en-zh-tatoeba/{split}.tsv.gz", "rt", encoding="utf-8") as file:
            rows = [row[:2] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
        english, chinese = map(list, zip(*rows, strict=True))
        tables.append([english, chinese] if source == "en" else [chinese, english])
    else:
        part = "val" if split == "valid" else "test_2017_flickr"
        paths = [data / f"multi30k/raw/{part}.{language}.gz" for language in direction]
        tables = [[_lines(path) for path in paths]] if all(path.exists() for path in paths) else []
    return [
        EvalExample(text, [reference], source, target)
        for texts, references in tables
        for text, reference in zip(texts, references, strict=True)
    ]


def other_texts(data: Path, source: str) -> list[str]:
    """Return English messages of programs, which are no captions."""
    path = data / "gettext/valid.en-de.jsonl.gz"
    if source != "en" or not path.exists():
        return []
    rows = [json.loads(line) for line in _lines(path)]
    return [row["en"] for row in rows][:: len(rows) // MESSAGES]


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


if __name__ == "__main__":
    main()
