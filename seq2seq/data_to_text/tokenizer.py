"""The tokenizer of one set of facts: what a translator asks of a tokenizer, with names left out and put in.

    encode(the facts)   -> ids of what the model reads        encode(a sentence) -> ids, names as letters
    decode(ids)         -> the sentence with the names of these facts

Spans are those of the user's text, so that maps and links point at the facts as they were written.
"""

from collections.abc import Iterable

from seq2seq.data_to_text.facts import FactsForm
from seq2seq.text.normalization import Normalized
from seq2seq.text.tokenizer import Encoding, Tokenizer


class FactsTokenizer(Tokenizer):
    """A tokenizer bound to a source of facts; ValueError where the source is no facts that the form knows."""

    def __init__(self, tokenizer: Tokenizer, form: FactsForm, source: str) -> None:
        super().__init__(tokenizer._processor)
        self.form, self.source = form, source
        self.facts = form.check(source)

    def encode(self, text: str) -> list[int]:
        """The ids of the facts, or of a sentence about them."""
        return super().encode(self._written(text).text)

    def analyze(self, text: str) -> Encoding:
        """Encode a text, spans in the user's text."""
        written = self._written(text)
        return super().analyze(written.text).within(written)

    def decode(self, ids: Iterable[int]) -> str:
        """The sentence of ids, with the names of the facts."""
        return self.form.put_in(super().decode(ids), self.facts)

    def unknown(self, text: str) -> str:
        """The first characters, names aside, that the vocabulary lacks."""
        return super().unknown(self._written(text).text)

    def _written(self, text: str) -> Normalized:
        return self.form.read(text) if text == self.source else self.form.leave_out(text, self.facts)
