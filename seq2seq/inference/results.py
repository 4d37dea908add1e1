"""Results of a translator: a text with its scores, its tokens and its word alignment.

A long text is translated in parts. Its result has the texts and tokens of all parts joined and their scores
summed. `finish` is "length" where any part reached its limit, and links are shifted to the whole text.
Alignment and token scores need another pass over the model, which runs on first access. Confidences are
computed on access, too (`confidence`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from seq2seq.alignment.maps import Alignment, Grid
from seq2seq.inference.confidence import (
    Assessment,
    Evidence,
    JoinedEvidence,
    Part,
    WordConfidence,
    rounded_confidence,
)
from seq2seq.text.joining import join, separators_of

if TYPE_CHECKING:
    from seq2seq.inference.memory.memory import MemoryMatch

Finish = Literal["end", "length"]
MUCH = 0.25  # of a source, by characters: what it may lose before its translation is incomplete


class ForcedDecoding(NamedTuple):
    """The result of a forced pass: log p of each token, the end symbol last, and the word alignment."""

    token_log_probabilities: list[float]
    alignment: Alignment


class Score(NamedTuple):
    """The log-probability of a target: the sum of log p over `tokens`, the end symbol among them."""

    log_probability: float
    tokens: list[str]
    token_log_probabilities: list[float]


@dataclass(frozen=True)
class Alternative:
    """A further hypothesis for the same text; its score compares with that of the best one."""

    text: str
    score: float
    log_probability: float
    tokens: list[str]
    finish: Finish


@dataclass(frozen=True)
class Translation:
    """A translated text.

    A text that is blank, or of which the vocabulary has no piece, is its own translation with score 0.

    Attributes:
        source: The text that was translated.
        text: Its translation.
        score: log_probability / n ** length_penalty, where n counts the tokens and the end symbol.
        log_probability: The sum of log p over the tokens and the end symbol.
        alternatives: The further hypotheses, best first.
        tokens: The pieces of the translation, without the end symbol.
        finish: "end", or "length" where the limit was reached first.
        parts: The translated parts of a text that was split; empty for a text translated whole.
        explain: Runs the forced pass behind `alignment` and `token_log_probabilities`.
        evidence: What the confidences are computed from; None of a text that was not searched.
        match: The unit of a translation memory that the translation was recalled from, None for the model's.
    """

    source: str
    text: str
    score: float = 0.0
    log_probability: float = 0.0
    alternatives: list[Alternative] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    finish: Finish = "end"
    parts: list["Translation"] = field(default_factory=list)
    explain: Callable[[], ForcedDecoding] | None = field(default=None, repr=False, compare=False)
    evidence: Evidence | JoinedEvidence | None = field(default=None, repr=False, compare=False)
    match: "MemoryMatch | None" = None

    @property
    def forced(self) -> ForcedDecoding:
        """The forced pass over this translation, run on first access."""
        # Not functools.cached_property: in Python 3.11 all instances share its lock, so a thread that waits
        # for one pass would block every other.
        forced: ForcedDecoding | None = self.__dict__.get("_forced")
        if forced is None:
            empty = ForcedDecoding([], Alignment(self.source, self.text, ()))
            self.__dict__["_forced"] = forced = self.explain() if self.explain else empty
        return forced

    @property
    def alignment(self) -> Alignment:
        """The word alignment between source and translation."""
        return self.forced.alignment

    @property
    def token_log_probabilities(self) -> list[float]:
        """Log p of each token, the end symbol (of each part) last."""
        return self.forced.token_log_probabilities

    @property
    def uncovered(self) -> list[tuple[int, int]]:
        """The stretches of some five words or more that no word of the translation looked at.

        Characters [start, end) of the source, by the alignment head.
        """
        return self.alignment.uncovered()

    @property
    def is_incomplete(self) -> bool:
        """True where a quarter of the source or more is uncovered: the translation probably leaves it out."""
        return leaves_out(self.source, self.uncovered)

    @property
    def _assessment(self) -> Assessment | None:
        return self.evidence.assess() if self.evidence else None

    @property
    def confidence(self) -> float | None:
        """The expected chrF / 100 of the text, from 0 to 1; None of a model without calibration.

        It is None, too, where nothing was translated, and 1 where the text was recalled from a memory.
        """
        if self.match is not None:
            return 1.0
        assessment = self._assessment
        return assessment.confidence if assessment else None

    @property
    def is_unlike(self) -> bool:
        """True where the text is unlike those that the model was trained on, as far as that is known."""
        assessment = self._assessment
        return assessment is not None and assessment.is_unlike

    @property
    def word_confidence(self) -> list[WordConfidence]:
        """Each word with the probability that a reference has it; empty of a model without calibration."""
        return self.evidence.words() if self.evidence else []

    def to_json(self) -> dict[str, Any]:
        """Return the fields that `seq2seq translate --json` prints."""
        return {
            "text": self.text,
            "score": self.score,
            "log_probability": self.log_probability,
            "alternatives": [
                {"text": a.text, "score": a.score, "log_probability": a.log_probability}
                for a in self.alternatives
            ],
            "tokens": self.tokens,
            "alignment": self.alignment.to_json(),
            "finish": self.finish,
            "confidence": rounded_confidence(self.confidence),
            "is_unlike": self.is_unlike,
            "word_confidence": [word.to_json() for word in self.word_confidence],
            "uncovered": named_spans(self.source, self.uncovered),
            "is_incomplete": self.is_incomplete,
            **({"match": self.match._asdict()} if self.match else {}),
        }


def leaves_out(source: str, uncovered: list[tuple[int, int]]) -> bool:
    """Return whether a quarter of the source or more is uncovered."""
    length = sum(end - start for start, end in uncovered)
    return length > 0 and length >= MUCH * len(source)


def named_spans(text: str, spans: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return spans with their texts, as JSON values."""
    return [{"text": text[start:end], "start": start, "end": end} for start, end in spans]


