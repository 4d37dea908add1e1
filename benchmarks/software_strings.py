"""Quality for translators of software: whole programs, by memory, by model, and by both.

    python benchmarks/software_strings.py TEST.jsonl [...] --model software --memory TRAIN.jsonl [...]

The tables are JSON lines with a text per language (--languages en de) and the name of its program. Each
different string counts once, with all its references. The measures, by program and as their mean:

    exact    the first suggestion is a reference; accelerator, first letter's case, ellipsis, final mark aside
    surest   the same among the half of the model's suggestions with the highest confidence (else score)
    effort   characters to change over characters of the reference (edit distance); all without a suggestion
    kept     suggestions that break no rule of strings (placeholders, tags, accelerator, blanks, final mark)

chrF++ and BLEU are sacreBLEU's, their signatures are printed.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.localization.label_parts import split_label
from seq2seq.inference.localization.rules import check_rules
from seq2seq.inference.localization.string_translator import StringRequest, StringTranslator
from seq2seq.inference.memory.memory import TranslationMemory
from seq2seq.text.tables import read_table

CHRF_METRIC, BLEU_METRIC = CHRF(word_order=2), BLEU()


class ProgramString(NamedTuple):
    """A string of a program with its references."""

    source: str
    references: tuple[str, ...]


class Suggested(NamedTuple):
    """A suggestion, empty for none, and how sure it is."""

    text: str
    certainty: float


def read_programs(files: Iterable[str], languages: Sequence[str]) -> dict[str, list[ProgramString]]:
    """Return the different strings of each program with their references, in order."""
    programs: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for file in files:
        for program, source, reference in read_table(file, ("program", *languages)):
            programs[program].setdefault(source, []).append(reference)
    return {
        program: [ProgramString(source, tuple(dict.fromkeys(each))) for source, each in strings.items()]
        for program, strings in programs.items()
    }


def loose(label: str) -> str:
    """Return a label without what two right translations may differ in."""
    body = " ".join(split_label(label).words.split()).rstrip(".。!！…:：")
    return body[:1].lower() + body[1:]


def is_exact(suggestion: str, references: Iterable[str]) -> bool:
    """Return whether a suggestion is a reference, loosely compared."""
    return bool(suggestion) and loose(suggestion) in set(map(loose, references))


def effort(suggestion: str, references: Iterable[str]) -> float:
    """Return the share of the nearest reference that has to be typed, at most all of it."""
    return min(min(1.0, Levenshtein.distance(suggestion, each) / max(1, len(each))) for each in references)


def measure(strings: Sequence[ProgramString], suggestions: Sequence[Suggested], language: str) -> list[float]:
    """Return exact, surest, effort, chrF++, BLEU and kept of some suggestions, in percent."""
    pairs = list(zip(strings, suggestions, strict=True))
    right = [is_exact(found.text, string.references) for string, found in pairs]
    surest = sorted(range(len(pairs)), key=lambda index: -suggestions[index].certainty)[: len(pairs) // 2]
    texts = [found.text for _, found in pairs]
    first = [[string.references[0] for string in strings]]
    made = [(string, found) for string, found in pairs if found.text]
    kept = [not check_rules(string.source, found.text, (), language) for string, found in made]
    shares = (
        sum(right) / len(right),
        sum(right[index] for index in surest) / max(1, len(surest)),
        sum(effort(found.text, string.references) for string, found in pairs) / len(pairs),
    )
    return [
        *(100 * share for share in shares),
        CHRF_METRIC.corpus_score(texts, first).score,
        BLEU_METRIC.corpus_score(texts, first).score,
        100 * sum(kept) / max(1, len(kept)),
    ]


def load_memory(files: Iterable[str], languages: Sequence[str]) -> TranslationMemory:
    """Return a memory of the rows of some tables."""
    memory = TranslationMemory(languages[0], languages[1])
    for file in files:
        for source, target in read_table(file, tuple(languages)):
            memory.add(source, target)
    return memory


def from_memory(memory: TranslationMemory, strings: Sequence[ProgramString]) -> list[Suggested]:
    """Return the exact matches of a memory."""
    matches = [memory.exact(string.source) for string in strings]
    return [Suggested(match.target, 2.0) if match else Suggested("", -1e9) for match in matches]


def from_model(translator: StringTranslator, strings: Sequence[ProgramString]) -> list[Suggested]:
    """Return the translations of a model."""
    results = translator.translate([StringRequest(string.source) for string in strings])
    return [
        Suggested(each.text, each.score if each.confidence is None else each.confidence) for each in results
    ]


def main() -> None:
    """Print a table of each program, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", help="tables of the programs to measure")
    parser.add_argument("--model", required=True)
    parser.add_argument("--memory", nargs="*", default=[], help="tables of earlier translations")
    parser.add_argument("--languages", nargs=2, default=["en", "de"])
    parser.add_argument("--beam", type=int, default=5)
    arguments = parser.parse_args()
    source, target = arguments.languages
    translator = Translator.from_pretrained(arguments.model).directed(source, target)
    strings_of = StringTranslator(translator, DecodeOptions(beam_size=arguments.beam))
    memory = load_memory(arguments.memory, arguments.languages)
    totals: dict[str, list[list[float]]] = defaultdict(list)
    print(f"{'':38}{'exact':>8}{'surest':>8}{'effort':>8}{'chrF++':>8}{'BLEU':>8}{'kept':>8}")
    for program, strings in read_programs(arguments.files, arguments.languages).items():
        known, made = from_memory(memory, strings), from_model(strings_of, strings)
        joined = [own if own.text else other for own, other in zip(known, made, strict=True)]
        print(f"{program}, {len(strings)} strings, {sum(bool(each.text) for each in known)} in the memory")
        for name, suggestions in (("memory", known), ("model", made), ("memory, then model", joined)):
            if name == "model" or memory:
                totals[name].append(measure(strings, suggestions, target))
                print(f"{name:38}" + "".join(f"{figure:8.1f}" for figure in totals[name][-1]), flush=True)
    print("mean")
    for name, rows in totals.items():
        means = (sum(column) / len(rows) for column in zip(*rows, strict=True))
        print(f"{name:38}" + "".join(f"{figure:8.1f}" for figure in means))
    print(CHRF_METRIC.get_signature(), BLEU_METRIC.get_signature(), sep="\n")


if __name__ == "__main__":
    main()
