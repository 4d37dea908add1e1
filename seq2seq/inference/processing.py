"""Processing around a search: texts to ids before it, ids to texts after it.

text -> segments -> PreparedSegment (ids, phrases, prefix)      once for each text
hypotheses -> texts, with protected spans restored and nothing after a stop text
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from seq2seq.config import UNK
from seq2seq.inference.decoding import Vocabulary
from seq2seq.inference.forced_decoding import EncodedSide, decode_side
from seq2seq.inference.terminology import (
    PreparedSource,
    count_constraints,
    prepare_source,
    replaced,
    restore,
    with_branches,
)
from seq2seq.options import FIDELITY, DecodeOptions
from seq2seq.search import Hypothesis
from seq2seq.storage.settings import Settings
from seq2seq.text.normalization import BLANK_PIECE, check_text, is_word
from seq2seq.text.sentences import split_segments
from seq2seq.text.tokenizer import Tokenizer


class PreparedSegment(NamedTuple):
    """A segment of a text, ready for the search.

    Attributes:
        source: The ids of the segment and the phrases that its result must contain.
        separator: The blanks or line breaks after the segment.
        prefix: The ids that its result begins with.
        is_known: Whether the vocabulary has any piece of it. Otherwise the segment is not searched; only its
            glossary terms are replaced.
        messages: The messages in it whose branches are translated (`branches.py`).
    """

    source: PreparedSource
    separator: str
    prefix: list[int]
    is_known: bool
    messages: tuple["PreparedMessage", ...] = ()

    @property
    def tokens(self) -> int:
        """The number of ids of the segment, with those of its branches."""
        count = len(self.source.ids)
        for message in self.messages:
            count += sum(segment.tokens for branch in message.branches for segment in branch.segments)
        return count


class PreparedMessage(NamedTuple):
    """A message of a segment with its branches, and what is before each and after the last."""

    text: str
    branches: tuple["PreparedBranch", ...]
    skeleton: tuple[str, ...]


class PreparedBranch(NamedTuple):
    """The text of a branch, and its segments."""

    text: str
    segments: list[PreparedSegment]


class TextProcessor:
    """A tokenizer with the settings of its model: encodes sources and decodes results."""

    def __init__(self, tokenizer: Tokenizer, settings: Settings, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.codec = settings.codec
        self._head = settings.alignment
        self._longest = min(settings.longest_source, max_length)
        self._most_sentences = settings.most_sentences
        self._special = 2 if tokenizer.tags else 1  # the end, and the tag of the target language
        self._uninformative = {UNK, *tokenizer.ids([BLANK_PIECE])}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The surfaces and word borders of all tokens, for constraints in a search."""
        closers = closing_pieces(self.tokenizer)
        return Vocabulary(self.tokenizer.pieces(range(len(closers))), closers, self._head)

    def tokenizer_of(self, source: str) -> Tokenizer:
        """Return the tokenizer that encodes a source and decodes its result.

        Raises:
            ValueError: The model has a codec, and the source is not of its form.
        """
        return self.tokenizer if self.codec is None else self.codec.tokenizer_for(self.tokenizer, source)

    def knows(self, ids: list[int]) -> bool:
        """Return whether any id informs the model; the unknown piece and a lone blank do not."""
        return not self._uninformative.issuperset(ids)

    def ids(self, source: str | Sequence[str]) -> list[int]:
        """Return the ids of a source, given as a text or as pieces."""
        if not isinstance(source, str):
            return self.tokenizer.ids(source)
        return self.tokenizer_of(source).encode(source)

    def target_ids(self, target: str | Sequence[str], source: str | Sequence[str]) -> list[int]:
        """Return the ids of a target, given as a text or as pieces.

        With a codec they depend on its source; a source given as pieces binds no codec.
        """
        if not isinstance(target, str):
            return self.tokenizer.ids(target)
        tokenizer = self.tokenizer_of(source) if isinstance(source, str) else self.tokenizer
        return tokenizer.target.encode(target)

    def prepare(
        self, text: str, options: DecodeOptions, language: str | None = None
    ) -> list[PreparedSegment]:
        """Split a text into segments that fit the model, each normalised and tokenized once.

        `target_prefix` and `forced_words` apply to a text once: to its first segment with known pieces. A
        blank text is one segment.

        Raises:
            ValueError: The text is no string, or the vocabulary lacks a character of the prefix.
        """
        later = options.later
        # Measuring a part tokenizes it. What was measured is kept, so that no part is tokenized twice.
        measured: dict[str, PreparedSource] = {}

        def measure(part: str) -> int:
            if self.codec:  # such a source is never split
                return 1
            if len(part) > 4 * self._longest and count_constraints(part, later) > self._longest:
                # Counted before anything is made: a line of 10,000 placeholders would want as many words.
                return self._longest + 1
            measured[part] = self.read(part, later, language)
            return len(measured[part].ids) + self._special

        segments = split_segments(check_text(text), self._longest, measure, sentences=self._most_sentences)
        prepared = []
        segment_options = options
        for part, separator in [(segment.text, segment.separator) for segment in segments] or [(text, "")]:
            source = measured.get(part) if segment_options is later else None
            source = source or self.read(part, segment_options, language)
            is_known = source.says_something and self.knows(source.ids)
            prefix = self.prefix(segment_options, part) if is_known and segment_options.target_prefix else []
            prepared.append(PreparedSegment(source, separator, prefix, is_known))
            if is_known:
                segment_options = later
        return prepared

    def read(
        self,
        source: str,
        options: DecodeOptions,
        language: str | None = None,
        copied: Sequence[tuple[int, int]] = (),
    ) -> PreparedSource:
        """Encode one segment with its placeholders and constraints, rewritten for the model.

        `copied` characters have placeholders, too.
        """
        if self.codec:  # its form decides what is copied, and it reads names as they are
            changes: dict[str, Any] = dict.fromkeys((*FIDELITY, "keep_numbers"), False)
            options = replace(options, keep_words=None, **changes)
        return prepare_source(source, options, self.tokenizer_of(source), language, copied)

    def prefix(self, options: DecodeOptions, source: str) -> list[int]:
        """Return the ids that the result for a source begins with.

        Raises:
            ValueError: The vocabulary lacks a character or piece of the prefix.
        """
        return prefix_ids(options.target_prefix or (), self.tokenizer_of(source).target)

    def check_prefix(self, options: DecodeOptions) -> None:
        """Refuse a prefix that cannot be generated for any source.

        Raises:
            ValueError: The vocabulary lacks a character or piece of the prefix.
        """
        if options.target_prefix and not self.codec:  # with a codec the ids depend on the source
            prefix_ids(options.target_prefix, self.tokenizer.target)

    def side(self, source: PreparedSource, ids: list[int], options: DecodeOptions) -> EncodedSide:
        """Decode the result for a source, with the characters of each token in it."""
        side = decode_side(self.tokenizer_of(source.source), ids)
        if options.stop:  # before placeholders are restored, for no stop text is looked for in those
            side = cut_side(side, options.stop)
        return restore(source, side, self.vocabulary.closers) if source.restored else side

    def text(self, source: PreparedSource, ids: list[int], options: DecodeOptions) -> str:
        """Decode the result for a source."""
        if source.restored or options.stop:
            return self.side(source, ids, options).text
        return self.tokenizer_of(source.source).decode(ids)

    def end_at_stop(
        self, source: PreparedSource, hypothesis: Hypothesis, options: DecodeOptions
    ) -> Hypothesis:
        """Return a hypothesis with the scores of its text up to the first stop text."""
        decoded = self.tokenizer_of(source.source).decode(hypothesis.tokens)
        return end_at_stop(hypothesis, decoded, options)

    def untranslated(self, source: PreparedSource, options: DecodeOptions) -> str:
        """Return the result for a segment without known pieces: itself, its glossary terms replaced."""
        text = source.source if self.codec else replaced(source.source, options)
        return with_branches(text, source)


