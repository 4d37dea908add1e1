"""Effect of a glossary: terms drawn from references, and words that must be kept.

    python benchmarks/glossary.py SOURCE REFERENCE [--model en-de] [--terms 2] [--lines N] [--seed 1]

Terms: pairs of words of a source and its reference that the model's alignment head links to each other and
to nothing else; of each sentence some are drawn, and asked for by a glossary of its own. Things: addresses,
placeholders and numbers put into 200 sentences made from patterns.
"""

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator

from word_links import direction_of

from seq2seq import DecodeOptions, Translator
from seq2seq.commands.lines import read_parallel
from seq2seq.metrics.corpus import bleu_of
from seq2seq.text.normalization import word_spans

Pair = tuple[str, str]
WORD = re.compile(r"[^\W\d_]{4,}")


def draw_terms(
    translator: Translator, source: str, reference: str, count: int, chance: random.Random
) -> list[Pair]:
    """Return up to `count` pairs of words linked to each other alone, each once in its sentence."""
    links = translator.align(source, reference).links()
    of_source = Counter(s for s, _ in links)
    of_target = Counter(t for _, t in links)
    words = [(_bare(source, s), _bare(reference, t)) for s, t in links if of_source[s] == of_target[t] == 1]
    found = [pair for pair in words if all(map(WORD.fullmatch, pair))]
    lower = [Counter(map(str.lower, re.findall(r"\w+", text))) for text in (source, reference)]
    found = [(s, t) for s, t in found if lower[0][s.lower()] == lower[1][t.lower()] == 1]
    return chance.sample(found, min(count, len(found)))


def _bare(text: str, number: int) -> str:
    start, end = word_spans(text)[number]
    return text[start:end].strip(".,;:!?\"'()")


def has_term(text: str, term: str) -> int:
    """Return the number of times a term occurs in a text as a word of its own."""
    return len(re.findall(rf"(?<!\w){re.escape(term)}(?!\w)", text))


def measure_terms(
    translator: Translator, lines: list[Pair], count: int, seed: int, language: str
) -> tuple[str, list[str]]:
    """Return a table of the glossary's effect, and the translations with it."""
    chance = random.Random(seed)
    terms = [draw_terms(translator, *line, count, chance) for line in lines]
    plain = [found.text for found in translator.translate([source for source, _ in lines])]
    asked = []
    for (source, _), pairs in zip(lines, terms, strict=True):
        options = DecodeOptions(glossary=tuple((s.lower(), t) for s, t in pairs) or None)
        asked.append(translator.translate(source, options).text)
    references = [reference for _, reference in lines]
    total = sum(map(len, terms))
    rows = []
    for name, texts in (("without", plain), ("with", asked)):
        counts = [has_term(text, t) for text, pairs in zip(texts, terms, strict=True) for _, t in pairs]
        score = bleu_of(texts, [references], language)
        present, twice = sum(map(bool, counts)), sum(found > 1 for found in counts)
        rows.append(
            f"{name:8} {present} of {total} terms ({present / max(total, 1):.2%}), "
            f"{twice} said twice, BLEU {score.value:.2f}"
        )
    return "\n".join([*rows, score.signature]), asked


# Sentences with a place for a thing of each kind.
PATTERNS = (
    "A man shows {0} to a woman.",
    "Two dogs play near {0}.",
    "The girl writes {0} on a wall.",
    "A woman with {0} is waiting for {1} on the street.",
    "{0}: a child looks at {1}.",
)
NUMBER_PATTERNS = (
    "There are {0} people and {1} dogs in the park.",
    "A man wears the number {0}.",
    "{0} men run.",
)
KINDS = {
    "address": (
        "https://example.org/{}/a?b=1&c=%20",
        "www.place{}.com",
        "http://localhost:80{}/x_y",
        "user{}@mail.example.org",
    ),
    "placeholder": ("{{name{}}}", "%s", "%({}x)d", "${{VALUE_{}}}", "{{{{user{}}}}}", "%{}$s", "{{{}}}"),
    "number": ("{}", "{}.5", "1,{}00.75", "20{}", "{}:30"),
}


def make_sentences(count: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Yield sentences with the words that must be kept, each kind in turn."""
    chance = random.Random(seed)
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        things = [chance.choice(KINDS[kind]).format(chance.randint(11, 99)) for _ in range(2)]
        pattern = chance.choice(NUMBER_PATTERNS if kind == "number" else PATTERNS)
        yield pattern.format(*things), [things[0], *([things[1]] if "{1}" in pattern else [])]


def measure_kept(translator: Translator, count: int, seed: int) -> str:
    """Return a line with the number of sentences in which everything was kept."""
    made = list(make_sentences(count, seed))
    rows = []
    for name, options in (
        ("without", DecodeOptions(keep_placeholders=False)),
        ("with", DecodeOptions(keep_numbers=True)),
    ):
        texts = [found.text for found in translator.translate([sentence for sentence, _ in made], options)]
        kept = [
            all(text.count(thing) >= things.count(thing) for thing in things)
            for text, (_, things) in zip(texts, made, strict=True)
        ]
        rows.append(f"{name:8} everything kept in {sum(kept)} of {count} sentences")
    return "\n".join(rows)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("reference")
    parser.add_argument("--model", default="en-de")
    parser.add_argument("--terms", type=int, default=2, help="terms drawn of each sentence, at most")
    parser.add_argument("--lines", type=int, default=None, help="so many lines only")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model)
    _, language = direction_of(translator, arguments.model)  # whose words BLEU counts
    sides = read_parallel(arguments.source, arguments.reference)
    lines = list(zip(*sides, strict=True))[: arguments.lines]
    print(measure_kept(translator, 200, arguments.seed), flush=True)
    print(measure_terms(translator, lines, arguments.terms, arguments.seed, language)[0])


if __name__ == "__main__":
    main()
