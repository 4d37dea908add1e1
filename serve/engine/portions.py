"""The texts of a document in portions that are asked for together; a long text is parted between segments.

    text  text  a   long   text  text        each in segments (Cut)
    └─ portion ──┘└ portion ┘└ portion ┘     each of some texts and some tokens at most

Each portion waits in line as one request does, so that no document takes all the room there is, however long
its lines are.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from seq2seq.inference.results import Translation, join_parts
from seq2seq.text.joining import separators_of

from .routing import RoutedTranslation
from .segments import SegmentedText

TEXTS = 32  # of a portion at most
TOKENS = 4096  # of a portion at most, or one segment: as much as four lanes take at once


class DocumentPart(NamedTuple):
    """Some segments of a text, and what separates them from its next part; None ends the text."""

    cut: SegmentedText
    separator: str | None


def portions(cuts: Iterable[SegmentedText]) -> Iterator[list[DocumentPart]]:
    """The texts in portions, in order, each text whole or in parts."""
    portion: list[DocumentPart] = []
    tokens = 0
    for part in (part for cut in cuts for part in _parts(cut)):
        cost = sum(part.cut.costs)
        if portion and (len(portion) == TEXTS or tokens + cost > TOKENS):
            yield portion
            portion, tokens = [], 0
        portion.append(part)
        tokens += cost
    if portion:
        yield portion


def whole_texts(found: Iterable[tuple[DocumentPart, RoutedTranslation]]) -> Iterator[RoutedTranslation]:
    """The translations of parts, one after another, as those of their texts."""
    parts: list[tuple[DocumentPart, RoutedTranslation]] = []
    for each in found:
        parts.append(each)
        if each[0].separator is None:
            yield _whole(parts)
            parts = []


def _parts(cut: SegmentedText) -> Iterator[DocumentPart]:
    start = tokens = 0
    for number, cost in enumerate(cut.costs):
        if number > start and tokens + cost > TOKENS:
            yield _part(cut, start, number)
            start, tokens = number, 0
        tokens += cost
    yield _part(cut, start, len(cut.parts)) if start else DocumentPart(cut, None)


def _part(cut: SegmentedText, start: int, end: int) -> DocumentPart:
    """The segments from `start` to before `end`, the separator after them apart where the text goes on."""
    parts, separator = cut.parts[start:end], None
    if end < len(cut.parts):
        last, separator = parts[-1]
        parts = [*parts[:-1], (last, "")]
    text = "".join(segment + blank for segment, blank in parts)
    return DocumentPart(SegmentedText(text, parts, cut.costs[start:end]), separator)


def _whole(parts: list[tuple[DocumentPart, RoutedTranslation]]) -> RoutedTranslation:
    if len(parts) == 1:
        return parts[0][1]
    separators = [part.separator or "" for part, _ in parts]
    text = "".join(part.cut.text + (part.separator or "") for part, _ in parts)
    source = text
    steps: list[Translation] = []
    for of_leg in zip(*(found.steps for _, found in parts), strict=True):
        steps.append(join_parts(source, list(of_leg), separators))
        source, separators = (
            steps[-1].text,
            separators_of([(each.source, each.text) for each in of_leg], separators),
        )
    return RoutedTranslation(text, parts[0][1].route, steps)
