"""Between texts and a search: how a source is read, and what the tokens that were written say.

source -> Reading (ids, phrases to be written) -> search -> tokens -> text, with what is kept in its place
"""

from functools import cached_property

from seq2seq.config import UNK
from seq2seq.decoding import Vocabulary
from seq2seq.forced import Side, decoded_side
from seq2seq.options import DecodeOptions
from seq2seq.settings import AlignmentHead
from seq2seq.terms import Reading, is_word, read_source, restore, stopped
from seq2seq.text import BLANK_PIECE
from seq2seq.tokenizer import Tokenizer


class Wording:
    """A tokenizer, and the head by which what is demanded finds its place."""

    def __init__(self, tokenizer: Tokenizer, head: AlignmentHead) -> None:
        self.tokenizer = tokenizer
        self.head = head

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What a search must know of the tokens."""
        closers = closing_pieces(self.tokenizer)
        return Vocabulary(self.tokenizer.pieces(range(len(closers))), closers, self.head)

    def read(self, source: str, options: DecodeOptions) -> Reading:
        """How the model is to read a segment."""
        return read_source(source, options, self.tokenizer)

    def side(self, reading: Reading, ids: list[int], options: DecodeOptions) -> Side:
        """What was written for a source, and the characters of each piece in it."""
        if reading.restored:
            side = restore(reading, ids, self.tokenizer, self.vocabulary.closers)
        else:
            side = decoded_side(self.tokenizer, ids)
        return stopped(side, options.stop) if options.stop else side

    def text(self, reading: Reading, ids: list[int], options: DecodeOptions) -> str:
        """What was written for a source."""
        if reading.restored or options.stop:
            return self.side(reading, ids, options).text
        return self.tokenizer.decode(ids)


def closing_pieces(tokenizer: Tokenizer) -> list[bool]:
    """Of each token whether the word before it is over: it begins with a blank, or with no letter or digit.

    The end is one of them; so is a letter of a script without blanks between words.
    """
    return [
        token < UNK or (token > UNK and (piece[:1] == BLANK_PIECE or not is_word(piece[:1])))
        for token, piece in enumerate(tokenizer.pieces(range(len(tokenizer))))
    ]
