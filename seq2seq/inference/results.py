"""What a translator gives back: a text with its scores, its pieces, and where they came from.

A long text is translated in parts. Then text, tokens and scores are those of all parts together
(scores summed), `finish` is "length" where any part was stopped, and links are shifted to the whole.
What costs another pass over the model (alignment, token scores) is computed when first asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from seq2seq.alignment.maps import Alignment, Grid
from seq2seq.text.joining import join, separators_of

Finish = Literal["end", "length"]


class ForcedDecoding(NamedTuple):
    """One forced pass over a translation: log p of each piece, the end symbol last, and the alignment."""

    token_log_probabilities: list[float]
    alignment: Alignment


class Score(NamedTuple):
    """How probable a model finds a target: sum of log p over `tokens`, the end symbol among them."""

    log_probability: float
    tokens: list[str]
    token_log_probabilities: list[float]


@dataclass(frozen=True)
class Alternative:
    """Another translation of the same text; `score` is comparable with that of the best."""

    text: str
    score: float
    log_probability: float
    tokens: list[str]
    finish: Finish


@dataclass(frozen=True)
class Translation:
    """A translated text.

    `score` = log_probability / n ** length_penalty, n the pieces and the end symbol; `alternatives`
    are the further hypotheses, best first; `parts` are the translated parts of a text that was split,
    else empty.
    A text that is blank, or in which the model knows no piece, is its own translation, with score 0.
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

    @property
    def forced(self) -> ForcedDecoding:
        """The forced pass over this very translation, made once."""
        # Not functools.cached_property: in Python 3.11 all instances share its lock, so that a thread that
        # waits for one pass would hold up every other.
        forced: ForcedDecoding | None = self.__dict__.get("_forced")
        if forced is None:
            empty = ForcedDecoding([], Alignment(self.source, self.text, ()))
            self.__dict__["_forced"] = forced = self.explain() if self.explain else empty
        return forced

    @property
    def alignment(self) -> Alignment:
        """Which source words each target word was made from."""
        return self.forced.alignment

    @property
    def token_log_probabilities(self) -> list[float]:
        """log p of each piece, the end symbol (of each part) last."""
        return self.forced.token_log_probabilities

    def to_json(self) -> dict[str, Any]:
        """The fields that `seq2seq translate --json` prints."""
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
        }


def join_parts(source: str, parts: list[Translation], separators: list[str]) -> Translation:
    """One translation of a text from those of its segments, each source followed by its separator."""
    sewn = [(part.source, part.text) for part in parts]
    best = join(sewn, separators)
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
        lambda: _join_forced(source, best, parts, separators, separators_of(sewn, separators)),
    )


def _finish_of(parts: list[Translation] | list[Alternative]) -> Finish:
    return "length" if any(part.finish == "length" for part in parts) else "end"


def _join_alternatives(parts: list[Translation], separators: list[str], k: int) -> Alternative:
    """The k-th alternatives of all parts as one; a part that has none stands for itself."""
    chosen = [
        part.alternatives[k]
        if k < len(part.alternatives)
        else Alternative(part.text, part.score, part.log_probability, part.tokens, part.finish)
        for part in parts
    ]
    return Alternative(
        join([(part.source, each.text) for part, each in zip(parts, chosen, strict=True)], separators),
        sum(part.score for part in chosen),
        sum(part.log_probability for part in chosen),
        [token for part in chosen for token in part.tokens],
        _finish_of(chosen),
    )


def _join_forced(
    source: str, target: str, parts: list[Translation], separators: list[str], following: list[str]
) -> ForcedDecoding:
    """The forced passes of all parts with their characters shifted to the whole texts."""
    scores: list[float] = []
    grids: list[Grid] = []
    source_at = target_at = 0
    for part, separator, blanks in zip(parts, separators, following, strict=True):
        scores += part.token_log_probabilities
        for grid in part.alignment.parts:
            shifted = [(a + source_at, b + source_at) for a, b in grid.source_spans]
            grids.append(
                Grid(shifted, [(a + target_at, b + target_at) for a, b in grid.target_spans], grid.weights)
            )
        source_at += len(part.source) + len(separator)
        target_at += len(part.text) + len(blanks)
    shares = [part.alignment.share for part in parts if part.alignment.parts]  # all of one model
    return ForcedDecoding(scores, Alignment(source, target, tuple(grids), *shares[:1]))
