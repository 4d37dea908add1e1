"""Scores of translations against references: BLEU, chrF and TER as sacreBLEU computes them.

Every score carries its signature; figures with different signatures must not stand beside each other.
`moses` makes of a plain text what papers on Multi30k report on: lower-cased, punctuation normalised,
tokenised with escapes (`.lc.norm.tok`), to be scored with tokenize "none".
"""

from collections.abc import Sequence
from typing import NamedTuple

from seq2seq.text.normalization import base_language

Lines = Sequence[str]
ReferenceColumns = Sequence[Sequence[str | None]]  # None where a text has fewer references than another

# sacreBLEU's tokenizers for languages whose words are not written apart, by codes of two and three letters.
TOKENIZERS = {
    **dict.fromkeys(("zh", "zho", "cmn", "yue"), "zh"),
    **dict.fromkeys(("ja", "jpn", "th", "tha"), "char"),
}


class CorpusScore(NamedTuple):
    """One figure of a test set; BLEU and chrF: larger is better, TER: smaller."""

    name: str
    value: float
    signature: str


class BootstrapComparison(NamedTuple):
    """A metric of two systems under paired bootstrap: values and the p-value of their difference."""

    name: str
    values: tuple[float, float]
    p_value: float


def score_corpus(
    outputs: Lines,
    references: ReferenceColumns,
    language: str = "en",
    *,
    tokenized: bool = False,
    lowercase: bool = False,
) -> list[CorpusScore]:
    """BLEU, chrF and TER of outputs against one or more references of each.

    `language` is that of the outputs; `tokenized` says that both sides are, and leaves them so; `lowercase`
    compares both in lower case.
    """
    _check(outputs, references)
    metrics = _metrics(language, tokenized, lowercase)
    return [
        CorpusScore(name, metric.corpus_score(outputs, references).score, str(metric.get_signature()))
        for name, metric in metrics.items()
    ]


def bleu_of(
    outputs: Lines,
    references: ReferenceColumns,
    language: str = "en",
    *,
    tokenized: bool = False,
    lowercase: bool = False,
) -> CorpusScore:
    """BLEU alone, as `score_corpus` computes it."""
    _check(outputs, references)
    metric = _metrics(language, tokenized, lowercase)["BLEU"]
    return CorpusScore("BLEU", metric.corpus_score(outputs, references).score, str(metric.get_signature()))


def sentence_scores(
    output: str,
    references: Lines,
    language: str = "en",
    *,
    tokenized: bool = False,
    lowercase: bool = False,
) -> tuple[float, float]:
    """BLEU (smoothed) and chrF of one sentence; useful for sorting, not for reporting."""
    from sacrebleu.metrics import BLEU, CHRF

    tokenize = _tokenizer(language, tokenized)
    bleu = BLEU(tokenize=tokenize, force=tokenized, lowercase=lowercase, effective_order=True)
    return (
        bleu.sentence_score(output, list(references)).score,
        CHRF(lowercase=lowercase).sentence_score(output, list(references)).score,
    )


def moses(texts: Lines, language: str) -> list[str]:
    """Texts lower-cased, their punctuation normalised, tokenised the Moses way with its escapes."""
    from sacremoses import MosesPunctNormalizer, MosesTokenizer

    base = base_language(language)
    normalizer, tokenizer = MosesPunctNormalizer(base), MosesTokenizer(base)
    return [tokenizer.tokenize(normalizer.normalize(text.lower()), return_str=True) for text in texts]


def compare(
    first: Lines,
    second: Lines,
    references: ReferenceColumns,
    language: str = "en",
    *,
    tokenized: bool = False,
    lowercase: bool = False,
    samples: int = 1000,
) -> list[BootstrapComparison]:
    """Paired bootstrap resampling (Koehn 2004) of two systems, `samples` times, by sacreBLEU."""
    from sacrebleu.significance import PairedTest

    _check(first, references)
    _check(second, references)
    metrics = _metrics(language, tokenized, lowercase)
    test = PairedTest(
        [("first", list(first)), ("second", list(second))],
        metrics,
        [list(texts) for texts in references],  # type: ignore[arg-type]  # None is allowed, and not declared
        test_type="bs",
        n_samples=samples,
    )
    _, results = test()
    comparisons = []
    for name in metrics:
        before, after = _of(results, name)
        # sacreBLEU counts differences larger than the one found: none, where there is no difference.
        p_value = after.p_value if after.score != before.score else 1.0
        comparisons.append(BootstrapComparison(name, (before.score, after.score), p_value))
    return comparisons


def _metrics(language: str, tokenized: bool, lowercase: bool) -> dict:
    from sacrebleu.metrics import BLEU, CHRF, TER

    tokenize = _tokenizer(language, tokenized)
    unspaced = tokenize not in ("none", "13a")  # to TER a sentence without blanks would be one word
    return {
        "BLEU": BLEU(tokenize=tokenize, force=tokenized, lowercase=lowercase),
        "chrF": CHRF(lowercase=lowercase),
        "TER": TER(normalized=unspaced, asian_support=unspaced),
    }


def _tokenizer(language: str, tokenized: bool) -> str:
    """How sacreBLEU splits texts for BLEU: by character in a language whose words are not written apart."""
    return "none" if tokenized else TOKENIZERS.get(base_language(language), "13a")


def _of(results: dict, name: str) -> list:
    return next(found for key, found in results.items() if key.lower().startswith(name.lower()))


def _check(outputs: Lines, references: ReferenceColumns) -> None:
    if not references:
        raise ValueError("there is no reference to score against; give at least one")
    if not outputs:
        raise ValueError("there is no text to score; the test set is empty")
    for number, reference in enumerate(references, 1):
        if len(reference) != len(outputs):
            raise ValueError(
                f"reference {number} has {len(reference)} lines but there are {len(outputs)} texts"
            )
