"""Language identification of the texts that a server receives.

    text -> probabilities of some hundred languages (`seq2seq.text.detection`) -> the server's and others

A language that is not served is named, too: its text must not pass for one of the served languages.
"""

from collections.abc import Sequence
from typing import NamedTuple

from seq2seq.text.detection import detect_language
from seq2seq.text.normalization import base_language

LEAST = 1.0  # confidence from which a language that is not served is listed
CERTAIN = 95.0  # confidence from which a text contradicts the source that was given


class DetectedLanguage(NamedTuple):
    """A language and the confidence in it, from 0 to 100."""

    language: str
    confidence: float

    def to_json(self) -> dict[str, float | str]:
        """Return the JSON object of the REST API."""
        return {"confidence": self.confidence, "language": self.language}


class LanguageIdentifier:
    """A classifier for a server, where a code with a region counts as its language."""

    def __init__(self, codes: Sequence[str]) -> None:
        """Store the codes of the served languages, in lower case; the model is loaded on first use."""
        self.codes = list(codes)
        self._bases = {base_language(code) for code in codes}

    def rank(self, text: str) -> list[DetectedLanguage]:
        """Return the served languages and others that are possible, most probable first.

        Without letters in the text the served languages have confidence 0, and there are no others.
        """
        probabilities = detect_language(text, self._bases)
        if not self._bases <= probabilities.keys():
            # A served language that the detector does not know may be any of the others, so none is named.
            probabilities = _among(self._bases, probabilities)
        served = [_language(code, probabilities.get(base_language(code), 0)) for code in self.codes]
        others = [_language(code, share) for code, share in probabilities.items() if code not in self._bases]
        possible = [language for language in others if language.confidence >= LEAST]
        return sorted([*served, *possible], key=lambda language: -language.confidence)

    def not_served(self, ranked: Sequence[DetectedLanguage]) -> DetectedLanguage | None:
        """Return the likeliest language of a ranking that is not served; None where the text may be of ours.

        It counts where those that are not served are together the more probable. One word is often possible
        in one of them and in several that are served: it is then better translated than not.
        """
        others = [language for language in ranked if language.language not in self.codes]
        # Two codes of a server may be one language: each has its whole probability.
        served = {base_language(each.language): each.confidence for each in ranked if each not in others}
        return others[0] if sum(each.confidence for each in others) > sum(served.values()) else None

    def contradiction(self, text: str, source: str) -> DetectedLanguage | None:
        """Return the language that a text is in for certain where it is not its source, otherwise None."""
        first = self.rank(text)[0]
        if first.confidence < CERTAIN or base_language(first.language) == base_language(source):
            return None
        return first


def _among(codes: set[str], probabilities: dict[str, float]) -> dict[str, float]:
    """Return the probabilities of these languages alone, in sum 1."""
    chosen = {code: probability for code, probability in probabilities.items() if code in codes}
    total = sum(chosen.values())
    return {code: probability / total for code, probability in chosen.items()} if total else {}


def _language(code: str, probability: float) -> DetectedLanguage:
    return DetectedLanguage(code, round(100 * probability, 1))
