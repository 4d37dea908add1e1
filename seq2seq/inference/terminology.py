"""What must stand in a translation: terms of a glossary, words asked for, things that stay as they are.

    source      "Write {name} to the dog"     {name} is kept; dog is to be called "Köter"
    read        "Write John to the dog"       a stand-in that the model knows for what it does not
    demanded    "John" for [6, 10)   "Köter" for [18, 21)
    written     "Schreibe John an den Köter"  -> "Schreibe {name} an den Köter"

A stand-in is a name, for a number another number, so that the sentence keeps its grammar. What is demanded
carries the source pieces it stands for, by which the search places it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seq2seq.alignment.maps import Span
from seq2seq.config import UNK
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.inference.placeholders import Placeholders
from seq2seq.options import DecodeOptions
from seq2seq.search import PhraseConstraint
from seq2seq.text.glossary import find_terms
from seq2seq.text.normalization import UNSPACED, is_word
from seq2seq.text.tokenizer import Encoding, Tokenizer

# Parts are bounded or possessive (++): what is tried again from every place takes the square of the length.
_MARKS = r".,;:!?\]}'’”»"  # with which an address does not end
_LETTER = rf"[^\W{UNSPACED}]"
_GROUP = rf"\([^\s<>\"(){UNSPACED}]*\)"
_PLACEHOLDERS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,40}+://|www\.)"  # an address, as far as a bracket or mark of the sentence
    rf"(?:{_GROUP}|(?!{_GROUP})[^\s<>\"{UNSPACED}])*(?:{_GROUP}|[^\s<>\"(){_MARKS}{UNSPACED}])"
    rf"|(?<!{_LETTER})(?<![.+-])(?:{_LETTER}|[.+-])++@(?:{_LETTER}|-)++(?:\.(?:{_LETTER}|-)++)++"  # of mail
    r"|\{\{\s*[^{}\s]+\s*\}\}"  # {{ x }}
    r"|\$?\{\{?[^{}\s]*\}?\}"  # {x}, {{x}}, ${x}
    r"|(?<![\d%])%(?:\(\w++\)|\d++\$)?+[-+#0]*+\d*+(?:\.\d++)?+[sd]"  # %s, %(name)s, %1$d, also within a word
    r"|(?<![\w%])%(?:\(\w++\)|\d++\$)?+[-+#0]*+\d*+(?:\.\d++)?+[ifgeGxXcoru@](?!\w)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d+(?:[.,:/'’-]\d+)*")


class ConstraintSpan(NamedTuple):
    """Characters start to end (not included) of a source, and what is to stand for them in the translation.

    What is kept the model does not see; a term it reads as it is.
    """

    start: int
    end: int
    text: str
    is_kept: bool


@dataclass(frozen=True)
class PreparedSource:
    """A source as the model reads it.

    Attributes:
        source: the text of the user.
        encoding: ids of what the model reads, which differs from the source where something is kept.
        constraints: what is kept in the source and the terms found there.
        read_spans: the characters of each constraint in what the model reads.
        phrases: what every result must contain.
        restored: for tokens that stand for a text, that text.
        says_something: whether a letter is left beside what is kept.
    """

    source: str
    encoding: Encoding
    constraints: tuple[ConstraintSpan, ...] = ()
    read_spans: tuple[Span, ...] = ()
    phrases: list[PhraseConstraint] = field(default_factory=list)
    restored: dict[tuple[int, ...], str] = field(default_factory=dict)
    says_something: bool = True

    @property
    def ids(self) -> list[int]:
        """The ids that the model reads, without language tag and end."""
        return self.encoding.ids

    @property
    def spans(self) -> list[Span]:
        """The characters of each id in the user's text; a piece of a stand-in has all of what is kept."""
        if not self.constraints:
            return self.encoding.spans
        return [_source_span(span, self.constraints, self.read_spans) for span in self.encoding.spans]

    @property
    def side(self) -> EncodedSide:
        """The source as one side of a forced pass."""
        return EncodedSide(self.source, self.ids, self.spans)


def prepare_source(source: str, options: DecodeOptions, tokenizer: Tokenizer) -> PreparedSource:
    """Prepare a segment for the model under these options: stand-ins, ids, and what must be written."""
    constraints = tuple(_constraint_spans(source, options))
    forced = options.forced_words or ()
    if not constraints and not forced:
        return PreparedSource(source, tokenizer.analyze(source))
    encoder = _PhraseEncoder(tokenizer, Placeholders(tokenizer, source, options))
    read, rest, at = "", "", 0  # what the model reads; what is left beside what is kept
    spans: list[Span] = []
    for constraint in constraints:
        start, end = constraint.start, constraint.end
        read += source[at:start]
        rest += source[at : start if constraint.is_kept else end]
        shown = encoder.placeholder(constraint.text) if constraint.is_kept else source[start:end]
        spans.append((len(read), len(read) + len(shown)))
        read, at = read + shown, end
    read, rest = read + source[at:], rest + source[at:]
    encoding = tokenizer.analyze(read)
    phrases = [
        encoder.phrase(constraint.text, constraint.is_kept, _columns(span, encoding.spans))
        for constraint, span in zip(constraints, spans, strict=True)
    ]
    phrases += [encoder.phrase(word, False) for word in forced]
    return PreparedSource(
        source, encoding, constraints, tuple(spans), phrases, encoder.restored, any(map(str.isalpha, rest))
    )


