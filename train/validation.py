"""Validation as it will be used: really decode, then compare texts.

sources --encode, search--> translations --sacreBLEU--> BLEU, chrF with signatures
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sacrebleu

from seq2seq.decoding import decode_sources
from seq2seq.options import DecodeOptions
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Transformer


@dataclass(frozen=True)
class Scores:
    """Corpus scores of a translation, in the form of sacreBLEU (cased, 13a)."""

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str


def translate(
    model: Transformer, tokenizer: Tokenizer, sources: Sequence[str], options: DecodeOptions
) -> list[str]:
    """The best translation of each text, in order."""
    found = decode_sources(model, [tokenizer.encode(text) for text in sources], options)
    return [tokenizer.decode(hypotheses[0].tokens) for hypotheses in found]


def score(translations: Sequence[str], references: Sequence[str]) -> Scores:
    """sacreBLEU and chrF of translations against one reference each."""
    bleu, chrf = sacrebleu.BLEU(), sacrebleu.CHRF()
    bleu_score = bleu.corpus_score(list(translations), [list(references)]).score
    chrf_score = chrf.corpus_score(list(translations), [list(references)]).score
    return Scores(bleu_score, chrf_score, str(bleu.get_signature()), str(chrf.get_signature()))
