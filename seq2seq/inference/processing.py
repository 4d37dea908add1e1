"""Processing around a search: texts to ids before it, ids to texts after it.

text -> segments -> PreparedSegment (ids, phrases, prefix)      once a text, whoever asks
hypotheses -> texts, with what was kept in its place and nothing after a stop text
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from seq2seq.config import UNK
from seq2seq.inference.decoding import Vocabulary
from seq2seq.inference.forced_decoding import EncodedSide, decode_side
from seq2seq.inference.terminology import PreparedSource, prepare_source, replaced, restore
from seq2seq.options import DecodeOptions
from seq2seq.search import Hypothesis
from seq2seq.storage.settings import Settings
from seq2seq.text.normalization import BLANK_PIECE, check_text, is_word
from seq2seq.text.sentences import split_segments
from seq2seq.text.tokenizer import Tokenizer


class PreparedSegment(NamedTuple):
    """A segment of a text, ready to be searched, and the blanks or line breaks that follow it.

    `prefix` are the ids that its result begins with. Of a segment that is not `is_known` the model knows no
    piece: it is given back as it is, but for its terms.
    """

    source: PreparedSource
    separator: str
    prefix: list[int]
    is_known: bool


class TextProcessor:
    """A tokenizer with the settings of its model: reads sources and writes results."""

    def __init__(self, tokenizer: Tokenizer, settings: Settings, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.codec = settings.codec
        self._head = settings.alignment
        self._longest = min(settings.longest_source, max_length)
        self._most_sentences = settings.most_sentences
        self._special = 2 if tokenizer.tags else 1  # the end, and the tag of the target language
        self._unread = {UNK, *tokenizer.ids([BLANK_PIECE])}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens as a search must know them."""
        closers = closing_pieces(self.tokenizer)
        return Vocabulary(self.tokenizer.pieces(range(len(closers))), closers, self._head)

    def tokenizer_of(self, source: str) -> Tokenizer:
        """Return the tokenizer that reads a source and writes its result.

        Raises:
            ValueError: the model has a codec, and the source is not of its form.
        """
        return self.tokenizer if self.codec is None else self.codec.tokenizer_for(self.tokenizer, source)

    def knows(self, ids: list[int]) -> bool:
        """Return whether any id tells the model something; the unknown piece and a lone blank do not."""
        return not self._unread.issuperset(ids)

    def ids(self, text: str | Sequence[str], source: str | Sequence[str]) -> list[int]:
        """Return the ids of a source or its target; a source given as pieces says nothing of its target."""
        if not isinstance(text, str):
            return self.tokenizer.ids(text)
        return (self.tokenizer_of(source) if isinstance(source, str) else self.tokenizer).encode(text)

    def prepare(self, text: str, options: DecodeOptions) -> list[PreparedSegment]:
        """Split a text into segments that the model can read, each normalised and tokenized once.

        The first segment that the model knows carries what a text has once: prefix and forced words. A blank
        text is one segment.
        """
        later = options.later
        prepared: dict[str, PreparedSource] = {}  # by the stretches that were measured

        def measure(part: str) -> int:
            if self.codec:  # such a source is never split
                return 1
            prepared[part] = self.read(part, later)
            return len(prepared[part].ids) + self._special

        segments = split_segments(check_text(text), self._longest, measure, sentences=self._most_sentences)
        result = []
        own = options
        for part, separator in [(each.text, each.separator) for each in segments] or [(text, "")]:
            source = prepared.get(part) if own is later else None
            source = source or self.read(part, own)
            is_known = source.says_something and self.knows(source.ids)
            prefix = self.prefix(own, part) if is_known and own.target_prefix else []
            result.append(PreparedSegment(source, separator, prefix, is_known))
            if is_known:
                own = later
        return result

    def read(self, source: str, options: DecodeOptions) -> PreparedSource:
        """Prepare one segment for the model; a codec keeps what must be kept by its own form."""
        if self.codec:
            options = replace(options, keep_words=None, keep_placeholders=False, keep_numbers=False)
        return prepare_source(source, options, self.tokenizer_of(source))

    def prefix(self, options: DecodeOptions, source: str) -> list[int]:
        """Return the ids that the result for a source begins with.

        Raises:
            ValueError: the vocabulary lacks a character or piece of the prefix.
        """
        return prefix_ids(options.target_prefix or (), self.tokenizer_of(source))

    def check_prefix(self, options: DecodeOptions) -> None:
        """Refuse (ValueError) a prefix that no source allows; with a codec that depends on the source."""
        if options.target_prefix and not self.codec:
            prefix_ids(options.target_prefix, self.tokenizer)

    def side(self, source: PreparedSource, ids: list[int], options: DecodeOptions) -> EncodedSide:
        """Return the result for a source, with the characters of each piece in it."""
        side = decode_side(self.tokenizer_of(source.source), ids)
        if options.stop:  # before what is kept is back in its place, for no stop text is looked for in that
            side = cut_side(side, options.stop)
        return restore(source, side, self.vocabulary.closers) if source.restored else side

    def text(self, source: PreparedSource, ids: list[int], options: DecodeOptions) -> str:
        """Return the result for a source."""
        if source.restored or options.stop:
            return self.side(source, ids, options).text
        return self.tokenizer_of(source.source).decode(ids)

    def end_at_stop(
        self, source: PreparedSource, hypothesis: Hypothesis, options: DecodeOptions
    ) -> Hypothesis:
        """Return a hypothesis with the figures of its text up to the first stop text."""
        decoded = self.tokenizer_of(source.source).decode(hypothesis.tokens)
        return end_at_stop(hypothesis, decoded, options)

    def untranslated(self, source: str, options: DecodeOptions) -> str:
        """Return what becomes of a segment in which the model knows nothing: its terms are replaced."""
        return source if self.codec else replaced(source, options)


