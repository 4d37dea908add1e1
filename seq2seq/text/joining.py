"""Seams: what stands between the translations of two parts of a text.

    Let us go home. Tom is waiting.  ->  我们回家。汤姆在等。       no blank after a Chinese sentence
    我们回家吧。汤姆在等。           ->  Let us go home. Tom is waiting.    one between two English ones

Line breaks stay what they are, and so do the blanks between parts that were given back as they are.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from seq2seq.text.normalization import UNSPACED
from seq2seq.text.sentences import LINE_BREAKS

_UNSPACED = re.compile(f"[{UNSPACED}]")

# A part's source and its translation.
PartPair = tuple[str, str]


def separator_of(before: PartPair, blanks: str, after: PartPair) -> str:
    """What goes between two translations whose sources have `blanks`, or nothing, between them."""
    (source, text), (next_source, next_text) = before, after
    if not (text and next_text) or (source, next_source) == (text, next_text):
        return blanks
    last, first = text[-1], next_text[0]
    if blanks:
        ended = _is_unspaced(last) and (_is_unspaced(first) or not last.isalnum())
        return "" if ended and LINE_BREAKS.isdisjoint(blanks) else blanks
    parted = _is_unspaced(source[-1:]) or _is_unspaced(next_source[:1])
    joined = _is_unspaced(last) or _is_unspaced(first) or last.isspace() or first.isspace()
    return " " if parted and not joined else ""


def separators_of(parts: Sequence[PartPair], separators: Sequence[str]) -> list[str]:
    """What follows each translation, as `separators` follow the sources."""
    inner = [separator_of(a, blanks, b) for (a, b), blanks in zip(pairwise(parts), separators, strict=False)]
    return [*inner, *separators[-1:]]


def join(parts: Sequence[PartPair], separators: Sequence[str]) -> str:
    """The translation of a text from those of its parts."""
    following = separators_of(parts, separators)
    return "".join(text + blanks for (_, text), blanks in zip(parts, following, strict=True))


class StreamJoiner:
    """A translation that is written piece by piece, part after part.

    `text` is all of it, `part` what is written of the last part, `blanks` what follows it.
    """

    def __init__(self) -> None:
        self.text = self.part = self.blanks = self._source = ""
        self._before: PartPair = ("", "")

    def begin(self, source: str) -> None:
        """Go on with another part."""
        self._before, self._source, self.part = (self._source, self.part), source, ""

    def add(self, piece: str) -> str:
        """What the text grows by, with a piece of the part; one given back as it is comes as one piece."""
        grown = piece
        if not self.part:
            grown = separator_of(self._before, self.blanks, (self._source, piece)) + piece
            self.blanks = ""
        self.part += piece
        self.text += grown
        return grown

    def end(self, separator: str) -> None:
        """End the part, whose source is followed by a separator."""
        self.blanks += separator


def _is_unspaced(character: str) -> bool:
    return bool(_UNSPACED.match(character))
