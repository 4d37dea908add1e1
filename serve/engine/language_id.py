"""Which language a text is in, among the languages that the server knows.

    bytes of the text -> counts of byte n-grams -> naive Bayes over the known languages -> probabilities

The counting and its model are py3langid's (97 languages, 4.5 MB, in the installed package); nothing is
fetched. Short texts are guesses: "Hallo" says little to n-grams of bytes, and the confidence says so.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from seq2seq.text.normalization import base_language

ENOUGH = 2_000  # characters that are looked at; more change nothing


class DetectedLanguage(NamedTuple):
    """A language and how sure we are of it, from 0 to 100."""

    language: str
    confidence: float

    def to_json(self) -> dict[str, float | str]:
        """The wire shape."""
        return {"confidence": self.confidence, "language": self.language}


class LanguageIdentifier:
    """Tells the known languages apart; codes with a region (zh-hans) stand for their language."""

    def __init__(self, codes: Sequence[str]) -> None:
        """Takes codes in lower case; the model is read when a text is first asked about."""
        self.codes = list(codes)

    def rank(self, text: str) -> list[DetectedLanguage]:
        """Every known language, likeliest first; of a text without letters nothing is known (0)."""
        if not any(character.isalpha() for character in text):
            return [DetectedLanguage(code, 0.0) for code in self.codes]
        by_base = dict(self._identifier.rank(text[:ENOUGH])) if self._identifier else {}
        shares = [float(by_base.get(base_language(code), 0)) for code in self.codes]
        found = [
            DetectedLanguage(code, round(100 * share, 1))
            for code, share in zip(self.codes, shares, strict=True)
        ]
        return sorted(found, key=lambda each: -each.confidence)

    @functools.cached_property
    def _identifier(self) -> Any:  # a class of a package without types
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = sorted({base_language(code) for code in self.codes} & set(identifier.labels))
        if not known:
            return None
        identifier.set_languages(known)
        return identifier
