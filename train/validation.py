"""Validation as it will be used: really decode, then compare texts, direction by direction.

sources --encode, search--> translations --sacreBLEU--> BLEU, chrF with signatures

Of several directions the scores are means over them: each counts the same, however many its sentences, and
each target language is cut into words in its own way (Chinese by characters).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.decoding import decode_sources
from seq2seq.options import DecodeOptions
from seq2seq.scores import CorpusScore, score_corpus
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Transformer

from .corpus import Direction
from .examples import Example, by_direction


@dataclass(frozen=True)
class Scores:
    """Corpus scores of translations, in the form of sacreBLEU (cased); means of `directions` if several."""

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str
    directions: dict[Direction, tuple[CorpusScore, CorpusScore]]


def translate(
    model: Transformer, tokenizer: Tokenizer, examples: Sequence[Example], options: DecodeOptions
) -> list[str]:
    """The best translation of each source, in order."""
    sources = [tokenizer.encode(each.source) + tokenizer.tag(each.target_language) for each in examples]
    found = decode_sources(model, sources, options)
    return [tokenizer.decode(hypotheses[0].tokens) for hypotheses in found]


def score(translations: Sequence[str], examples: Sequence[Example]) -> Scores:
    """sacreBLEU and chrF of translations against one reference each."""
    directions = {}
    for direction, places in by_direction(examples).items():
        found = [translations[place] for place in places]
        references = [examples[place].target for place in places]
        bleu, chrf, _ = score_corpus(found, [references], direction[1])
        directions[direction] = bleu, chrf
    bleus, chrfs = zip(*directions.values(), strict=True)
    return Scores(*map(_mean, (bleus, chrfs)), *map(_signatures, (bleus, chrfs)), directions)


def _mean(scores: Sequence[CorpusScore]) -> float:
    return sum(each.value for each in scores) / len(scores)


def _signatures(scores: Sequence[CorpusScore]) -> str:
    return ", ".join(dict.fromkeys(each.signature for each in scores))
