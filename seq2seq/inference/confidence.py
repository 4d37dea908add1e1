"""Confidence in a translation and its words, from the log-probabilities that the search has computed.

    tokens with log p ─> sentence features ─calibration─> expected chrF / 100
    tokens of a word  ─> word features     ─calibration─> probability that a reference has the word

No pass over the model is needed, but where signs or capitals were set aside the words of the result are
known by the alignment alone, which is a pass. Everything is computed on access (`Translation.confidence`), so
that a translation whose confidence nobody reads costs nothing more.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from seq2seq.config import UNK
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.storage.calibration import Calibration
from seq2seq.text.normalization import word_spans

DOUBTFUL = math.log(0.5)  # log p below which a token is doubtful
MOST_ODDS = 8.0  # log-odds of probabilities above 0.9997, where rounding is all that differs


class Assessment(NamedTuple):
    """The confidence in a text, whether it is unlike the training texts, and its number of tokens."""

    confidence: float
    is_unlike: bool
    tokens: int


class WordConfidence(NamedTuple):
    """A word of a translation, characters [start, end), and the confidence in it; None where unknown."""

    text: str
    start: int
    end: int
    confidence: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {**self._asdict(), "confidence": rounded_confidence(self.confidence)}


def rounded_confidence(confidence: float | None) -> float | None:
    """Return a confidence as it is printed; None where it is not known."""
    return None if confidence is None else round(confidence, 4)


@dataclass(frozen=True)
class Evidence:
    """The record of a search: its result for one segment, with log-probabilities.

    Attributes:
        source: The text of the segment.
        source_ids: Its ids, without tag and end symbol.
        target_ids: The ids of the result, without end symbol.
        log_probabilities: Log p of each of them and, unless the result was cut, of the end symbol.
        side: Decodes the result, with the characters of each id in the text that is given back.
        calibration: The fitted numbers; None gives no confidence.
    """

    source: str
    source_ids: list[int]
    target_ids: list[int]
    log_probabilities: Sequence[float]
    side: Callable[[], EncodedSide]
    calibration: Calibration | None = None

    @property
    def score(self) -> float:
        """The mean log-probability of a token."""
        return math.fsum(self.log_probabilities) / max(1, len(self.log_probabilities))

    def features(self) -> dict[str, float]:
        """Return the sentence features by name."""
        sources, targets, values = self.source_ids, self.target_ids, self.log_probabilities
        known = set(sources)
        return {
            "score": self.score,
            "least": min(values, default=0.0),
            "doubtful": _share(value < DOUBTFUL for value in values),
            "length": math.log(1 + len(sources)),
            "ratio": math.log((1 + len(targets)) / (1 + len(sources))),
            "unknown": _share(token == UNK for token in sources),
            "copied": _share(token in known for token in targets),
            "pieces": len(sources) / max(1, len(word_spans(self.source))),
        }

    def word_features(self) -> list[tuple[str, int, int, dict[str, float] | None]]:
        """Return each word of the result with its characters and its features by name.

        A word without a token, such as a sign that was copied, has no features.
        """
        side = self.side()
        # Tokens after a stop text have no log-probability; their spans are empty.
        spans = list(zip(side.spans, self.log_probabilities, strict=False))
        score, before = self.score, MOST_ODDS
        source_words = {bare_word(self.source[start:end]) for start, end in word_spans(self.source)}
        words: list[tuple[str, int, int, dict[str, float] | None]] = []
        at = 0
        for start, end in word_spans(side.text):
            text = side.text[start:end]
            while at < len(spans) and spans[at][0][1] <= start:
                at += 1
            values = []
            for (low, high), value in spans[at:]:
                if low >= end:
                    break
                if low < high:
                    values.append(value)
            if not values:
                words.append((text, start, end, None))
                continue
            word = _log_odds(math.fsum(values))
            features = {
                "word": word,
                "least": _log_odds(min(values)),
                "before": before,
                "score": score,
                "letters": math.log(len(text)),
                "copied": float(bare_word(text) in source_words),
            }
            words.append((text, start, end, features))
            before = word
        return words

    def assess(self) -> Assessment | None:
        """Return the confidence in the segment; None without calibration or tokens."""
        if self.calibration is None or not self.target_ids:
            return None
        confidence = self.calibration.of_sentence(self.features())
        return Assessment(confidence, self.score < self.calibration.least_score, len(self.target_ids))

    def words(self) -> list[WordConfidence]:
        """Return the confidence in each word; nothing without calibration."""
        calibration = self.calibration
        if calibration is None:
            return []
        return [
            WordConfidence(text, start, end, None if features is None else calibration.of_word(features))
            for text, start, end, features in self.word_features()
        ]


class Part(NamedTuple):
    """The text of a translated part and its evidence; None of one that was not searched."""

    text: str
    evidence: "Evidence | JoinedEvidence | None"


@dataclass(frozen=True)
class JoinedEvidence:
    """The evidence of the parts of a text; `separators` follow their translations."""

    parts: Sequence[Part]
    separators: Callable[[], list[str]]

    def assess(self) -> Assessment | None:
        """Return the mean confidence of the parts, weighted by their tokens; None where none is known.

        The text is unlike the training texts where more than half of its tokens are in such parts.
        """
        found = [part.evidence.assess() for part in self.parts if part.evidence]
        known = [assessment for assessment in found if assessment]
        if not known:
            return None
        tokens = sum(assessment.tokens for assessment in known)
        confidence = math.fsum(assessment.confidence * assessment.tokens for assessment in known) / tokens
        unlike = sum(assessment.tokens for assessment in known if assessment.is_unlike)
        return Assessment(confidence, 2 * unlike > tokens, tokens)

    def words(self) -> list[WordConfidence]:
        """Return the confidence in each word, with characters of the whole text."""
        words: list[WordConfidence] = []
        known = False
        at = 0
        for part, separator in zip(self.parts, self.separators(), strict=True):
            found = part.evidence.words() if part.evidence else []
            known = known or bool(found)
            found = found or [
                WordConfidence(part.text[start:end], start, end, None) for start, end in word_spans(part.text)
            ]
            words += [word._replace(start=word.start + at, end=word.end + at) for word in found]
            at += len(part.text) + len(separator)
        return words if known else []


def _log_odds(log_probability: float) -> float:
    """Return log p - log(1 - p), at most MOST_ODDS.

    A confidence is as good as linear in it. With log p itself none could come near 1, and the calibration
    error of words was twice as large on validation texts.
    """
    rest = -math.expm1(min(log_probability, 0.0))
    return min(MOST_ODDS, log_probability - math.log(rest)) if rest > 0.0 else MOST_ODDS


def _share(flags: Iterable[bool]) -> float:
    """Return the share of flags that are true; 0 of none."""
    listed = list(flags)
    return sum(listed) / max(1, len(listed))


def bare_word(word: str) -> str:
    """Return a word in lower case, without the marks around it; a word of marks alone is itself."""
    first = next((at for at, sign in enumerate(word) if sign.isalnum()), 0)
    last = next((at for at in range(len(word), 0, -1) if word[at - 1].isalnum()), len(word))
    return word[first:last].casefold()
