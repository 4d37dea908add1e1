"""Joining of the translations of consecutive parts of a text.

    Let us go home. Tom is waiting.  ->  我们回家。汤姆在等。       no blank after a Chinese sentence
    我们回家吧。汤姆在等。           ->  Let us go home. Tom is waiting.    one between two English ones

Line breaks stay unchanged, and so do the blanks between untranslated parts.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from seq2seq.text.normalization import UNSPACED
from seq2seq.text.sentences import LINE_BREAKS

_UNSPACED = re.compile(f"[{UNSPACED}]")

# The source of a part and its translation.
PartPair = tuple[str, str]


def separator_of(before: PartPair, blanks: str, after: PartPair) -> str:
    """Return the separator of two translations whose sources are separated by `blanks` (maybe empty)."""
    (source, text), (next_source, next_text) = before, after
    # Parts without text, and two parts that are both untranslated, keep what separates their sources.
    if not (text and next_text) or (source, next_source) == (text, next_text):
        return blanks
    last, first = text[-1], next_text[0]
    if blanks:
        needs_none = _is_unspaced(last) and (_is_unspaced(first) or not last.isalnum())
        return "" if needs_none and LINE_BREAKS.isdisjoint(blanks) else blanks
    # Sources of an unspaced script have no blank between sentences; their translations may need one.
    was_unspaced = _is_unspaced(source[-1:]) or _is_unspaced(next_source[:1])
    needs_none = _is_unspaced(last) or _is_unspaced(first) or last.isspace() or first.isspace()
    return " " if was_unspaced and not needs_none else ""


def separators_of(parts: Sequence[PartPair], separators: Sequence[str]) -> list[str]:
    """Return the separators after the translations, given those after the sources."""
    inner = [separator_of(a, blanks, b) for (a, b), blanks in zip(pairwise(parts), separators, strict=False)]
    return [*inner, *separators[-1:]]


def join(parts: Sequence[PartPair], separators: Sequence[str]) -> str:
    """Join the translations of the parts of a text; `separators` follow the sources."""
    target_separators = separators_of(parts, separators)
    return "".join(text + blanks for (_, text), blanks in zip(parts, target_separators, strict=True))


class StreamJoiner:
    """The joined text of a stream that translates part after part.

    Attributes:
        text: The text emitted so far.
        part: The text emitted of the current part.
        blanks: The separator after the last part, emitted with the next piece.
    """

    def __init__(self) -> None:
        self.text = self.part = self.blanks = self._source = ""
        self._before: PartPair = ("", "")

    def begin(self, source: str) -> None:
        """Begin the next part."""
        self._before, self._source, self.part = (self._source, self.part), source, ""

    def add(self, piece: str) -> str:
        """Append a streamed piece of the part and return the text to emit.

        An untranslated part must come as one piece, so that it compares equal to its source.
        """
        emitted = piece
        if not self.part:
            emitted = separator_of(self._before, self.blanks, (self._source, piece)) + piece
            self.blanks = ""
        self.part += piece
        self.text += emitted
        return emitted

    def end(self, separator: str) -> None:
        """End the part; `separator` follows its source."""
        self.blanks += separator


def _is_unspaced(character: str) -> bool:
    return bool(_UNSPACED.match(character))
