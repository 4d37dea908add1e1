"""Fidelity to what is not language, measured on validation captions: placeholders, signs, capitals.

    SEQ2SEQ_DATA=FOLDER python benchmarks/fidelity.py [--models en-de en-fr de-en en-zh] [--sentences 300]

For each model:

- placeholders: a word in the middle of each caption is replaced by {name}. chrF of the words around it,
  beside that of the same captions as they are. The word that the alignment links to the replaced one is left
  out of the reference and of the plain translation.
- signs: an emoji or another sign is inserted at the start, in the middle or at the end, and counted in the
  translation.
- capitals: BLEU of captions IN CAPITALS and, of an English or French source, In Title Case, beside "as they
  are". References are in capitals where the translation is.

Files of Multi30k (3AM for Chinese) are read from SEQ2SEQ_DATA.
"""

import argparse
import gzip
import os
from collections.abc import Sequence
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

from seq2seq import Translator
from seq2seq.text.normalization import base_language

SIGNS = (
    "🐶",
    "😀",
    "♪",
    "©",
    "→",
    "•",
    "👍🏽",
    "🇩🇪",
    "👨\u200d👩\u200d👧",
    "★",
    "☂",
    "✓",
    "§",
    "™",
    "|",
    "~",
)
NAME = "{name}"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the measures of each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=("en-de", "en-fr", "de-en", "en-zh"))
    parser.add_argument("--sentences", type=int, default=300)
    arguments = parser.parse_args(argv)
    for name in arguments.models:
        translator = Translator.from_pretrained(name, device="cpu")
        sources, references = read_captions(translator, arguments.sentences)
        kept, count = count_signs(translator, sources)
        print(f"{name}: signs present once {kept} of {count}", flush=True)
        print(f"{name}: {around_placeholders(translator, sources, references)}", flush=True)
        print(f"{name}: {in_capitals(translator, sources, references)}", flush=True)


def read_captions(translator: Translator, count: int) -> tuple[list[str], list[str]]:
    """Return validation captions of the languages of a translator, from the 100th on."""
    assert translator.source_language and translator.target_language
    languages = base_language(translator.source_language), base_language(translator.target_language)
    folder = Path(os.environ["SEQ2SEQ_DATA"]) / ("en-zh-3am" if "zh" in languages else "multi30k/raw")
    sides = []
    for language in languages:
        with gzip.open(folder / f"val.{language}.gz", "rt", encoding="utf-8") as lines:
            sides.append([line.strip() for line in lines][100 : 100 + count])
    return sides[0], sides[1]


def count_signs(translator: Translator, sources: Sequence[str]) -> tuple[int, int]:
    """Return how many signs come back exactly once, and how many were inserted."""
    texts = []
    for number, source in enumerate(sources):
        words = source.split()
        words.insert((0, len(words) // 2, len(words))[number % 3], SIGNS[number % len(SIGNS)])
        texts.append(" ".join(words))
    kept = 0
    for number, result in enumerate(translator.translate(texts)):
        sign = SIGNS[number % len(SIGNS)]
        kept += result.text.count(sign) == 1
        if result.text.count(sign) != 1:
            print(f"  {texts[number]} -> {result.text}")
    return kept, len(texts)


def around_placeholders(translator: Translator, sources: Sequence[str], references: Sequence[str]) -> str:
    """Return chrF around {name} and without it.

    {name} replaces a source word that the alignment links to one word of the reference, which is taken out of
    the reference; of the plain translation the word linked to it is taken out, too.
    """
    rest: list[str] = []
    plain: list[str] = []
    placed: list[str] = []
    texts: list[str] = []
    kept = 0
    whole = list(translator.translate(sources))
    for source, reference, result in zip(sources, references, whole, strict=True):
        words = source.split()
        places = [place for place, word in enumerate(words) if place > 1 and len(word) > 3 and word.isalpha()]
        if not places:
            continue
        place = places[len(places) // 2]
        left_out = without(reference, translator.align(source, reference).links("blanks"), place)
        spoken = without(result.text, result.alignment.links("blanks"), place)
        if left_out is None or spoken is None:
            continue
        rest.append(left_out)
        plain.append(spoken)
        texts.append(" ".join([*words[:place], NAME, *words[place + 1 :]]))
    for result in translator.translate(texts):
        kept += result.text.count(NAME) == 1
        placed.append(" ".join(result.text.replace(NAME, " ").split()))
    chrf = CHRF()
    return (
        f"{len(texts)} captions with {NAME}, kept once in {kept}: chrF around it "
        f"{chrf.corpus_score(placed, [rest]).score:.1f}, of the plain sentence "
        f"{chrf.corpus_score(plain, [rest]).score:.1f}"
    )


def without(text: str, links: Sequence[tuple[int, int]], place: int) -> str | None:
    """Return a text without the one word that is linked to a source word; None where it is not one."""
    targets = [target for source, target in links if source == place]
    words = text.split()
    if len(targets) != 1 or targets[0] >= len(words):
        return None
    return " ".join(words[: targets[0]] + words[targets[0] + 1 :])


def in_capitals(translator: Translator, sources: Sequence[str], references: Sequence[str]) -> str:
    """Return BLEU of captions as they are, in capitals and in title case."""
    language = base_language(translator.target_language or "")
    bleu = BLEU(tokenize="zh" if language == "zh" else "13a")

    def score(texts: Sequence[str], expected: Sequence[str]) -> str:
        found = [result.text for result in translator.translate(texts)]
        return f"{bleu.corpus_score(found, [list(expected)]).score:.1f}"

    report = f"BLEU as they are {score(sources, references)}, in capitals "
    report += score([source.upper() for source in sources], [reference.upper() for reference in references])
    if base_language(translator.source_language or "") in ("en", "fr"):
        titles = [" ".join(word[:1].upper() + word[1:] for word in source.split()) for source in sources]
        report += f", in title case {score(titles, references)}"
    return report


if __name__ == "__main__":
    main()
