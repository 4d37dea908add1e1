"""What one model does on a test set: its outputs, their scores, its habits, and the lines worth a look."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from seq2seq.commands.counter import ProgressCounter
from seq2seq.data_to_text.e2e_slots import SlotRate, slot_rate
from seq2seq.data_to_text.facts import as_mapping
from seq2seq.metrics.corpus import CorpusScore, ReferenceColumns, moses, score_corpus, sentence_scores
from seq2seq.metrics.diagnostics import Diagnostics, LengthRow, by_length, diagnose
from seq2seq.options import DecodeOptions

if TYPE_CHECKING:
    from seq2seq.alignment.maps import Alignment
    from seq2seq.inference.results import Translation
    from seq2seq.inference.translator import Translator
    from seq2seq.metrics.aer import GoldLinks, LinkScores


@dataclass(frozen=True)
class TestSet:
    """Source lines and their references, a list of lines for each reference file.

    None stands where a source has fewer references than another; the first is always there.
    """

    sources: list[str]
    references: ReferenceColumns
    tokenized: bool
    lowercase: bool = False

    def references_of(self, line: int) -> list[str]:
        """The references of a source."""
        return [text for texts in self.references if (text := texts[line]) is not None]

    @property
    def first_references(self) -> list[str]:
        """The first reference of each source."""
        return [self.references_of(line)[0] for line in range(len(self.sources))]


class Sample(NamedTuple):
    """A line to look at: its number from 0, the model's text as it came out, its chrF, its alignment."""

    line: int
    text: str
    chrf: float
    alignment: "Alignment"


@dataclass(frozen=True)
class Evaluation:
    """What one model reached; `outputs` are as they were scored, `tokens_per_second` counts output pieces.

    `references` are the habits of the first reference; `links` is how its alignment agrees with gold
    links, `slots` what it gets wrong where the sources are facts; `worst` and `best` are samples, most
    telling first, where they were asked for.
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
    slots: SlotRate | None = None

    def to_json(self) -> dict[str, Any]:
        """The figures, without texts."""
        result: dict[str, Any] = {"model": self.model, "lines": len(self.outputs)}
        result["scores"] = {s.name: {"score": s.value, "signature": s.signature} for s in self.scores}
        result["by_length"] = [row._asdict() for row in self.lengths]
        result["habits"] = {"outputs": self.diagnostics.to_json(), "references": self.references.to_json()}
        result["tokens_per_second"] = self.tokens_per_second
        if self.links is not None:
            result["aer"] = self.links.error_rate
            result["alignment"] = {"precision": self.links.precision, "recall": self.links.recall}
        if self.slots is not None:
            result["slot_errors"] = {"rate": self.slots.rate, **self.slots._asdict()}
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
    """Translate and score a test set with one model; `samples` is how many lines to choose on either end."""
    language = translator.target_language or translator.settings.target_languages[0]
    results, tokens_per_second = _translate(translator, test_set.sources, options)
    texts = [result.text for result in results]
    outputs = moses(texts, language) if test_set.tokenized else texts
    sources, references, tokenized = test_set.sources, test_set.references, test_set.tokenized
    ranked = _ranked(outputs, test_set) if samples else []
    firsts, lowercase = test_set.first_references, test_set.lowercase
    facts = translator.settings.facts
    worst, best = ranked[:samples], ranked[samples:][-samples:][::-1] if samples else []

    def shown(chosen: list[tuple[int, float]]) -> list[Sample]:
        return [Sample(k, texts[k], chrf, results[k].alignment) for k, chrf in chosen]

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
        shown(worst),
        shown(best),
        None if facts is None else slot_rate([as_mapping(facts.check(text)) for text in sources], texts),
    )


def _translate(
    translator: "Translator", sources: list[str], options: DecodeOptions
) -> tuple[list["Translation"], float]:
    """The translations, and output pieces (the end symbol counted) a second."""
    counter = ProgressCounter("lines translated", len(sources))
    results, pieces = [], 0
    began = time.perf_counter()
    for result in translator.translate(sources, options):
        results.append(result)
        pieces += len(result.tokens) + 1
        counter.add()
    counter.close()
    return results, pieces / (time.perf_counter() - began)


def _ranked(outputs: Sequence[str], test_set: TestSet) -> list[tuple[int, float]]:
    """Line numbers with their chrF, lowest first; chrF tells single sentences apart better than BLEU."""
    scores = [
        sentence_scores(output, test_set.references_of(k), lowercase=test_set.lowercase)[1]
        for k, output in enumerate(outputs)
    ]
    return sorted(enumerate(scores), key=lambda found: (found[1], found[0]))


def _link_scores(
    translator: "Translator", reverse: "Translator | None", test_set: TestSet, gold: "list[GoldLinks]"
) -> "LinkScores":
    from seq2seq.commands.bitext import align_pairs
    from seq2seq.metrics.aer import score_links

    pairs = list(zip(test_set.sources, test_set.first_references, strict=True))
    return score_links(list(align_pairs(translator, pairs, reverse)), gold)
