"""`seq2seq evaluate`: translate a test set and score it; compare two models by paired bootstrap.

The output has corpus scores, BLEU by length of the source, and diagnostics of repetition and copying;
--report writes all of it, with the best and the worst lines, as an HTML page.

With --moses the output is lower-cased and tokenized as Moses does, for a reference that already is
(`.lc.norm.tok`); without it plain text is scored against plain text. The signatures tell which.

With --text language models are evaluated: nats per character and perplexity per token of a text. Nats per
character compare models with different vocabularies, perplexity per token those with the same. The text is
read in windows of the model's context that carry nothing over, as nanoGPT's published losses are.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.commands.arguments import (
    AUTO,
    CommandParser,
    check_rerank,
    decode_options,
    load_reverse,
    load_translator,
    set_reranker,
)
from seq2seq.commands.evaluation import Evaluation, TestSet, evaluate, read_references
from seq2seq.commands.lines import read_lines, read_parallel
from seq2seq.commands.report import SAMPLES, write_report
from seq2seq.inference.backends.selection import add_backend
from seq2seq.metrics.corpus import BootstrapComparison, compare, sentence_scores
from seq2seq.model.device import add_device
from seq2seq.options import DecodeOptions, option_fields
from seq2seq.storage.registry import find_model

if TYPE_CHECKING:
    from seq2seq.inference.generator import LikelihoodMeasure
    from seq2seq.inference.translator import Translator

# Flags that --text excludes, beside --reverse and those of the search.
TRANSLATION_FLAGS = (
    "source", "reference", "pairs", "columns", "lowercase", "moses", "csv", "gold", "report", "rerank",
    "rerank_weight", "source_language", "target_language",
)  # fmt: skip


def make_parser() -> CommandParser:
    """Return the parser of the command's flags."""
    parser = CommandParser(
        "evaluate",
        "Translate a test set and print BLEU, chrF and TER with their signatures; with --text, print a "
        "language model's nats per character and perplexity per token of a text.",
    )
    parser.add_argument(
        "--model",
        metavar="M",
        action="append",
        required=True,
        help="the model; given twice, two models are compared by paired bootstrap",
    )
    add_device(parser)
    add_backend(parser, "torch")  # by default the model is measured, not a faster copy of it
    parser.add_languages()
    _add_test_set(parser)
    parser.add_argument("--csv", metavar="FILE", help="write texts and sentence scores, a row for each line")
    parser.add_argument(
        "--gold",
        metavar="FILE",
        help="gold links of source and first reference, sure i-j and possible ipj; adds AER, precision and "
        "recall",
    )
    parser.add_reverse()
    parser.add_rerank()
    parser.add_argument(
        "--report", metavar="FILE", help="write an HTML page: scores, diagnostics, best and worst lines"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_decode_options()
    return parser


def _add_test_set(parser: CommandParser) -> None:
    """Add the flags for sources and references."""
    parser.add_argument("--source", metavar="FILE", help="source texts, one a line")
    parser.add_argument(
        "--reference",
        metavar="FILE",
        action="append",
        help="reference translations, one a line; may be given several times",
    )
    parser.add_argument(
        "--pairs",
        metavar="FILE",
        help="a CSV or TSV instead of --source and --reference, one pair a row; rows with the same source "
        "are its references",
    )
    parser.add_argument(
        "--text", metavar="FILE", help="a text for language models, instead of a test set for translators"
    )
    parser.add_argument(
        "--columns",
        metavar="A,B",
        help="the columns of source and reference in --pairs; by default the first two",
    )
    parser.add_argument("--lowercase", action="store_true", help="score in lower case")
    parser.add_argument(
        "--moses",
        action="store_true",
        help="lower-case and Moses-tokenize the output, for references that already are",
    )


def main(argv: Sequence[str]) -> int:
    """Evaluate one model or compare two; return the exit code."""
    arguments = make_parser().read(argv)
    if len(arguments.model) > 2:
        raise ValueError(f"{len(arguments.model)} models were given; compare two at a time")
    if arguments.text:
        return _measure_text(arguments)
    options = decode_options(arguments)
    _check(arguments, options)
    test_set = _read_test_set(arguments)
    gold = None
    if arguments.gold:
        from seq2seq.metrics.aer import read_gold

        texts = zip(test_set.sources, test_set.first_references, strict=True)
        gold = read_gold(read_lines(arguments.gold), list(texts))
    translators = [
        load_translator(argparse.Namespace(**{**vars(arguments), "model": name})) for name in arguments.model
    ]
    _check_directions(arguments.model, translators)
    results = []
    for name, translator in zip(arguments.model, translators, strict=True):
        set_reranker(arguments, translator)
        samples = SAMPLES if arguments.report else 0
        reverse = load_reverse(arguments.reverse, translator, arguments.device) if gold else None
        results.append(evaluate(name, translator, test_set, options, gold, reverse, samples))
    comparison = _compare(results, test_set) if len(results) == 2 else []
    # Before the files, so that a full disk does not take the scores along.
    print(_as_json(results, comparison) if arguments.json else _as_text(results, comparison), flush=True)
    if arguments.csv:
        _write_csv(arguments.csv, results, test_set)
    if arguments.report:
        write_report(arguments.report, results, comparison, test_set)
    return 0


def _measure_text(arguments: argparse.Namespace) -> int:
    """Print how probable each language model finds the text; return the exit code."""
    _check_text_flags(arguments)
    text = "".join(f"{line}\n" for line in read_lines(arguments.text))
    from seq2seq.inference.generator import Generator

    measures = {}
    for name in arguments.model:
        measures[name] = Generator.from_pretrained(find_model(name), arguments.device, "torch").measure(text)
    if arguments.json:
        models = [{"model": name, **measure._asdict()} for name, measure in measures.items()]
        sys.stdout.write(json.dumps({"models": models}, ensure_ascii=False) + "\n")
    else:
        for name, measure in measures.items():
            sys.stdout.write(_measure_line(name, measure))
    return 0


def _check_text_flags(arguments: argparse.Namespace) -> None:
    """Refuse (ValueError) flags of translations beside --text."""
    given = vars(arguments)
    names = [name for name in TRANSLATION_FLAGS if given[name] is not None and given[name] is not False]
    names += ["reverse"] if arguments.reverse != AUTO else []
    names += [option.name for option in option_fields() if option.name in given]
    for name in names:
        flag = "--" + name.replace("_", "-")
        raise ValueError(f"--text measures language models, and {flag} is for translations; choose one")


def _measure_line(name: str, measure: "LikelihoodMeasure") -> str:
    return (
        f"{name}: {measure.nats:.4f} nats a character, perplexity {measure.perplexity:.2f} a token "
        f"({measure.characters:,} characters, {measure.tokens:,} tokens)\n"
    )


def _check(arguments: argparse.Namespace, options: DecodeOptions) -> None:
    """Refuse (ValueError) flags that would be ignored, and files that could not be written in the end."""
    check_rerank(arguments, options)
    if arguments.columns and not arguments.pairs:
        raise ValueError(f"--columns {arguments.columns} names columns of --pairs; give both or neither")
    if arguments.reverse != AUTO and not arguments.gold:
        raise ValueError(f"--reverse {arguments.reverse} is read for --gold only; give both or neither")
    for flag, path in (("--csv", arguments.csv), ("--report", arguments.report)):
        # Now, since a test set may take an hour to translate.
        if path and (Path(path).is_dir() or not Path(path).parent.is_dir()):
            raise ValueError(
                f"{flag} {path} is not a file in an existing folder; name a file, or make the folder first"
            )


def _check_directions(names: Sequence[str], translators: "Sequence[Translator]") -> None:
    """Refuse (ValueError) two models of different directions, whose scores could not be compared."""
    directions = [(translator.source_language, translator.target_language) for translator in translators]
    if len(set(directions)) > 1:
        described = " and ".join(
            f"{name} translates {source or 'several languages'} to {target or 'several languages'}"
            for name, (source, target) in zip(names, directions, strict=True)
        )
        raise ValueError(
            f"{described}; compare two models of one direction, or choose it with --source-language and "
            "--target-language"
        )


def _read_test_set(arguments: argparse.Namespace) -> TestSet:
    """Read the test set from a table, or from files side by side."""
    if arguments.pairs:
        if arguments.source or arguments.reference:
            raise ValueError("--pairs holds sources and references; leave out --source and --reference")
        columns = arguments.columns.split(",") if arguments.columns else None
        return TestSet(*read_references(arguments.pairs, columns), arguments.moses, arguments.lowercase)
    if not arguments.source or not arguments.reference:
        missing = "--reference" if arguments.source else "--source"
        raise ValueError(f"{missing} is missing; give --source and --reference, or --pairs, or --text")
    files = [read_parallel(arguments.source, path) for path in arguments.reference]
    references = [reference for _, reference in files]
    return TestSet(files[0][0], references, arguments.moses, arguments.lowercase)


def _compare(results: list[Evaluation], test_set: TestSet) -> list[BootstrapComparison]:
    first, second = results
    return compare(
        first.outputs,
        second.outputs,
        test_set.references,
        first.language,
        tokenized=test_set.tokenized,
        lowercase=test_set.lowercase,
    )


def _as_json(results: list[Evaluation], comparison: list[BootstrapComparison]) -> str:
    report: dict[str, Any] = {"models": [result.to_json() for result in results]}
    if comparison:
        report["bootstrap"] = {c.name: {"scores": list(c.values), "p": c.p_value} for c in comparison}
    return json.dumps(report, ensure_ascii=False)


def _as_text(results: list[Evaluation], comparison: list[BootstrapComparison]) -> str:
    lines = []
    for result in results:
        lines.append(f"{result.model}, {len(result.outputs)} lines")
        lines += [f"{score.name:<5}{score.value:7.2f}  {score.signature}" for score in result.scores]
        if result.links is not None:
            error_rate, precision, recall = result.links
            lines.append(f"AER  {error_rate:7.3f}  precision {precision:.3f}, recall {recall:.3f}")
        if result.source_errors is not None:
            lines.append(result.source_errors.summary())
        lines += ["source words  lines   BLEU"]
        lines += [f"{row.name:<12}{row.lines:7d}{row.bleu:7.2f}" for row in result.lengths]
        outputs, references = result.diagnostics, result.references
        lines.append(f"lines that repeat {outputs.repetition:.1%} (references {references.repetition:.1%})")
        lines.append(
            f"words copied {outputs.copying:.1%} (references {references.copying:.1%}), "
            f"length {outputs.size:.2f} of theirs"
        )
        lines.append(f"{result.tokens_per_second:.0f} tokens/s")
    for metric in comparison:
        first, second = metric.values
        lines.append(f"{metric.name:<5}{first:7.2f} against {second:.2f}, p = {metric.p_value:.4f}")
    return "\n".join(lines)


def _write_csv(path: str, results: list[Evaluation], test_set: TestSet) -> None:
    """Write a row for each line: number, source, references; output, BLEU and chrF of each model."""
    header = ["line", "source", *(f"reference {k + 1}" for k in range(len(test_set.references)))]
    for result in results:
        header += [f"{result.model} {column}" for column in ("output", "BLEU", "chrF")]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for k, source in enumerate(test_set.sources):
            references = test_set.references_of(k)
            fill = [""] * (len(test_set.references) - len(references))
            row: list[object] = [k + 1, source, *references, *fill]
            for result in results:
                scores = sentence_scores(
                    result.outputs[k],
                    references,
                    result.language,
                    tokenized=test_set.tokenized,
                    lowercase=test_set.lowercase,
                )
                row += [result.outputs[k], *(round(score, 2) for score in scores)]
            writer.writerow(row)
