"""Between texts and a search: how a source is read, and what the tokens that were written say.

source -> Reading (ids, phrases to be written) -> search -> tokens -> text, with what is kept in its place
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from seq2seq.config import UNK
from seq2seq.data_to_text.tokenizer import tokenizer_of
from seq2seq.inference.decoding import Vocabulary
from seq2seq.inference.forced_decoding import EncodedSide, decode_side
from seq2seq.inference.prefix import prefix_ids
from seq2seq.inference.stops import ended, stopped
from seq2seq.inference.terminology import PreparedSource, prepare_source, replaced, restore
from seq2seq.options import DecodeOptions
from seq2seq.search import Hypothesis
from seq2seq.storage.settings import Settings
from seq2seq.text.normalization import BLANK_PIECE, is_word
from seq2seq.text.tokenizer import Tokenizer


class TextProcessor:
    """A tokenizer, the head that finds the place of what is demanded, and the form of facts it may read."""

    def __init__(self, tokenizer: Tokenizer, settings: Settings) -> None:
        self.tokenizer = tokenizer
        self.head = settings.alignment
        self.facts = settings.facts

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What a search must know of the tokens."""
        closers = closing_pieces(self.tokenizer)
        return Vocabulary(self.tokenizer.pieces(range(len(closers))), closers, self.head)

    def tokenizer_of(self, source: str) -> Tokenizer:
        """What reads a source and writes its result; ValueError where it is not the facts it should be."""
        return tokenizer_of(self.tokenizer, self.facts, source)

    def ids(self, text: str | Sequence[str], source: str | Sequence[str]) -> list[int]:
        """The ids of a source or its target; given as pieces, they say nothing of the source."""
        if not isinstance(text, str):
            return self.tokenizer.ids(text)
        return (self.tokenizer_of(source) if isinstance(source, str) else self.tokenizer).encode(text)

    def prefix(self, options: DecodeOptions, source: str) -> list[int]:
        """The ids that a result for a source begins with; ValueError for what the vocabulary lacks."""
        return prefix_ids(options.target_prefix or (), self.tokenizer_of(source))

    def knows(self, ids: list[int]) -> bool:
        """Whether any piece says something to the model; a lone blank does not."""
        return bool(set(ids) - {UNK, *self.tokenizer.ids([BLANK_PIECE])})

    def length(self, part: str, options: DecodeOptions) -> int:
        """Pieces with the special ones; facts are never taken apart."""
        if self.facts:
            return 1
        return len(self.read(part, options).ids) + (2 if self.tokenizer.tags else 1)

    def read(self, source: str, options: DecodeOptions) -> PreparedSource:
        """How the model is to read a segment; the names in facts are kept by their form."""
        if self.facts:
            options = replace(options, keep_words=None, keep_placeholders=False, keep_numbers=False)
        return prepare_source(source, options, self.tokenizer_of(source))

    def side(self, reading: PreparedSource, ids: list[int], options: DecodeOptions) -> EncodedSide:
        """What was written for a source, and the characters of each piece in it."""
        side = decode_side(self.tokenizer_of(reading.source), ids)
        if options.stop:  # before what is kept is back in its place, for no stop text is looked for in that
            side = stopped(side, options.stop)
        return restore(reading, side, self.vocabulary.closers) if reading.restored else side

    def text(self, reading: PreparedSource, ids: list[int], options: DecodeOptions) -> str:
        """What was written for a source."""
        if reading.restored or options.stop:
            return self.side(reading, ids, options).text
        return self.tokenizer_of(reading.source).decode(ids)

    def ended(self, reading: PreparedSource, found: Hypothesis, options: DecodeOptions) -> Hypothesis:
        """A hypothesis whose figures are those of what its text says."""
        return ended(found, self.tokenizer_of(reading.source).decode(found.tokens), options)

    def untranslated(self, source: str, options: DecodeOptions) -> str:
        """What becomes of a segment in which the model knows nothing: its terms are replaced."""
        return source if self.facts else replaced(source, options)


def closing_pieces(tokenizer: Tokenizer) -> list[bool]:
    """Of each token whether the word before it is over: it begins with a blank, or with no letter or digit.

    The end is one of them; so is a letter of a script without blanks between words.
    """
    return [
        token < UNK or (token > UNK and (piece[:1] == BLANK_PIECE or not is_word(piece[:1])))
        for token, piece in enumerate(tokenizer.pieces(range(len(tokenizer))))
    ]
