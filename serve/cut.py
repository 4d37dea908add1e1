"""A text as the segments that a model reads at once, which is what waits in line, and the whole again.

text ─> (segment, separator) ... ─> one Translation each ─> joined
"""

from typing import NamedTuple

from seq2seq import Translator
from seq2seq.translation import Translation, join_parts


class Cut(NamedTuple):
    """A text as segments, each with what separates it from the next, and what each costs in tokens."""

    text: str
    parts: list[tuple[str, str]]
    costs: list[int]

    @classmethod
    def of(cls, translator: Translator, text: str) -> "Cut":
        """A text cut for a model."""
        parts = translator.segments(text)
        special = len(translator.tag) + 1
        return cls(text, parts, [len(translator.tokenizer.encode(part)) + special for part, _ in parts])

    def items(self, translator: Translator, prefixed: bool) -> list[tuple[str, bool]]:
        """Each segment, and whether it is the first that is translated, which a prefix begins."""
        items = []
        for part, _ in self.parts:
            first = prefixed and translator.knows(translator.tokenizer.encode(part))
            items.append((part, first))
            prefixed = prefixed and not first
        return items

    def join(self, found: list[Translation]) -> Translation:
        """The translation of the text from those of its segments."""
        if len(found) == 1 and not self.parts[0][1]:
            return found[0]
        return join_parts(self.text, found, [separator for _, separator in self.parts])