def closing_pieces(tokenizer: Tokenizer) -> list[bool]:
    """Return for each token whether the word before it is over.

    It is where the token begins with a blank, or with no letter or digit. The end is such a token; so is a
    letter of a script without blanks between words.
    """
    return [
        token < UNK or (token > UNK and (piece[:1] == BLANK_PIECE or not is_word(piece[:1])))
        for token, piece in enumerate(tokenizer.pieces(range(len(tokenizer))))
    ]


def prefix_ids(prefix: str | Sequence[str], tokenizer: Tokenizer) -> list[int]:
    """Return the ids of a prefix, given as a text or as pieces.

    Raises:
        ValueError: characters or a piece that the vocabulary lacks, of which no result can be made.
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
    """Return a text up to the first of some stop texts."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def cut_unfinished(text: str, stops: Sequence[str]) -> str:
    """Return a text that is still being written as far as it may be shown.

    It ends before the first stop text, and before an end that may become the beginning of one.
    """
    if len(cut := cut_before(text, stops)) < len(text):
        return cut
    begun = (length for stop in stops for length in range(1, len(stop)) if text.endswith(stop[:length]))
    return text[: len(text) - max(begun, default=0)]


def cut_side(side: EncodedSide, stops: Sequence[str]) -> EncodedSide:
    """Cut a side before the first of some stop texts; pieces after that have no characters."""
    cut = len(cut_before(side.text, stops))
    return EncodedSide(side.text[:cut], side.ids, [(min(a, cut), min(b, cut)) for a, b in side.spans])


def end_at_stop(hypothesis: Hypothesis, text: str, options: DecodeOptions) -> Hypothesis:
    """Return a hypothesis that ends before a stop text in `text`, what it decodes to.

    The end that a stop text brought is the user's: it counts in none of the figures.
    """
    if cut_before(text, options.stop or ()) == text:
        return hypothesis
    values = hypothesis.token_log_probabilities[: len(hypothesis.tokens)]
    total = math.fsum(values)
    return replace(
        hypothesis,
        finish="end",
        token_log_probabilities=values,
        log_probability=total,
        score=total / len(values) ** options.length_penalty,
    )