def join_parts(source: str, parts: list[Translation], separators: list[str]) -> Translation:
    """Join the translations of the segments of a text; `separators` follow their sources."""
    pairs = [(part.source, part.text) for part in parts]
    best = join(pairs, separators)
    translated = [part for part in parts if part.tokens]
    count = max(len(part.alternatives) for part in parts)
    return Translation(
        source,
        best,
        sum(part.score for part in parts),
        sum(part.log_probability for part in parts),
        [_join_alternatives(parts, separators, k) for k in range(count)],
        [token for part in parts for token in part.tokens],
        _finish_of(parts),
        translated if len(translated) > 1 else [],
        lambda: _join_forced(source, best, parts, separators, separators_of(pairs, separators)),
        JoinedEvidence(
            [Part(part.text, part.evidence) for part in parts], lambda: separators_of(pairs, separators)
        ),
    )


def _finish_of(parts: list[Translation] | list[Alternative]) -> Finish:
    return "length" if any(part.finish == "length" for part in parts) else "end"


def _join_alternatives(parts: list[Translation], separators: list[str], k: int) -> Alternative:
    """Join the k-th alternatives of all parts; a part with fewer contributes its best translation."""
    chosen = [
        part.alternatives[k]
        if k < len(part.alternatives)
        else Alternative(part.text, part.score, part.log_probability, part.tokens, part.finish)
        for part in parts
    ]
    return Alternative(
        join(
            [(part.source, alternative.text) for part, alternative in zip(parts, chosen, strict=True)],
            separators,
        ),
        sum(part.score for part in chosen),
        sum(part.log_probability for part in chosen),
        [token for part in chosen for token in part.tokens],
        _finish_of(chosen),
    )


def _join_forced(
    source: str, target: str, parts: list[Translation], separators: list[str], target_separators: list[str]
) -> ForcedDecoding:
    """Join the forced passes of all parts, with spans shifted to characters of the whole texts."""
    scores: list[float] = []
    grids: list[Grid] = []
    source_at = target_at = 0
    for part, separator, target_separator in zip(parts, separators, target_separators, strict=True):
        scores += part.token_log_probabilities
        for grid in part.alignment.parts:
            shifted = [(a + source_at, b + source_at) for a, b in grid.source_spans]
            grids.append(
                Grid(shifted, [(a + target_at, b + target_at) for a, b in grid.target_spans], grid.weights)
            )
        source_at += len(part.source) + len(separator)
        target_at += len(part.text) + len(target_separator)
    shares = [part.alignment.share for part in parts if part.alignment.parts]  # all of one model
    return ForcedDecoding(scores, Alignment(source, target, tuple(grids), *shares[:1]))
