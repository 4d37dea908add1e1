"""Validation by decoding: translate, then compare texts, direction by direction.

sources --encode, search--> translations --sacreBLEU--> BLEU, chrF with signatures

Pairs with the same source are one source with several references. The scores of several directions are means
over the directions, each weighted equally, and each target language is tokenized in its own way (Chinese by
characters).
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
    examples: Sequence[EvalExample],
    options: DecodeOptions,
    codec: Codec | None = None,
) -> list[str]:
    """Return the best translation of each source, in order."""
    # A codec's tokenizer knows the names of its source, so each source has its own.
    tokenizers = [
        codec.tokenizer_for(tokenizer, example.source) if codec else tokenizer for example in examples
    ]
    sources = [
        own.tagged(own.encode(example.source), tokenizer.tag(example.target_language))
        for own, example in zip(tokenizers, examples, strict=True)
    ]
    results = decode_sources(model, SearchRequest(sources, options))
    return [own.decode(hypotheses[0].tokens) for own, hypotheses in zip(tokenizers, results, strict=True)]


def score(translations: Sequence[str], examples: Sequence[EvalExample], *, lowercase: bool = False) -> Scores:
    """Return BLEU and chrF by sacreBLEU of translations against one or more references each."""
    directions = {}
    for direction, indices in by_direction(examples).items():
        texts = [translations[index] for index in indices]
        references = list(zip_longest(*(examples[index].references for index in indices)))
        bleu, chrf, _ = score_corpus(texts, references, direction[1], lowercase=lowercase)
        directions[direction] = bleu, chrf
    bleus, chrfs = zip(*directions.values(), strict=True)
    return Scores(_mean(bleus), _mean(chrfs), _signatures(bleus), _signatures(chrfs), directions)


def _mean(scores: Sequence[CorpusScore]) -> float:
    return sum(score.value for score in scores) / len(scores)


def _signatures(scores: Sequence[CorpusScore]) -> str:
    return ", ".join(dict.fromkeys(score.signature for score in scores))
