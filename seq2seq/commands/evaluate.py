"""`seq2seq evaluate`: translate a test set and score it; two models are compared by paired bootstrap.

Beside the scores stand BLEU by length of the source, and how often the model repeats or copies; --report
draws all of it, with the best and the worst lines, as a page to read.

With --text it is a language model that is measured: how well it foretells a text.

With --moses the output is lower-cased and tokenised the Moses way, for a reference that already is
(`.lc.norm.tok`); without it plain text is scored against plain text. The signatures say which.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.commands.arguments import CommandParser, decode_options, load_translator
from seq2seq.commands.evaluation import Evaluation, TestSet, evaluate
from seq2seq.commands.lines import read_lines, read_parallel
from seq2seq.commands.perplexity import measure_text
from seq2seq.commands.references import read_references
from seq2seq.commands.report import SAMPLES, write_report
from seq2seq.commands.rerank import add_rerank, check_rerank, set_reranker
from seq2seq.commands.reverse import FOUND, add_reverse, load_reverse
from seq2seq.metrics.corpus import BootstrapComparison, compare, sentence_scores
from seq2seq.model.device import add_device
from seq2seq.options import DecodeOptions

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator


def make_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(
        "evaluate",
        "Translate a test set and score it: BLEU, chrF, TER with their signatures; or, with --text, measure "
        "how well a language model foretells a text.",
    )
    parser.add_argument(
        "--model",
        metavar="M",
        action="append",
        required=True,
        help="the model; a second one is compared with it",
    )
    add_device(parser)
    parser.add_languages()
    _add_test_set(parser)
    parser.add_argument("--csv", metavar="FILE", help="write a row for each line: texts and sentence scores")
    parser.add_argument(
        "--gold",
        metavar="FILE",
        help="links i-j and ipj of source and first reference; gives AER, precision and recall",
    )
    add_reverse(parser)
    add_rerank(parser)
    parser.add_argument(
        "--report", metavar="FILE", help="write a page (HTML) of scores, habits and telling lines"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_decode_options()
    return parser


def _add_test_set(parser: CommandParser) -> None:
    """The flags that say what is translated, and what its results are compared with."""
    parser.add_argument("--source", metavar="FILE", help="source texts, one a line")
    parser.add_argument(
        "--reference", metavar="FILE", action="append", help="a reference; may be given again"
    )
    parser.add_argument(
        "--pairs",
        metavar="FILE",
        help="instead of both: a CSV or TSV, a row a pair; rows with the same source are its references",
    )
    parser.add_argument("--text", metavar="FILE", help="a text to be foretold by language models")
    parser.add_argument(
        "--columns", metavar="A,B", help="the columns of source and reference there; by default the first two"
    )
    parser.add_argument("--lowercase", action="store_true", help="compare in lower case")
    parser.add_argument(
        "--moses",
        action="store_true",
        help="lower-case and Moses-tokenise the output; the references already are",
    )


def main(argv: Sequence[str]) -> int:
    """Evaluate one model or compare two; gives back the exit code."""
    arguments = make_parser().read(argv)
    if len(arguments.model) > 2:
        raise ValueError(f"{len(arguments.model)} models were given; compare two at a time")
    if arguments.text:
        return measure_text(arguments)
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
    print(_as_json(results, comparison) if arguments.json else _as_text(results, comparison), flush=True)
    if arguments.csv:
        _write_csv(arguments.csv, results, test_set)
    if arguments.report:
        write_report(arguments.report, results, comparison, test_set)
    return 0


def _check(arguments: argparse.Namespace, options: DecodeOptions) -> None:
    """Refuse (ValueError) flags that would not be read, and files that could not be written in the end."""
    check_rerank(arguments, options)
    if arguments.columns and not arguments.pairs:
        raise ValueError(f"--columns {arguments.columns} names columns of --pairs; give both or neither")
    if arguments.reverse != FOUND and not arguments.gold:
        raise ValueError(f"--reverse {arguments.reverse} is read for --gold only; give both or neither")
    for flag, path in (("--csv", arguments.csv), ("--report", arguments.report)):
        if path and (Path(path).is_dir() or not Path(path).parent.is_dir()):
            raise ValueError(f"{flag} {path} is no file in a folder that is there; make the folder first")


def _check_directions(names: Sequence[str], translators: "Sequence[Translator]") -> None:
    """Refuse (ValueError) models of different directions, of which one would read what it does not know."""
    found = [(each.source_language, each.target_language) for each in translators]
    if len(set(found)) > 1:
        told = " and ".join(
            f"{name} translates {source or 'several languages'} to {target or 'several languages'}"
            for name, (source, target) in zip(names, found, strict=True)
        )
        raise ValueError(
            f"{told}; compare two models of one direction, or choose it with --source-language and "
            "--target-language"
        )


def _read_test_set(arguments: argparse.Namespace) -> TestSet:
    """The test set of a table, or of files side by side."""
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
        if result.slots is not None:
            missing, wrong, added, facts = result.slots
            kinds = f"{missing} missing, {wrong} wrong, {added} added"
            lines.append(f"slot errors {result.slots.rate:.2%} of {facts} facts: {kinds}")
        lines += ["source words  lines   BLEU"]
        lines += [f"{row.name:<12}{row.lines:7d}{row.bleu:7.2f}" for row in result.lengths]
        (repeats, copies, size), (usual_repeats, usual_copies, _) = result.diagnostics, result.references
        lines.append(f"lines that repeat {repeats:.1%} (references {usual_repeats:.1%})")
        lines.append(
            f"words copied {copies:.1%} (references {usual_copies:.1%}), length {size:.2f} of theirs"
        )
        lines.append(f"{result.tokens_per_second:.0f} tokens/s")
    for found in comparison:
        low, high = found.values
        lines.append(f"{found.name:<5}{low:7.2f} against {high:.2f}, p = {found.p_value:.4f}")
    return "\n".join(lines)


def _write_csv(path: str, results: list[Evaluation], test_set: TestSet) -> None:
    """A row for each line: number, source, references, and for each model output, BLEU and chrF."""
    header = ["line", "source", *(f"reference {k + 1}" for k in range(len(test_set.references)))]
    for result in results:
        header += [f"{result.model} {what}" for what in ("output", "BLEU", "chrF")]
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
