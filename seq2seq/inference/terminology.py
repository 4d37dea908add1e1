"""Terminology: glossary terms, forced words and protected spans as constraints of the search.

    source      "Write {name} to the dog"     {name} is protected; the glossary has dog -> Köter
    model input "Write John to the dog"       John is a placeholder, a word that the model knows
    phrases     "John" for [6, 10)   "Köter" for [18, 21)
    output      "Schreibe John an den Köter"  -> "Schreibe {name} an den Köter"

A placeholder is a name, for a number another number, so that the sentence keeps its grammar. Each phrase
carries the source tokens it stands for; the search places it by their attention weights.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seq2seq.alignment.maps import Span
from seq2seq.config import UNK
from seq2seq.inference.fidelity.capitals import read_text
from seq2seq.inference.fidelity.messages import NUMBER_SIGN
from seq2seq.inference.fidelity.protected import merge_spans, protected_spans
from seq2seq.inference.fidelity.rewriting import Rewriting, find_rewriting
from seq2seq.inference.fidelity.unknown_words import foreign_runs, unknown_words
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.inference.placeholders import Placeholders
from seq2seq.options import DecodeOptions
from seq2seq.search import PhraseConstraint
from seq2seq.text.glossary import find_terms
from seq2seq.text.normalization import is_word
from seq2seq.text.tokenizer import Encoding, Tokenizer

_PLAIN = re.compile(r"[A-Z]?[a-zà-öø-ÿ]+(?:(?: |, |[-'’])[a-zà-öø-ÿ]+)*[.!?]?")
_NUMBERS = re.compile(r"\d+(?:[.,:/'’-]\d+)*")


class ConstraintSpan(NamedTuple):
    """Characters [start, end) of a source with a required translation.

    A protected span (`is_kept`) is copied: the model reads a placeholder in its place. A glossary term is
    read as it is.
    """

    start: int
    end: int
    text: str
    is_kept: bool


@dataclass(frozen=True)
class PreparedSource:
    """A source as the model reads it.

    Attributes:
        source: The text of the user.
        encoding: The ids of the model input, which has placeholders for protected spans.
        constraints: The protected spans and glossary terms of the source.
        read_spans: The characters of each constraint in the model input.
        phrases: The phrases that every result must contain.
        restored: The text behind the tokens of each placeholder.
        says_something: Whether a letter is left outside of protected spans.
        rewriting: What the model reads otherwise than the user wrote it, and how that is given back.
        copied: Characters that are protected whatever the options.
        branched: The messages among the protected texts, and how each is given back.
        options: The options under which the source was prepared.
    """

    source: str
    encoding: Encoding
    constraints: tuple[ConstraintSpan, ...] = ()
    read_spans: tuple[Span, ...] = ()
    phrases: list[PhraseConstraint] = field(default_factory=list)
    restored: dict[tuple[int, ...], str] = field(default_factory=dict)
    says_something: bool = True
    rewriting: Rewriting | None = None
    options: DecodeOptions = field(default_factory=DecodeOptions)
    copied: tuple[Span, ...] = ()
    branched: tuple[tuple[str, str], ...] = ()

    @property
    def ids(self) -> list[int]:
        """The ids of the model input, without language tag and end symbol."""
        return self.encoding.ids

    @property
    def spans(self) -> list[Span]:
        """The characters of each id in the text of the user; tokens of a placeholder have its whole span."""
        if not self.constraints:
            return self.encoding.spans
        return [_source_span(span, self.constraints, self.read_spans) for span in self.encoding.spans]

    @property
    def side(self) -> EncodedSide:
        """The source as one side of a forced pass."""
        return EncodedSide(self.source, self.ids, self.spans)


def count_constraints(source: str, options: DecodeOptions) -> int:
    """Return how many placeholders and terms a segment has; each is a token or more of the model input."""
    return sum(1 for _ in _constraint_spans(source, options))


def prepare_source(
    source: str,
    options: DecodeOptions,
    tokenizer: Tokenizer,
    language: str | None = None,
    copied: Sequence[Span] = (),
) -> PreparedSource:
    """Encode a segment: placeholders for its protected spans, phrases for all constraints, and rewritten.

    `language` is that of the source, None where it is not known. `copied` characters are protected, too, and
    so are words of other scripts and those that the vocabulary lacks.
    """
    if options.keep_signs and not source.isascii():
        copied = (*copied, *foreign_runs(source, language))
    prepared = _prepare(source, options, tokenizer, language, copied)
    if UNK not in prepared.encoding.ids or not options.keep_signs:
        return prepared
    pairs = zip(prepared.encoding.ids, prepared.spans, strict=True)
    words = unknown_words(source, [span for token, span in pairs if token == UNK], language)
    return _prepare(source, options, tokenizer, language, (*copied, *words)) if words else prepared


def _prepare(
    source: str,
    options: DecodeOptions,
    tokenizer: Tokenizer,
    language: str | None,
    copied: Sequence[Span],
) -> PreparedSource:
    is_bare = not (options.keep_words or options.glossary or options.forced_words or copied)
    if is_bare and _PLAIN.fullmatch(source):
        # Most sentences: lower-case words and marks, in which no stage finds anything to set aside.
        plain = Rewriting(source, final_mark=options.keep_markers and not options.stop, is_plain=True)
        return PreparedSource(source, tokenizer.analyze(source), rewriting=plain, options=options)
    whole_words = not tokenizer.placeholders
    constraints = tuple(_constraint_spans(source, options, copied, whole_words=whole_words))
    protected = [(constraint.start, constraint.end) for constraint in constraints if constraint.is_kept]
    rewriting = find_rewriting(source, protected, options, tokenizer, language)
    forced = options.forced_words or ()
    removed = rewriting.removed if rewriting else []
    readable = read_text(source, rewriting.casing) if rewriting and rewriting.casing else source
    if not constraints and not forced and not removed:
        says_something = not options.keep_wordless or any(map(str.isalpha, source))
        encoding = tokenizer.analyze(readable)
        return PreparedSource(
            source, encoding, says_something=says_something, rewriting=rewriting, options=options
        )
    encoder = _PhraseEncoder(tokenizer.target, Placeholders(tokenizer, source, options))
    replacements = sorted([*constraints, *(ConstraintSpan(start, end, "", True) for start, end in removed)])
    model_input, unprotected, at = "", "", 0
    spans: list[Span] = []
    for replaced_span in replacements:
        start, end, text, is_kept = replaced_span
        model_input += readable[at:start]
        unprotected += source[at : start if is_kept else end]
        word = "" if not text else encoder.placeholder(text) if is_kept else readable[start:end]
        if not text and _joins(source, start, end):  # a=b is two words, also without the sign
            word = " "
        spans.append((len(model_input), len(model_input) + len(word)))
        model_input, at = model_input + word, end
    model_input, unprotected = model_input + readable[at:], unprotected + source[at:]
    encoding = tokenizer.analyze(model_input)
    phrases = [
        encoder.phrase(constraint.text, constraint.is_kept, _columns(span, encoding.spans))
        for constraint, span in zip(replacements, spans, strict=True)
        if constraint.text
    ]
    # Forced words stand for no source tokens, so the search may place them anywhere.
    phrases += [encoder.phrase(word, False) for word in forced]
    checked = unprotected if constraints or options.keep_wordless else "a"
    return PreparedSource(
        source,
        encoding,
        tuple(replacements),
        tuple(spans),
        phrases,
        encoder.restored,
        any(map(str.isalpha, checked)),
        rewriting,
        options,
        tuple(copied),
    )


def _joins(text: str, start: int, end: int) -> bool:
    """Return whether two words would become one without these characters between them."""
    return start > 0 and end < len(text) and text[start - 1].isalnum() and text[end].isalnum()


def replaced(source: str, options: DecodeOptions) -> str:
    """Return a source with its glossary terms replaced by their translations."""
    text, at = "", 0
    for constraint in _constraint_spans(source, options):
        text += source[at : constraint.start] + constraint.text
        at = constraint.end
    return text + source[at:]


def with_branches(text: str, prepared: PreparedSource) -> str:
    """Return a text with its messages as they are given back, their branches translated."""
    for message, translated in prepared.branched:
        text = text.replace(message, translated)
    return text


def restore(prepared: PreparedSource, side: EncodedSide, closers: Sequence[bool]) -> EncodedSide:
    """Replace placeholders in a result by the texts they stand for; spans move along.

    `closers` [V]: whether a word may end before each token.
    """
    tokens = side.ids
    text, at = "", 0
    spans: list[Span] = []
    for start, end, restored in sorted(_placeholder_ranges(prepared, tokens, closers)):
        low, high = side.spans[start][0], side.spans[end - 1][1]
        if low == high:  # cut off by a stop text
            continue
        restored = with_branches(restored, prepared)
        shift = len(text) - at
        spans += [(a + shift, b + shift) for a, b in side.spans[len(spans) : start]]
        text += side.text[at:low]
        spans += [(len(text), len(text) + len(restored))] * (end - start)
        text, at = text + restored, high
    shift = len(text) - at
    spans += [(a + shift, b + shift) for a, b in side.spans[len(spans) :]]
    return EncodedSide(text + side.text[at:], tokens, spans)


def _placeholder_ranges(
    prepared: PreparedSource, tokens: Sequence[int], closers: Sequence[bool]
) -> Iterator[tuple[int, int, str]]:
    """Yield each placeholder in the tokens: start, end (not included), and the text behind it."""
    for phrase, text in prepared.restored.items():
        for start in range(len(tokens) - len(phrase) + 1):
            end = start + len(phrase)
            # Only whole words: "John" must not be restored within "Johnson".
            if tuple(tokens[start:end]) == phrase and (end == len(tokens) or closers[tokens[end]]):
                yield start, end, text


def _columns(span: Span, token_spans: Sequence[Span]) -> tuple[int, ...]:
    """Return the indices of the tokens that overlap a span."""
    first = bisect_right(token_spans, span[0], key=lambda token: max(token[1], token[0] + 1))
    last = bisect_left(token_spans, span[1], key=lambda token: token[0])
    return tuple(range(first, last))


def _source_span(span: Span, constraints: Sequence[ConstraintSpan], read_spans: Sequence[Span]) -> Span:
    """Map characters of the model input to the source; a part of a placeholder maps to its whole span."""
    shift = 0
    for constraint, (low, high) in zip(constraints, read_spans, strict=True):
        if constraint.text and constraint.is_kept and span[0] < high and max(span[1], span[0] + 1) > low:
            return constraint.start, constraint.end
        if high <= span[0]:
            shift = constraint.end - high
    return span[0] + shift, span[1] + shift


def _constraint_spans(
    source: str, options: DecodeOptions, copied_spans: Sequence[Span] = (), *, whole_words: bool = True
) -> Iterator[ConstraintSpan]:
    """Yield protected spans, `copied_spans` among them, and glossary terms, in order and without overlaps.

    Of overlapping ones the first stays, of these the longest, of equals the protected span. With
    `whole_words` protected spans are extended by the letters that touch them: a word that stands in must
    stand alone.
    """
    protected: list[Span] = []
    if options.keep_words:
        words = tuple((word, word) for word in options.keep_words)
        protected += [(match.start, match.end) for match in find_terms(source, words)]
    copied = [*copied_spans, *(protected_spans(source) if options.keep_placeholders else ())]
    if options.keep_numbers:
        copied += [found.span() for found in _NUMBERS.finditer(source)]
    protected += merge_spans(_whole_words(source, sorted(copied)) if whole_words else sorted(copied))
    constraints = [ConstraintSpan(start, end, source[start:end], True) for start, end in protected]
    if options.glossary_pairs:
        terms = find_terms(source, options.glossary_pairs)
        constraints += [ConstraintSpan(*term, False) for term in terms]
    at = 0
    for constraint in sorted(constraints, key=lambda span: (span.start, -span.end, not span.is_kept)):
        if constraint.start >= at:
            yield constraint
            at = constraint.end


def _whole_words(source: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Yield sorted spans, each extended to whole words, without those inside one before."""
    last = 0
    for start, end in spans:
        if end > last:  # asked first: one word of 10,000 numbers is extended once
            start, last = _whole_word(source, start, end)
            yield start, last


