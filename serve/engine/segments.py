"""Splitting of texts into queueable segments, and joining of their translations.

    text ─> prepared segments ─> one Translation each ─> joined
    document ─> texts ─> portions of a bounded size ─> joined

Segments are prepared (normalised, tokenized) once, when a text arrives; the queue carries them to the search.
A portion of a document is queued like a request, so that no document fills the queue, however long its lines
are.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seq2seq import DecodeOptions, Translation, Translator
from seq2seq.inference.pipeline import join_segments
from seq2seq.inference.processing import PreparedSegment
from seq2seq.inference.results import join_parts
from seq2seq.text.joining import separators_of

from .registry import Hop
from .routing import Route

TEXTS = 32  # the most texts of a portion
TOKENS = 4096  # the most tokens of a portion of several segments: the batches of four lanes


class SegmentedText(NamedTuple):
    """A text as prepared segments, and the cost of each in tokens."""

    text: str
    segments: list[PreparedSegment]
    costs: list[int]

    @classmethod
    def of(cls, translator: Translator, text: str, options: DecodeOptions | None = None) -> "SegmentedText":
        """Split a text into segments of a model, with their costs."""
        segments = translator.prepare(text, options)
        special = len(translator.tag) + 1
        return cls(text, segments, [_cost(segment) + special for segment in segments])

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The source of each segment, and the blanks or line breaks after it."""
        return [(segment.source.source, segment.separator) for segment in self.segments]

    def join(self, translations: list[Translation]) -> Translation:
        """Join the translations of the segments to that of the text."""
        return join_segments(self.text, self.segments, translations)


@dataclass(frozen=True)
class RoutedTranslation:
    """A text, its route, and its translation by each hop (none for a text in the target language)."""

    text: str
    route: Route
    steps: list[Translation]

    @property
    def best(self) -> Translation:
        """The translation into the target language."""
        return self.steps[-1] if self.steps else Translation(self.text, self.text)

    @property
    def confidence(self) -> float | None:
        """The product of the confidences of all hops; None where one is not known, or nothing was translated.

        An error of the first hop is one of the second, too, whose own confidence does not know of it.
        """
        confidences = [step.confidence for step in self.steps]
        known = [confidence for confidence in confidences if confidence is not None]
        return math.prod(known) if known and len(known) == len(confidences) else None

    @property
    def is_unlike(self) -> bool:
        """True where the text is unlike those that the model which read it was trained on."""
        return bool(self.steps) and self.steps[0].is_unlike


@dataclass(frozen=True)
class TranslationPlan:
    """The texts of a request, each with its route and segments.

    A text in the target language has no segments (None), and neither has one that was `recalled` from a
    memory.
    """

    texts: Sequence[str]
    routes: Sequence[Route]
    segmented: Sequence[SegmentedText | None]
    options: DecodeOptions
    recalled: Mapping[int, Translation] = field(default_factory=dict)  # by the number of the text

    @property
    def tokens(self) -> int:
        """The cost of all texts together."""
        return sum(sum(text.costs) for text in self.segmented if text)

    @property
    def most_kept(self) -> int:
        """The most placeholders and terms of one segment."""
        return most_kept([text for text in self.segmented if text])

    @property
    def groups(self) -> dict[tuple[Hop, ...], dict[int, SegmentedText]]:
        """The segmented texts of each route by their numbers, without texts that need no translation."""
        groups: dict[tuple[Hop, ...], dict[int, SegmentedText]] = {}
        for number, (route, segmented) in enumerate(zip(self.routes, self.segmented, strict=True)):
            if segmented:
                groups.setdefault(route.hops, {})[number] = segmented
        return groups


class DocumentPart(NamedTuple):
    """Consecutive segments of a text, and the separator before its next part; None ends the text."""

    segmented: SegmentedText
    separator: str | None


def portions(texts: Iterable[SegmentedText]) -> Iterator[list[DocumentPart]]:
    """Yield the texts of a document in portions, in order; a long text is split into several parts."""
    portion: list[DocumentPart] = []
    tokens = 0
    for part in (part for text in texts for part in _parts(text)):
        cost = sum(part.segmented.costs)
        if portion and (len(portion) == TEXTS or tokens + cost > TOKENS):
            yield portion
            portion, tokens = [], 0
        portion.append(part)
        tokens += cost
    if portion:
        yield portion


def whole_texts(parts: Iterable[tuple[DocumentPart, RoutedTranslation]]) -> Iterator[RoutedTranslation]:
    """Join the translations of consecutive parts to those of their texts."""
    text_parts: list[tuple[DocumentPart, RoutedTranslation]] = []
    for part in parts:
        text_parts.append(part)
        if part[0].separator is None:
            yield _whole(text_parts)
            text_parts = []


def most_kept(texts: Iterable[SegmentedText]) -> int:
    """Return the most placeholders and terms that the search must place in one segment."""
    return max((_kept(segment) for text in texts for segment in text.segments), default=0)


def _kept(segment: PreparedSegment) -> int:
    return len(segment.source.phrases) if segment.is_known else 0


def _cost(segment: PreparedSegment) -> int:
    """Return the tokens of a segment; several placeholders multiply them, as they do the search.

    Measured on one core for sentences of 16, 31, 62 and 93 tokens with 5, 10, 20 and 30 addresses: 0.6, 2.9,
    7.3 and 12.8 s.
    """
    kept = _kept(segment)
    inner = [each for message in segment.messages for branch in message.branches for each in branch.segments]
    return len(segment.source.ids) * (1 + kept * (kept - 1) // 2) + sum(map(_cost, inner))


def _parts(text: SegmentedText) -> Iterator[DocumentPart]:
    start = tokens = 0
    for number, cost in enumerate(text.costs):
        if number > start and tokens + cost > TOKENS:
            yield _part(text, start, number)
            start, tokens = number, 0
        tokens += cost
    yield _part(text, start, len(text.segments)) if start else DocumentPart(text, None)


def _part(text: SegmentedText, start: int, end: int) -> DocumentPart:
    """Return segments[start:end] as a part, with the separator after them unless the text ends."""
    segments, separator = text.segments[start:end], None
    if end < len(text.segments):
        separator = segments[-1].separator
        segments = [*segments[:-1], segments[-1]._replace(separator="")]
    source = "".join(segment.source.source + segment.separator for segment in segments)
    return DocumentPart(SegmentedText(source, segments, text.costs[start:end]), separator)


def _whole(parts: list[tuple[DocumentPart, RoutedTranslation]]) -> RoutedTranslation:
    if len(parts) == 1:
        return parts[0][1]
    separators = [part.separator or "" for part, _ in parts]
    text = "".join(part.segmented.text + (part.separator or "") for part, _ in parts)
    source = text
    steps: list[Translation] = []
    for hop_steps in zip(*(translation.steps for _, translation in parts), strict=True):
        steps.append(join_parts(source, list(hop_steps), separators))
        # The next hop read this translation, with the separators that joined it.
        pairs = [(step.source, step.text) for step in hop_steps]
        source, separators = steps[-1].text, separators_of(pairs, separators)
    return RoutedTranslation(text, parts[0][1].route, steps)
