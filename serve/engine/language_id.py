"""Language identification among the languages of the server.

    bytes of the text -> counts of byte n-grams -> naive Bayes over the known languages -> probabilities

The classifier is py3langid (97 languages, 4.5 MB, part of the installed package); nothing is downloaded.
Short texts have few n-grams, so their language is uncertain and the confidence is low.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from seq2seq.text.normalization import base_language

MOST_CHARACTERS = 2_000  # of a text that are classified; more do not change the result


class DetectedLanguage(NamedTuple):
    """A language and the confidence in it, from 0 to 100."""

    language: str
    confidence: float

    def to_json(self) -> dict[str, float | str]:
        """Return the JSON object of the REST API."""
        return {"confidence": self.confidence, "language": self.language}


class LanguageIdentifier:
    """A classifier over the languages of the server, where a code with a region counts as its language."""

    def __init__(self, codes: Sequence[str]) -> None:
        """Store the codes, in lower case; the model is loaded on first use."""
        self.codes = list(codes)

    def rank(self, text: str) -> list[DetectedLanguage]:
        """Return every language, most probable first; without letters in the text all have confidence 0."""
        if not any(character.isalpha() for character in text):
            return [DetectedLanguage(code, 0.0) for code in self.codes]
        by_base = dict(self._identifier.rank(text[:MOST_CHARACTERS])) if self._identifier else {}
        probabilities = [float(by_base.get(base_language(code), 0)) for code in self.codes]
        languages = [
            DetectedLanguage(code, round(100 * probability, 1))
            for code, probability in zip(self.codes, probabilities, strict=True)
        ]
        return sorted(languages, key=lambda language: -language.confidence)

    @functools.cached_property
    def _identifier(self) -> Any:  # a class of a package without types
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = sorted({base_language(code) for code in self.codes} & set(identifier.labels))
        if not known:
            return None
        identifier.set_languages(known)
        return identifier
