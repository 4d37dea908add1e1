"""The tokenizer of one set of facts: what a translator asks of a tokenizer, with names left out and put in.

    encode(the facts)   -> ids of what the model reads        encode(a sentence) -> ids, names as letters
    decode(ids)         -> the sentence with the names of these facts

Spans are those of the user's text, so that maps and links point at the facts as they were written.
"""

from collections.abc import Iterable

from seq2seq.facts import FactsForm
from seq2seq.tokenizer import Tokenizer


class FactsTokenizer:
    """A tokenizer bound to a source of facts; ValueError where the source is no facts that the form knows."""

    def __init__(self, tokenizer: Tokenizer, form: FactsForm, source: str) -> None:
        self.tokenizer, self.form, self.source = tokenizer, form, source
        self.facts = form.check(source)

    def __len__(self) -> int:
        return len(self.tokenizer)

    def encode(self, text: str) -> list[int]:
        """The ids of the facts, or of a sentence about them."""
        return self.encode_with_spans(text)[0]

    def encode_with_spans(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids and for each its (start, end) in the text."""
        written = self.form.read(text) if text == self.source else self.form.leave_out(text, self.facts)
        ids, spans = self.tokenizer.encode_with_spans(written.text)
        return ids, [written.original_span(*span) for span in spans]

    def decode(self, ids: Iterable[int]) -> str:
        """The sentence of ids, with the names of the facts."""
        return self.form.put_in(self.tokenizer.decode(ids), self.facts)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Each id's piece as it stands in the vocabulary."""
        return self.tokenizer.pieces(ids)

    def ids(self, pieces: Iterable[str]) -> list[int]:
        """Each piece's id."""
        return self.tokenizer.ids(pieces)


def tokenizer_of(tokenizer: Tokenizer, form: FactsForm | None, source: str) -> "Tokenizer | FactsTokenizer":
    """What reads a source and writes its result: the tokenizer itself where texts are plain, or blank."""
    return FactsTokenizer(tokenizer, form, source) if form and source.strip() else tokenizer
