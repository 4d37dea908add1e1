"""What a glossary costs and keeps: terms drawn from references, and things that must come through untouched.

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
from pathlib import Path

from seq2seq import DecodeOptions, Translator
from seq2seq.scores import bleu_of
from seq2seq.text import word_spans

Pair = tuple[str, str]
WORD = re.compile(r"[^\W\d_]{4,}")


def draw_terms(translator: Translator, source: str, reference: str, count: int, chance: random.Random) -> list[Pair]:
    """Up to `count` pairs of words that are linked to each other alone, each word once in its sentence."""
    links = translator.align(source, reference).links()
    of_source = Counter(s for s, _ in links)
    of_target = Counter(t for _, t in links)
    words = [
        (_bare(source, s), _bare(reference, t)) for s, t in links if of_source[s] == of_target[t] == 1
    ]
    found = [pair for pair in words if all(map(WORD.fullmatch, pair))]
    lower = [Counter(map(str.lower, re.findall(r"\w+", text))) for text in (source, reference)]
    found = [(s, t) for s, t in found if lower[0][s.lower()] == lower[1][t.lower()] == 1]
    return chance.sample(found, min(count, len(found)))


def _bare(text: str, number: int) -> str:
    start, end = word_spans(text)[number]
    return text[start:end].strip(".,;:!?\"'()")


def has_term(text: str, term: str) -> int:
    """How often a term stands in a text as a word of its own."""
    return len(re.findall(rf"(?<!\w){re.escape(term)}(?!\w)", text))
