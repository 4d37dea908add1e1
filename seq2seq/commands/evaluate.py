"""`seq2seq evaluate`: translate a test set and score it; two models are compared by paired bootstrap.

With --moses the output is lower-cased and tokenised the Moses way, for a reference that already is
(`.lc.norm.tok`); without it plain text is scored against plain text. The signatures say which.
"""

import argparse
import csv
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seq2seq.commands.arguments import Parser, decode_options, load_translator
from seq2seq.commands.lines import Counter, read_lines, read_parallel
from seq2seq.options import DecodeOptions
from seq2seq.scores import Comparison, CorpusScore, compare, moses, score_corpus, sentence_scores

if TYPE_CHECKING:
    from seq2seq.translator import Translator


@dataclass(frozen=True)
class TestSet:
    """Source lines and their references, a list of lines for each reference file."""

    sources: list[str]
    references: list[list[str]]
    tokenized: bool


@dataclass(frozen=True)
class Evaluation:
    """What one model reached: outputs as they were scored, scores, output pieces a second, AER (0 to 1)."""

    model: str
    language: str
    outputs: list[str]
    scores: list[CorpusScore]
    tokens_per_second: float
    error_rate: float | None

    def to_json(self) -> dict[str, Any]:
        """The figures, without the outputs."""
        result: dict[str, Any] = {"model": self.model, "lines": len(self.outputs)}
        result["scores"] = {s.name: {"score": s.value, "signature": s.signature} for s in self.scores}
        result["tokens_per_second"] = self.tokens_per_second
        if self.error_rate is not None:
            result["aer"] = self.error_rate
        return result


def make_parser() -> Parser:
    """The command's flags."""
    parser = Parser("evaluate", "Translate a test set and score it: BLEU, chrF, TER with their signatures.")
    parser.add_argument(
        "--model",
        metavar="M",
        action="append",
        required=True,
        help="the model; a second one is compared with it",
    )
    parser.add_argument("--device", default="auto", help="auto (a GPU where there is one), cpu, cuda, ...")
    parser.add_argument("--source", metavar="FILE", required=True, help="source texts, one a line")
    parser.add_argument(
        "--reference", metavar="FILE", action="append", required=True, help="a reference; may be given again"
    )
    parser.add_argument(
        "--moses",
        action="store_true",
        help="lower-case and Moses-tokenise the output; the references already are",
    )
    parser.add_argument("--csv", metavar="FILE", help="write a row for each line: texts and sentence scores")
    parser.add_argument(
        "--gold", metavar="FILE", help="links i-j and ipj of source and first reference; gives the AER"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_decode_options()
    return parser


def main(argv: Sequence[str]) -> int:
    """Evaluate one model or compare two; gives back the exit code."""
    arguments = make_parser().read(argv)
    if len(arguments.model) > 2:
        raise ValueError(f"{len(arguments.model)} models were given; compare two at a time")
    options = decode_options(arguments)
    pairs = [read_parallel(arguments.source, path) for path in arguments.reference]
    test_set = TestSet(pairs[0][0], [reference for _, reference in pairs], arguments.moses)
    gold = read_lines(arguments.gold) if arguments.gold else None
    results = []
    for name in arguments.model:
        translator = load_translator(argparse.Namespace(model=name, device=arguments.device))
        results.append(evaluate(name, translator, test_set, options, gold))
    comparison = _compare(results, test_set) if len(results) == 2 else []
    if arguments.csv:
        _write_csv(arguments.csv, results, test_set)
    print(_as_json(results, comparison) if arguments.json else _as_text(results, comparison))
    return 0


def evaluate(
    name: str, translator: "Translator", test_set: TestSet, options: DecodeOptions, gold: list[str] | None
) -> Evaluation:
    """Translate and score a test set with one model."""
    language = translator.settings.target_languages[0]
    counter = Counter("lines translated", len(test_set.sources))
    outputs, pieces = [], 0
    began = time.perf_counter()
    for result in translator.translate(test_set.sources, options):
        outputs.append(result.text)
        pieces += len(result.tokens) + 1
        counter.add()
    seconds = time.perf_counter() - began
    counter.close()
    if test_set.tokenized:
        outputs = moses(outputs, language)
    scores = score_corpus(outputs, test_set.references, language, tokenized=test_set.tokenized)
    error_rate = None if gold is None else _error_rate(translator, test_set, gold)
    return Evaluation(name, language, outputs, scores, pieces / seconds, error_rate)


def _error_rate(translator: "Translator", test_set: TestSet, gold: list[str]) -> float:
    from seq2seq.alignment import alignment_error_rate, read_gold

    pairs = zip(test_set.sources, test_set.references[0], strict=True)
    links = [translator.align(source, reference).links("blanks") for source, reference in pairs]
    return alignment_error_rate(links, read_gold(gold))


def _compare(results: list[Evaluation], test_set: TestSet) -> list[Comparison]:
    first, second = results
    return compare(
        first.outputs, second.outputs, test_set.references, first.language, tokenized=test_set.tokenized
    )


def _as_json(results: list[Evaluation], comparison: list[Comparison]) -> str:
    report: dict[str, Any] = {"models": [result.to_json() for result in results]}
    if comparison:
        report["bootstrap"] = {c.name: {"scores": list(c.values), "p": c.p_value} for c in comparison}
    return json.dumps(report, ensure_ascii=False)


def _as_text(results: list[Evaluation], comparison: list[Comparison]) -> str:
    lines = []
    for result in results:
        lines.append(f"{result.model}, {len(result.outputs)} lines")
        lines += [f"{score.name:<5}{score.value:7.2f}  {score.signature}" for score in result.scores]
        if result.error_rate is not None:
            lines.append(f"AER  {result.error_rate:7.3f}  source and first reference")
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
            references = [reference[k] for reference in test_set.references]
            row: list[object] = [k + 1, source, *references]
            for result in results:
                scores = sentence_scores(result.outputs[k], references, result.language)
                row += [result.outputs[k], *(round(score, 2) for score in scores)]
            writer.writerow(row)
