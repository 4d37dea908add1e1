"""Validation as it will be used: really decode, then compare texts, direction by direction.

sources --encode, search--> translations --sacreBLEU--> BLEU, chrF with signatures

Pairs with the same source are one source with several references. Of several directions the scores are means
over them: each counts the same, however many its sentences, and each target language is cut into words in its
own way (Chinese by characters).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.metrics.corpus import CorpusScore, score_corpus
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.text.codec import Codec
from seq2seq.text.tokenizer import Tokenizer

from ..data.corpus import Direction
from ..data.examples import EvalExample, by_direction


@dataclass(frozen=True)
class Scores:
    """Corpus scores of translations, in the form of sacreBLEU; means of `directions` if several.

    Cased, but in lower case with a codec, whose tests are scored so.
    """

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str
    directions: dict[Direction, tuple[CorpusScore, CorpusScore]]


def translate(
    model: Transformer,
    tokenizer: Tokenizer,
    judged: Sequence[EvalExample],
    options: DecodeOptions,
    codec: Codec | None = None,
) -> list[str]:
    """The best translation of each source, in order."""
    bound = [codec.tokenizer_for(tokenizer, each.source) if codec else tokenizer for each in judged]
    sources = [
        one.encode(each.source) + tokenizer.tag(each.target_language)
        for one, each in zip(bound, judged, strict=True)
    ]
    found = decode_sources(model, SearchRequest(sources, options))
    return [one.decode(hypotheses[0].tokens) for one, hypotheses in zip(bound, found, strict=True)]


def score(translations: Sequence[str], judged: Sequence[EvalExample], *, lowercase: bool = False) -> Scores:
    """sacreBLEU and chrF of translations against one or more references each."""
    directions = {}
    for direction, places in by_direction(judged).items():
        found = [translations[place] for place in places]
        references = list(zip_longest(*(judged[place].references for place in places)))
        bleu, chrf, _ = score_corpus(found, references, direction[1], lowercase=lowercase)
        directions[direction] = bleu, chrf
    bleus, chrfs = zip(*directions.values(), strict=True)
    return Scores(_mean(bleus), _mean(chrfs), _signatures(bleus), _signatures(chrfs), directions)


def _mean(scores: Sequence[CorpusScore]) -> float:
    return sum(each.value for each in scores) / len(scores)


def _signatures(scores: Sequence[CorpusScore]) -> str:
    return ", ".join(dict.fromkeys(each.signature for each in scores))
