"""A text that is read from left to right, for the parsers of catalogs: position, line, errors."""

from seq2seq.documents.catalogs.entry import CatalogError
from seq2seq.documents.catalogs.nodes import line_of


class TextScanner:
    """A text and the position in it.

    Attributes:
        end: What errors call the place where nothing follows.
    """

    end = "the end"

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._position = 0
        self._line = 1
        self._counted = 0

    def _take(self, sign: str) -> bool:
        """Go past a sign if it comes next, and return whether it did."""
        found = self._text.startswith(sign, self._position)
        self._position += found
        return found

    def _rest(self) -> str:
        """Return what comes next on the line, for an error."""
        rest = self._text[self._position : self._position + 20].split("\n")[0]
        return repr(rest) if rest else self.end

    def _line_now(self) -> int:
        """Return the line of the position; counted on from the last time, so that a file is read once."""
        self._line += self._text.count("\n", self._counted, self._position)
        self._counted = self._position
        return self._line

    def _error(self, sentence: str) -> CatalogError:
        return CatalogError(self._name, sentence, line_of(self._text, self._position))
