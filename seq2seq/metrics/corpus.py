"""BLEU, chrF and TER of translations against references, computed by sacreBLEU.

Each score has sacreBLEU's signature. Scores with different signatures are not comparable. `moses` prepares
plain text as papers on Multi30k report it: lower-cased, punctuation normalised, tokenised with escapes
(`.lc.norm.tok`). Such text is scored with `tokenized`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from seq2seq.text.normalization import base_language

Lines = Sequence[str]
ReferenceColumns = Sequence[Sequence[str | None]]  # None where a text has fewer references than another

# sacreBLEU's tokenizers for languages whose words are not written apart, by codes of two and three letters.
TOKENIZERS = {
    **dict.fromkeys(("zh", "zho", "cmn", "yue"), "zh"),
    **dict.fromkeys(("ja", "jpn", "th", "tha"), "char"),
}


class CorpusScore(NamedTuple):
    """One score of a test set. Larger BLEU and chrF are better, smaller TER is better."""

    name: str
    value: float
    signature: str


class BootstrapComparison(NamedTuple):
    """One metric of two systems, and the p-value of their difference under paired bootstrap."""

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
    """Return BLEU, chrF and TER of outputs against one or more references each.

    Args:
        outputs: One text a line.
        references: One column of lines for each reference.
        language: Language of the outputs, which selects sacreBLEU's tokenizer.
        tokenized: Both sides are tokenised already and are compared as they are.
        lowercase: Compare both sides in lower case.

    Raises:
        ValueError: no output, no reference, or columns of different lengths.
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
    """Return BLEU as `score_corpus` computes it."""
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
    """Return smoothed BLEU and chrF of one sentence: for sorting sentences, not for reporting."""
    from sacrebleu.metrics import BLEU, CHRF

    tokenize = _tokenizer(language, tokenized)
    bleu = BLEU(tokenize=tokenize, force=tokenized, lowercase=lowercase, effective_order=True)
    return (
        bleu.sentence_score(output, list(references)).score,
        CHRF(lowercase=lowercase).sentence_score(output, list(references)).score,
    )


def moses(texts: Lines, language: str) -> list[str]:
    """Lower-case, normalise and tokenise texts as the Moses scripts do, escapes included."""
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
    """Compare two systems by paired bootstrap resampling (Koehn 2004) with `samples` resamples."""
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
        # sacreBLEU counts resamples with a larger difference than the observed one. Between equal systems
        # there are none, which would give a p-value near 0 instead of 1.
        p_value = after.p_value if after.score != before.score else 1.0
        comparisons.append(BootstrapComparison(name, (before.score, after.score), p_value))
    return comparisons


def _metrics(language: str, tokenized: bool, lowercase: bool) -> dict[str, Any]:
    from sacrebleu.metrics import BLEU, CHRF, TER

    tokenize = _tokenizer(language, tokenized)
    unspaced = tokenize not in (
        "none",
        "13a",
    )  # else TER takes a sentence without blanks as one word
    return {
        "BLEU": BLEU(tokenize=tokenize, force=tokenized, lowercase=lowercase),
        "chrF": CHRF(lowercase=lowercase),
        "TER": TER(normalized=unspaced, asian_support=unspaced),
    }


def _tokenizer(language: str, tokenized: bool) -> str:
    """Return the name of sacreBLEU's tokenizer for BLEU in a language."""
    return "none" if tokenized else TOKENIZERS.get(base_language(language), "13a")


def _of(results: dict[str, Any], name: str) -> Any:
    """Return the pair of results of one metric; sacreBLEU's keys have other capitals, such as `chrF2`."""
    return next(values for key, values in results.items() if key.lower().startswith(name.lower()))


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