def closing_pieces(tokenizer: Tokenizer) -> list[bool]:
    """Return for each token [V] whether the word before it is complete once the token follows.

    That holds where the token begins with a blank, or with neither letter nor digit. The end symbol is such
    a token, and so is a letter of a script without blanks between words.
    """
    return [
        token < UNK or (token > UNK and (piece[:1] == BLANK_PIECE or not is_word(piece[:1])))
        for token, piece in enumerate(tokenizer.pieces(range(len(tokenizer))))
    ]


def prefix_ids(prefix: str | Sequence[str], tokenizer: Tokenizer) -> list[int]:
    """Return the ids of a prefix, given as a text or as pieces.

    Raises:
        ValueError: The vocabulary lacks a character or piece of the prefix, so that no result can have it.
    """
    if isinstance(prefix, str):
        if lacking := tokenizer.unknown(prefix):
            raise ValueError(f"target_prefix has {lacking!r}, which the vocabulary lacks; leave it out")
        return tokenizer.encode(prefix)
    ids = tokenizer.ids(prefix)
    for piece, index, known in zip(prefix, ids, tokenizer.pieces(ids), strict=True):
        if index == UNK and piece != known:
            raise ValueError(
                f"target_prefix has the piece {piece!r}, which the vocabulary lacks; give a text instead"
            )
    return ids


def cut_before(text: str, stops: Sequence[str]) -> str:
    """Return a text up to the first stop text in it."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def cut_unfinished(text: str, stops: Sequence[str]) -> str:
    """Return as much of a text under generation as may be emitted.

    It ends before the first stop text, and before an end that may still become a stop text.
    """
    if len(cut := cut_before(text, stops)) < len(text):
        return cut
    overlaps = (length for stop in stops for length in range(1, len(stop)) if text.endswith(stop[:length]))
    return text[: len(text) - max(overlaps, default=0)]


def cut_side(side: EncodedSide, stops: Sequence[str]) -> EncodedSide:
    """Cut a side before the first stop text; the tokens after it get empty spans."""
    cut = len(cut_before(side.text, stops))
    return EncodedSide(side.text[:cut], side.ids, [(min(a, cut), min(b, cut)) for a, b in side.spans])


def end_at_stop(hypothesis: Hypothesis, text: str, options: DecodeOptions) -> Hypothesis:
    """Return a hypothesis, decoded as `text`, scored without the end symbol if it has a stop text.

    That end was forced by the stop text, so it is not counted in log-probability and length.
    """
    if cut_before(text, options.stop or ()) == text:
        return hypothesis
    token_log_probabilities = hypothesis.token_log_probabilities[: len(hypothesis.tokens)]
    log_probability = math.fsum(token_log_probabilities)
    return replace(
        hypothesis,
        finish="end",
        token_log_probabilities=token_log_probabilities,
        log_probability=log_probability,
        score=log_probability / len(token_log_probabilities) ** options.length_penalty,
    )
