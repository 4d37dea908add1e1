"""Validation as it will be used: really decode, then compare texts.

sources --encode, search--> translations --sacreBLEU--> BLEU, chrF with signatures

Pairs with the same source are one source with several references.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import sacrebleu

from seq2seq.decoding import decode_sources
from seq2seq.facts import FactsForm
from seq2seq.facts_tokenizer import tokenizer_of
from seq2seq.options import DecodeOptions
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Transformer


class Judged(NamedTuple):
    """A source and its references."""

    source: str
    references: list[str]


def by_source(pairs: Sequence[tuple[str, str]]) -> list[Judged]:
    """Each source once, in order, with all its references."""
    found: dict[str, Judged] = {}
    for source, reference in pairs:
        found.setdefault(source, Judged(source, [])).references.append(reference)
    return list(found.values())


@dataclass(frozen=True)
class Scores:
    """Corpus scores of translations, in the form of sacreBLEU (13a; cased but for facts)."""

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str


def translate(
    model: Transformer,
    tokenizer: Tokenizer,
    sources: Sequence[str],
    options: DecodeOptions,
    form: FactsForm | None = None,
) -> list[str]:
    """The best translation of each text, in order."""
    bound = [tokenizer_of(tokenizer, form, text) for text in sources]
    ids = [one.encode(text) for one, text in zip(bound, sources, strict=True)]
    found = decode_sources(model, ids, options)
    return [one.decode(hypotheses[0].tokens) for one, hypotheses in zip(bound, found, strict=True)]


def score(
    translations: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> Scores:
    """sacreBLEU and chrF of translations against one or more references each."""
    bleu, chrf = sacrebleu.BLEU(lowercase=lowercase), sacrebleu.CHRF(lowercase=lowercase)
    streams = [list(stream) for stream in zip_longest(*references)]
    bleu_score = bleu.corpus_score(list(translations), streams).score
    chrf_score = chrf.corpus_score(list(translations), streams).score
    return Scores(bleu_score, chrf_score, str(bleu.get_signature()), str(chrf.get_signature()))
