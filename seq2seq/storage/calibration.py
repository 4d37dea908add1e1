"""Calibration of confidences: the numbers of config.json that turn features of a translation into 0 to 1.

    "confidence": {"de": {"sentence": {"bias": 0.7, "score": 0.4, ...}, "word": {...}, "least_score": -0.9}}

One calibration belongs to one target language, since chrF has another scale in each. Both confidences are
logistic regressions, p = 1 / (1 + exp(-(bias + sum of weight x feature))). They were fitted on validation
texts: that of a sentence to its chrF / 100, that of a word to whether the reference has the word. The
features are those of `seq2seq.inference.confidence`. Readable without torch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

BIAS = "bias"
SENTENCE_FEATURES = ("score", "least", "doubtful", "length", "ratio", "unknown", "copied", "pieces")
WORD_FEATURES = ("word", "least", "before", "score", "letters", "copied")


@dataclass(frozen=True)
class Calibration:
    """The fitted numbers of one target language.

    Attributes:
        sentence: The bias and the weight of each sentence feature.
        word: The bias and the weight of each word feature.
        least_score: The mean log-probability of a token below which a text is unlike the training texts.

    Raises:
        ValueError: A weight is missing, unknown, or no finite number.
    """

    sentence: dict[str, float]
    word: dict[str, float]
    least_score: float

    def __post_init__(self) -> None:
        for name, features in (("sentence", SENTENCE_FEATURES), ("word", WORD_FEATURES)):
            weights = getattr(self, name)
            if not isinstance(weights, dict) or weights.keys() != {BIAS, *features}:
                raise ValueError(
                    f"{name} of a confidence is {weights!r}; give a number for each of "
                    f"{', '.join((BIAS, *features))}"
                )
            for feature, weight in weights.items():
                _check_number(f"{feature} of {name}", weight)
        _check_number("least_score", self.least_score)

    def of_sentence(self, features: Mapping[str, float]) -> float:
        """Return the expected chrF / 100 of a sentence with these features."""
        return _logistic(self.sentence, features)

    def of_word(self, features: Mapping[str, float]) -> float:
        """Return the probability that a reference has a word with these features."""
        return _logistic(self.word, features)


def read_calibrations(values: Any) -> dict[str, Calibration] | None:
    """Return the calibrations of config.json by target language; None where there are none.

    Raises:
        ValueError: A calibration is of another form.
    """
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ValueError(f"confidence is {values!r}; give an object of target languages")
    names = {item.name for item in fields(Calibration)}
    for language, numbers in values.items():
        if not isinstance(numbers, dict) or numbers.keys() != names:
            raise ValueError(f"confidence of {language} is {numbers!r}; give {', '.join(sorted(names))}")
    return {language: Calibration(**numbers) for language, numbers in values.items()}


def _logistic(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    total = weights[BIAS] + math.fsum(weights[name] * value for name, value in features.items())
    # Bounded, so that no features, however far from those of the fit, overflow.
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, total))))


def _check_number(name: str, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} of a confidence is {value!r}; give a number")
