"""A text as the segments that a model reads at once, which is what waits in line, and the whole again.

text ─> (segment, separator) ... ─> one Translation each ─> joined
"""

from typing import NamedTuple

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.results import Translation, join_parts


class SegmentedText(NamedTuple):
    """A text as segments, each with what separates it from the next, and what each costs in tokens."""

    text: str
    parts: list[tuple[str, str]]
    costs: list[int]

    @classmethod
    def of(cls, translator: Translator, text: str, options: DecodeOptions | None = None) -> "SegmentedText":
        """A text cut for a model; what the options keep in it is short."""
        parts = translator.segments(text, options)
        special = len(translator.tag) + 1
        return cls(
            text, parts, [len(translator.tokenizer_of(part).encode(part)) + special for part, _ in parts]
        )

    def items(self, translator: Translator, beginning: bool) -> list[tuple[str, bool]]:
        """Each segment, and whether it is the first that is translated, which has what a text has once."""
        items = []
        for part, _ in self.parts:
            first = beginning and translator.knows(translator.tokenizer_of(part).encode(part))
            items.append((part, first))
            beginning = beginning and not first
        return items

    def join(self, found: list[Translation]) -> Translation:
        """The translation of the text from those of its segments."""
        if len(found) == 1 and not self.parts[0][1]:
            return found[0]
        return join_parts(self.text, found, [separator for _, separator in self.parts])
