"""Evaluation of one model on a test set: outputs, scores, diagnostics, and the best and worst lines.

A test set is read from files side by side, or from a table: one pair a row, rows with the same source are its
several references.

    mr,ref
    "name[The Mill], food[French]","The Mill serves French food."
    "name[The Mill], food[French]","At The Mill you eat French."

CSV with quotes (a field may span lines) or TSV without, plain or gzipped; the first row names the columns.
"""

import csv
import io
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seq2seq.commands.lines import ProgressCounter, read_bytes
from seq2seq.metrics.corpus import CorpusScore, ReferenceColumns, moses, score_corpus, sentence_scores
from seq2seq.metrics.diagnostics import Diagnostics, LengthRow, by_length, diagnose
from seq2seq.options import DecodeOptions

if TYPE_CHECKING:
    from seq2seq.alignment.maps import Alignment
    from seq2seq.inference.results import Translation
    from seq2seq.inference.translator import Translator
    from seq2seq.metrics.aer import GoldLinks, LinkScores
    from seq2seq.text.codec import SourceErrors


class ReferenceTable(NamedTuple):
    """Sources, and columns of references: the k-th reference of each source, None where it has fewer."""

    sources: list[str]
    references: list[list[str | None]]


@dataclass(frozen=True)
class TestSet:
    """Sources and columns of references: the k-th reference of each source, None where it has fewer.

    Every source has a first reference.
    """

    sources: list[str]
    references: ReferenceColumns
    tokenized: bool
    lowercase: bool = False

    def references_of(self, line: int) -> list[str]:
        """Return the references of a source."""
        return [text for texts in self.references if (text := texts[line]) is not None]

    @property
    def first_references(self) -> list[str]:
        """The first reference of each source."""
        return [self.references_of(line)[0] for line in range(len(self.sources))]


class Sample(NamedTuple):
    """A line of the report: its number from 0, the model's text before any tokenization, chrF, alignment."""

    line: int
    text: str
    chrf: float
    alignment: "Alignment"


@dataclass(frozen=True)
class Evaluation:
    """Results of one model.

    Attributes:
        model: the name it was given on the command line.
        language: the target language.
        outputs: the translations as they were scored.
        scores: corpus scores with their signatures.
        lengths: BLEU by length of the source.
        diagnostics: of the outputs.
        references: diagnostics of the first reference, to compare with.
        tokens_per_second: output tokens, the end symbol counted.
        links: scores of the alignment against gold links, if there are any.
        worst: samples with the lowest chrF, lowest first.
        best: samples with the highest chrF, highest first.
        source_errors: errors against the content of the sources, if the model's codec counts them.
    """

    model: str
    language: str
    outputs: list[str]
    scores: list[CorpusScore]
    lengths: list[LengthRow]
    diagnostics: Diagnostics
    references: Diagnostics
    tokens_per_second: float
    links: "LinkScores | None"
    worst: list[Sample]
    best: list[Sample]
    source_errors: "SourceErrors | None" = None

    def to_json(self) -> dict[str, Any]:
        """Return the figures, without texts."""
        result: dict[str, Any] = {"model": self.model, "lines": len(self.outputs)}
        result["scores"] = {s.name: {"score": s.value, "signature": s.signature} for s in self.scores}
        result["by_length"] = [row._asdict() for row in self.lengths]
        result["habits"] = {"outputs": self.diagnostics.to_json(), "references": self.references.to_json()}
        result["tokens_per_second"] = self.tokens_per_second
        if self.links is not None:
            result["aer"] = self.links.error_rate
            result["alignment"] = {"precision": self.links.precision, "recall": self.links.recall}
        if self.source_errors is not None:
            result["slot_errors"] = self.source_errors.to_json()
        return result


