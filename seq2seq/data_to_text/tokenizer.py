"""The tokenizer of one set of facts: names become letters in ids, and names again in texts.

    encode(the facts)   -> ids of the model input             encode(a sentence) -> ids, names as letters
    decode(ids)         -> the sentence with the names of these facts

Spans refer to the text of the user, so that attention maps and links point at the original facts.
"""

from collections.abc import Iterable

from seq2seq.data_to_text.facts import FactsForm
from seq2seq.text.normalization import Normalized
from seq2seq.text.tokenizer import Encoding, Tokenizer


class FactsTokenizer(Tokenizer):
    """A tokenizer bound to one source of facts.

    Raises:
        ValueError: The source has no facts of the form.
    """

    def __init__(self, tokenizer: Tokenizer, form: FactsForm, source: str) -> None:
        super().__init__(tokenizer._processor)  # the loaded SentencePiece model is shared
        self.form, self.source = form, source
        self.facts = form.check(source)

    def encode(self, text: str) -> list[int]:
        """Encode the facts, or a sentence about them, to ids."""
        return super().encode(self._delexicalise(text).text)

    def analyze(self, text: str) -> Encoding:
        """Encode the facts, or a sentence about them, to ids with spans in the given text."""
        delexicalised = self._delexicalise(text)
        return super().analyze(delexicalised.text).within(delexicalised)

    def decode(self, ids: Iterable[int]) -> str:
        """Decode ids to a sentence with the names of the facts."""
        return self.form.put_in(super().decode(ids), self.facts)

    def unknown(self, text: str) -> str:
        """Return the first characters outside of names that the vocabulary lacks; empty if it has all."""
        return super().unknown(self._delexicalise(text).text)

    def _delexicalise(self, text: str) -> Normalized:
        return self.form.read(text) if text == self.source else self.form.leave_out(text, self.facts)
