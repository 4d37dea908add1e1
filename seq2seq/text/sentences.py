"""Splitting of a text into segments that fit a model.

    text = s_1 + b_1 + s_2 + b_2 + ...      s: segments, b: separators (blanks, line breaks, nothing)

A segment is a whole line where it fits, with at most as many sentences as the model was trained to read. A
longer line is split into sentences; a longer sentence is cut after a clause, else between words, else
between characters. Nothing is lost, changed or moved. The time is linear: each cut measures a bounded number
of substrings, none longer than twice what fits.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

_BLANKS = re.compile(r"\s+")
LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")

# An end of a sentence that needs no blank after it, or blanks, which `_is_sentence_end` checks.
_POSSIBLE_END = re.compile(r"[。！？｡]+[”’」』）》】〉〕]*\s*|\s+")
_CLAUSE_END = re.compile(r"[，、；：]")
_CLOSING = "\"'”’»›)]}」』）》】"
_OPENING = "\"'“‘„«‹([{¿¡—–-"
_ABBREVIATION = re.compile(
    "mr|mrs|ms|dr|prof|st|sr|jr|vs|nr|fig|vol|pp|dept|gen|capt|lt|sgt|rev|hon|cf|eds?|approx|"
    "bzw|ca|evtl|ggf|inkl|vgl|bspw|abb|bd|hrsg|tel|mme|mlle|env",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Segment:
    """A substring of a text, and the blanks or line breaks after it."""

    text: str
    separator: str


def split_segments(
    text: str, longest: int, measure: Callable[[str], int], *, sentences: int | None = None
) -> list[Segment]:
    """Split a text at line breaks and, where a line measures more than `longest`, further.

    Segments and separators joined are exactly the text. Blanks at the start follow an empty segment.

    Args:
        text: The text.
        longest: The maximum measure of a segment; a single character may exceed it.
        measure: Returns the size of a substring, such as its number of tokens.
        sentences: The maximum number of sentences of a segment, None for any number.

    Returns:
        The segments in order.

    Raises:
        ValueError: `longest` is below 1.
    """
    if longest < 1:
        raise ValueError(f"longest is {longest}; a segment must be allowed at least 1")
    segments: list[Segment] = []
    for line in _cut(text, _line_ends(text)):
        ends = list(_sentence_ends(line.text))
        if measure(line.text) <= longest:
            ends = ends[sentences - 1 :: sentences] if sentences else []
            if not ends:
                segments.append(line)
                continue
        parts: list[Segment] = []
        for part in _cut(line.text, ends):
            if measure(part.text) <= longest:
                parts.append(part)
            else:
                parts.extend(_with_separator(_split_sentence(part.text, longest, measure), part.separator))
        segments.extend(_with_separator(parts, line.separator))
    return segments


def count_sentences(line: str) -> int:
    """Count the sentences of a line."""
    return 1 + sum(1 for _ in _sentence_ends(line))


def _cut(text: str, ends: Iterable[tuple[int, int]]) -> Iterator[Segment]:
    """Yield the segments between ends, each a pair (end of a segment, start of the next)."""
    start = 0
    for end, following in ends:
        yield Segment(text[start:end], text[end:following])
        start = following
    if start < len(text):
        yield Segment(text[start:], "")


def _with_separator(parts: Iterable[Segment], separator: str) -> list[Segment]:
    """Return the parts of a segment with the separator of the segment after the last."""
    *before, last = parts
    return [*before, replace(last, separator=separator)]


def _line_ends(text: str) -> Iterator[tuple[int, int]]:
    for blanks in _BLANKS.finditer(text):
        outer = blanks.start() == 0 or blanks.end() == len(text)
        if outer or not LINE_BREAKS.isdisjoint(blanks[0]):
            yield blanks.span()


def _sentence_ends(line: str) -> Iterator[tuple[int, int]]:
    for match in _POSSIBLE_END.finditer(line):
        end = match.start() + len(match[0].rstrip())
        if end == len(line):
            return
        if end > match.start() or _is_sentence_end(line, end, match.end()):
            yield end, match.end()


def _is_sentence_end(line: str, end: int, following: int) -> bool:
    """Return whether the blanks in line[end:following] separate two sentences."""
    last = end
    while last and line[last - 1] in _CLOSING:
        last -= 1
    if not last or line[last - 1] not in ".!?…؟۔।॥":
        return False
    while following < len(line) and line[following] in _OPENING:
        following += 1
    if following < len(line) and line[following].islower():
        return False
    # No abbreviation is longer than 16 characters; a bound keeps the time linear.
    return line[last - 1] != "." or not _is_abbreviated(line[max(0, last - 16) : last - 1])


def _is_abbreviated(before: str) -> bool:
    """Return whether a full stop belongs to the word before it: Dr., z. B., J., or a day as in 3. Mai."""
    words = before.split()
    if not words or before[-1].isspace():
        return False
    word = words[-1].lstrip(_OPENING)
    short_number = word.isdecimal() and len(word) < 3
    return short_number or len(word) == 1 or "." in word.rstrip(".") or bool(_ABBREVIATION.fullmatch(word))


def _split_sentence(text: str, longest: int, measure: Callable[[str], int]) -> Iterator[Segment]:
    """Yield the parts of one sentence that is too long."""
    start = 0
    while start < len(text):
        end = _furthest(text, start, longest, measure)
        if end < len(text):
            end = next((at for at in _good_ends(text, start, end) if measure(text[start:at]) <= longest), end)
        blanks = _BLANKS.match(text, end)
        following = blanks.end() if blanks else end
        yield Segment(text[start:end], text[end:following])
        start = following


def _furthest(text: str, start: int, longest: int, measure: Callable[[str], int]) -> int:
    """Return the end of the longest substring that fits, by doubling, then bisection."""
    fits, size = start + 1, longest
    while measure(text[start : start + size]) <= longest:
        fits = min(start + size, len(text))
        if fits == len(text):
            return fits
        size *= 2
    too_far = min(start + size, len(text))
    while too_far - fits > 1:
        middle = (fits + too_far) // 2
        if measure(text[start:middle]) <= longest:
            fits = middle
        else:
            too_far = middle
    return fits


def _good_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Yield positions to cut at, best first: a late clause end, the last blank, between characters."""
    blanks = [match.start() for match in _BLANKS.finditer(text, start + 1, end + 1)]
    clauses = [blank for blank in blanks if text[blank - 1] in ",;:–—،؛"]
    clauses += [match.end() for match in _CLAUSE_END.finditer(text, start, end)]
    if clauses and max(clauses) > (start + end) // 2:
        yield max(clauses)
    if blanks:
        yield blanks[-1]
    position = end
    while position > start and not _is_separable(text, position):
        position -= 1
    if position > start:
        yield position


def _is_separable(text: str, position: int) -> bool:
    """Return whether a cut at this position separates no mark or joiner from its character."""
    before, after = text[position - 1], text[position]
    return before != "\u200d" and after != "\u200d" and unicodedata.category(after) not in ("Mn", "Me", "Mc")