def evaluate(
    name: str,
    translator: "Translator",
    test_set: TestSet,
    options: DecodeOptions,
    gold: "list[GoldLinks] | None" = None,
    reverse: "Translator | None" = None,
    samples: int = 0,
) -> Evaluation:
    """Translate and score a test set with one model.

    Args:
        name: the model's name in the results.
        translator: the model.
        test_set: sources and references.
        options: of the search.
        gold: links of each source and its first reference.
        reverse: a model of the reverse direction, for the alignment that is compared with `gold`.
        samples: how many of the best and of the worst lines to return.
    """
    language = translator.target_language or translator.settings.target_languages[0]
    results, tokens_per_second = _translate(translator, test_set.sources, options)
    texts = [result.text for result in results]
    outputs = moses(texts, language) if test_set.tokenized else texts
    sources, references, tokenized = test_set.sources, test_set.references, test_set.tokenized
    ranked = _ranked(outputs, test_set) if samples else []
    firsts, lowercase = test_set.first_references, test_set.lowercase
    codec = translator.settings.codec
    worst, best = ranked[:samples], ranked[samples:][-samples:][::-1] if samples else []

    def samples_of(lines: list[tuple[int, float]]) -> list[Sample]:
        return [Sample(k, texts[k], chrf, results[k].alignment) for k, chrf in lines]

    return Evaluation(
        name,
        language,
        outputs,
        score_corpus(outputs, references, language, tokenized=tokenized, lowercase=lowercase),
        by_length(sources, outputs, references, language, tokenized=tokenized, lowercase=lowercase),
        diagnose(sources, outputs, firsts),
        diagnose(sources, firsts, firsts),
        tokens_per_second,
        None if gold is None else _link_scores(translator, reverse, test_set, gold),
        samples_of(worst),
        samples_of(best),
        codec.count_errors(sources, texts) if codec else None,
    )


def read_references(path: str, columns: list[str] | None = None) -> ReferenceTable:
    """Read a table of pairs; return each source once, in order, with its references.

    `columns` are the names of source and reference, by default the first two.

    Raises:
        ValueError: the table cannot be read, is not UTF-8, lacks a column, has a row of another width, or
            no row.
    """
    rows = _rows(path)
    header = next(rows, (0, []))[1]
    source, reference = _column_indices(path, header, columns)
    references: dict[str, list[str]] = {}
    for number, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {number}: {len(row)} columns, the first row has {len(header)}; "
                "mend its quoting"
            )
        references.setdefault(row[source], []).append(row[reference])
    if not references:
        raise ValueError(f"{path} holds no pairs; check the file")
    return ReferenceTable(list(references), [list(column) for column in zip_longest(*references.values())])


def _column_indices(path: str, header: list[str], columns: list[str] | None) -> tuple[int, int]:
    """Return the indices of the source's and the reference's column."""
    names = columns if columns is not None else header[:2]
    if len(names) != 2 or any(name not in header for name in names):
        raise ValueError(
            f"{path} has the columns {', '.join(header) or 'none'}, and asked for is {','.join(names)}; "
            "name two, source and reference, with --columns"
        )
    return header.index(names[0]), header.index(names[1])


def _rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the number of their last line."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 at byte {error.start + 1}; convert it") from error
    if Path(path.removesuffix(".gz")).suffix in (".tsv", ".tab"):
        lines = enumerate(text.removesuffix("\n").split("\n"), 1)
        yield from ((number, line.removesuffix("\r").split("\t")) for number, line in lines if line)
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    # The csv module refuses fields of more than 131,072 characters. Its limit is global to the process, so it
    # is restored.
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield from ((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}; mend its quoting") from error
    finally:
        csv.field_size_limit(limit)


def _translate(
    translator: "Translator", sources: list[str], options: DecodeOptions
) -> tuple[list["Translation"], float]:
    """Return the translations, and output tokens (the end symbol counted) per second."""
    results, tokens = [], 0
    start = time.perf_counter()
    with ProgressCounter("lines translated", len(sources)) as counter:
        for result in translator.translate(sources, options):
            results.append(result)
            tokens += len(result.tokens) + 1
            counter.add()
    return results, tokens / (time.perf_counter() - start)


def _ranked(outputs: Sequence[str], test_set: TestSet) -> list[tuple[int, float]]:
    """Return line numbers with their chrF, lowest first."""
    # By chrF, since it tells single sentences apart better than BLEU does.
    scores = [
        sentence_scores(output, test_set.references_of(k), lowercase=test_set.lowercase)[1]
        for k, output in enumerate(outputs)
    ]
    return sorted(enumerate(scores), key=lambda line: (line[1], line[0]))


def _link_scores(
    translator: "Translator", reverse: "Translator | None", test_set: TestSet, gold: "list[GoldLinks]"
) -> "LinkScores":
    """Return AER, precision and recall of the links between sources and first references."""
    from seq2seq.commands.align import align_pairs
    from seq2seq.metrics.aer import score_links

    pairs = list(zip(test_set.sources, test_set.first_references, strict=True))
    return score_links(list(align_pairs(translator, pairs, reverse)), gold)