def _whole_word(source: str, start: int, end: int) -> Span:
    """Extend a match by the letters and digits that touch it: A4, item{x}."""
    while start and is_word(source[start - 1]):
        start -= 1
    while end < len(source) and is_word(source[end]):
        end += 1
    return start, end


class _PhraseEncoder:
    """An encoder of required texts; those that the vocabulary cannot write get a placeholder."""

    def __init__(self, tokenizer: Tokenizer, placeholders: Placeholders) -> None:
        self.tokenizer, self.placeholders = tokenizer, placeholders
        self.restored: dict[tuple[int, ...], str] = {}
        self._ids: dict[tuple[str, bool], tuple[int, ...]] = {}

    def phrase(self, text: str, is_kept: bool, columns: tuple[int, ...] = ()) -> PhraseConstraint:
        """Return the phrase that the model must generate for a text at these source tokens."""
        if (text, is_kept) not in self._ids:  # equal texts, of which a line may have thousands, once
            self._ids[text, is_kept] = self._encode(text, is_kept)
        ids = self._ids[text, is_kept]
        return PhraseConstraint(ids, columns, ids in self.restored)

    def _encode(self, text: str, is_kept: bool) -> tuple[int, ...]:
        """Return the ids of a text, or of the placeholder that stands for it."""
        if not is_kept and UNK not in (ids := self.tokenizer.encode(text)):
            return tuple(ids)
        placeholder = self.placeholder(text)
        own = self.tokenizer.placeholders.get(placeholder)
        # Encoded by itself it would begin with a blank, which its place in a result may not have.
        ids_of_placeholder = tuple(self.tokenizer.encode(placeholder)) if own is None else (own,)
        self.restored[ids_of_placeholder] = text
        return ids_of_placeholder

    def placeholder(self, text: str) -> str:
        """Return the placeholder of a text."""
        is_number = text == NUMBER_SIGN or _NUMBERS.fullmatch(text) is not None
        return self.placeholders.of(text, is_number=is_number)