def replaced(source: str, options: DecodeOptions) -> str:
    """A source in which nothing is translated but the terms of the glossary."""
    text, at = "", 0
    for constraint in _constraint_spans(source, options):
        text += source[at : constraint.start] + constraint.text
        at = constraint.end
    return text + source[at:]


def restore(reading: PreparedSource, side: EncodedSide, closers: Sequence[bool]) -> EncodedSide:
    """What was written, with what its tokens stand for in their place where they have characters."""
    tokens = side.ids
    text, at = "", 0
    spans: list[Span] = []
    for start, end, restored in sorted(_places(reading, tokens, closers)):
        low, high = side.spans[start][0], side.spans[end - 1][1]
        if low == high:
            continue
        shift = len(text) - at
        spans += [(a + shift, b + shift) for a, b in side.spans[len(spans) : start]]
        text += side.text[at:low]
        spans += [(len(text), len(text) + len(restored))] * (end - start)
        text, at = text + restored, high
    shift = len(text) - at
    spans += [(a + shift, b + shift) for a, b in side.spans[len(spans) :]]
    return EncodedSide(text + side.text[at:], tokens, spans)


def _places(
    reading: PreparedSource, tokens: Sequence[int], closers: Sequence[bool]
) -> Iterator[tuple[int, int, str]]:
    """Where in the tokens something is to be restored: from, to (not included), and the text."""
    for phrase, text in reading.restored.items():
        for start in range(len(tokens) - len(phrase) + 1):
            end = start + len(phrase)
            if tuple(tokens[start:end]) == phrase and (end == len(tokens) or closers[tokens[end]]):
                yield start, end, text


def _columns(span: Span, places: Sequence[Span]) -> tuple[int, ...]:
    """The pieces that lie in a span."""
    return tuple(
        n for n, (start, end) in enumerate(places) if start < span[1] and max(end, start + 1) > span[0]
    )


def _source_span(span: Span, constraints: Sequence[ConstraintSpan], read_spans: Sequence[Span]) -> Span:
    """Map characters of what is read to the source; a piece of a stand-in gets all that it stands for."""
    shift = 0
    for constraint, (low, high) in zip(constraints, read_spans, strict=True):
        if constraint.is_kept and span[0] < high and max(span[1], span[0] + 1) > low:
            return constraint.start, constraint.end
        if high <= span[0]:
            shift = constraint.end - high
    return span[0] + shift, span[1] + shift


def _constraint_spans(source: str, options: DecodeOptions) -> Iterator[ConstraintSpan]:
    """What is to be kept and the terms of the glossary, from left to right, none across another."""
    kept: list[Span] = []
    if options.keep_words:
        words = tuple((word, word) for word in options.keep_words)
        kept += [(found.start, found.end) for found in find_terms(source, words)]
    patterns = [_PLACEHOLDERS] * options.keep_placeholders + [_NUMBERS] * options.keep_numbers
    kept += _joined(sorted(found for pattern in patterns for found in _wholes(source, pattern)))
    constraints = [ConstraintSpan(start, end, source[start:end], True) for start, end in kept]
    if options.glossary_pairs:
        terms = find_terms(source, options.glossary_pairs)
        constraints += [ConstraintSpan(*term, False) for term in terms]
    at = 0
    for constraint in sorted(constraints, key=lambda each: (each.start, -each.end, not each.is_kept)):
        if constraint.start >= at:
            yield constraint
            at = constraint.end


def _wholes(source: str, pattern: re.Pattern[str]) -> Iterator[Span]:
    """The finds of a pattern, each as `_whole` gives it; those that lie in one before are left out."""
    end = 0
    for each in pattern.finditer(source):
        if each.end() > end:
            start, end = _whole(source, *each.span())
            yield start, end


def _whole(source: str, start: int, end: int) -> Span:
    """A find with the letters and digits that touch it: A4, item{x}."""
    while start and is_word(source[start - 1]):
        start -= 1
    while end < len(source) and is_word(source[end]):
        end += 1
    return start, end


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans from left to right, those that touch as one: no stand-in could be told from the next."""
    joined: list[Span] = []
    for low, high in spans:
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(high, joined[-1][1])
        else:
            joined.append((low, high))
    return joined


class _PhraseEncoder:
    """The tokens written for texts; what cannot be written gets a stand-in."""

    def __init__(self, tokenizer: Tokenizer, placeholders: Placeholders) -> None:
        self.tokenizer, self.placeholders = tokenizer, placeholders
        self.restored: dict[tuple[int, ...], str] = {}

    def phrase(self, text: str, is_kept: bool, columns: tuple[int, ...] = ()) -> PhraseConstraint:
        """What the model is to write for a text, which stands for these source pieces."""
        ids = tuple(self.tokenizer.encode(text))
        if is_kept or UNK in ids:
            ids = tuple(self.tokenizer.encode(self.placeholder(text)))
            self.restored[ids] = text
        return PhraseConstraint(ids, columns, ids in self.restored)

    def placeholder(self, text: str) -> str:
        """Return the word that stands for a text."""
        return self.placeholders.of(text, is_number=_NUMBERS.fullmatch(text) is not None)
