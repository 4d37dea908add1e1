"""The fit of a model's confidences on validation texts, stored as `Calibration`.

    sentence: logistic regression of chrF / 100 on the features of the translation
    word:     logistic regression of "the reference has this word"
    unlike:   the mean log-probability of a token that one validation text in 200 does not reach

Gradient boosting, and features that cost more passes (entropy, coverage by the alignment, dropout, agreement
of the beam), ranked texts no better in cross-validation over the validation texts (docs/results.md).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from sacrebleu import CHRF

from seq2seq.inference.confidence import Evidence, bare_word
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.options import DecodeOptions
from seq2seq.storage.calibration import BIAS, SENTENCE_FEATURES, WORD_FEATURES, Calibration
from seq2seq.storage.settings import Settings
from seq2seq.text.normalization import word_spans

from ..data.examples import EvalExample, by_direction, spread

LEAST_PAIRS = 50  # fewer translations of a target say too little
UNLIKE_SHARE = 0.005  # of validation texts that count as unlike the training texts
MOST_PAIRS = 4_000  # of all directions together
RIDGE = 1.0  # the penalty on standardised weights, which keeps a feature that never varies at 0
STEPS = 30  # of Newton's method, which converges in some ten


def fit_confidence(translator: Translator, validation: Sequence[EvalExample]) -> Settings:
    """Return the settings of a model with confidences fitted on its translations of validation examples.

    Each is compared with its first reference. A model with a codec, and a target language with few examples,
    get no confidences.
    """
    settings = translator.settings
    if settings.codec is not None:
        return settings
    examples = spread(validation, MOST_PAIRS)
    pairs: dict[str, list[tuple[Translation, str]]] = {}
    for (source, target), rows in by_direction(examples).items():
        texts = [examples[row].source for row in rows]
        found = translator.directed(source, target).translate(texts, DecodeOptions())
        pairs.setdefault(target, []).extend(
            (translation, examples[row].references[0]) for translation, row in zip(found, rows, strict=True)
        )
    fitted = {
        target: calibration
        for target, translated in pairs.items()
        if (calibration := fit_calibration(translated))
    }
    return replace(settings, confidence=fitted or None)


def fit_calibration(translated: Iterable[tuple[Translation, str]]) -> Calibration | None:
    """Return the calibration of translations with one reference each; None of too few.

    Only texts that were translated whole take part: those of several parts have a mean of confidences.
    """
    found = [
        (translation.evidence, translation.text, reference)
        for translation, reference in translated
        if isinstance(translation.evidence, Evidence) and translation.tokens
    ]
    if len(found) < LEAST_PAIRS:
        return None
    sentence_rows = [evidence.features() for evidence, _, _ in found]
    qualities = [sentence_chrf(text, reference) for _, text, reference in found]
    words = [
        (features, float(is_right))
        for evidence, _, reference in found
        for features, is_right in judged_words(evidence, reference)
    ]
    scores = sorted(evidence.score for evidence, _, _ in found)
    return Calibration(
        _regression(SENTENCE_FEATURES, sentence_rows, qualities),
        _regression(WORD_FEATURES, [features for features, _ in words], [right for _, right in words]),
        round(scores[int(UNLIKE_SHARE * len(scores))], 4),
    )


def sentence_chrf(text: str, reference: str) -> float:
    """Return the chrF of a translation, from 0 to 1."""
    return float(CHRF().sentence_score(text, [reference]).score) / 100


def judged_words(evidence: Evidence, reference: str) -> list[tuple[dict[str, float], bool]]:
    """Return the features of each word of a translation, and whether the reference has it as often."""
    left = Counter(bare_word(reference[start:end]) for start, end in word_spans(reference))
    judged = []
    for text, _, _, features in evidence.word_features():
        word = bare_word(text)
        if features is not None:
            judged.append((features, left[word] > 0))
        left[word] -= 1
    return judged


def _regression(
    names: Sequence[str], rows: Sequence[Mapping[str, float]], targets: Sequence[float]
) -> dict[str, float]:
    """Return bias and weights of the logistic regression of targets from 0 to 1, by Newton's method."""
    values = torch.tensor([[row[name] for name in names] for row in rows], dtype=torch.float64)
    wanted = torch.tensor(targets, dtype=torch.float64)
    mean, deviation = values.mean(0), values.std(0).clamp(min=1e-6)
    standard = torch.cat([torch.ones(len(values), 1, dtype=torch.float64), (values - mean) / deviation], 1)
    penalty = RIDGE * torch.eye(standard.shape[1], dtype=torch.float64)
    penalty[0, 0] = 0.01  # the bias is all but free, so that the mean is right; targets may all be 0
    weights = torch.zeros(standard.shape[1], dtype=torch.float64)
    for _ in range(STEPS):
        expected = torch.sigmoid(standard @ weights)
        gradient = standard.T @ (expected - wanted) + penalty @ weights
        curvature = (standard * (expected * (1 - expected)).unsqueeze(1)).T @ standard + penalty
        # A bounded step: a full one may overshoot from afar, and an export must not fail.
        weights -= torch.linalg.solve(curvature, gradient).clamp(-2.0, 2.0)
    raw = weights[1:] / deviation
    bias = float(weights[0] - (raw * mean).sum())
    return {BIAS: _rounded(bias), **{name: _rounded(float(w)) for name, w in zip(names, raw, strict=True)}}


def _rounded(weight: float) -> float:
    """Return a weight with five significant digits."""
    return float(f"{weight:.5g}")
