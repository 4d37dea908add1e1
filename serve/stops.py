"""Texts before which a completion stops, whole or while it is being written.

A stream may not show the beginning of what may turn out to be such a text, so it holds that back.
"""

from collections.abc import Sequence


def cut_at(text: str, tokens: Sequence[str], stops: Sequence[str]) -> tuple[str, int]:
    """The text up to the first of these, and how many of its tokens that took."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    if not places:
        return text, len(tokens)
    kept, read, count = text[: min(places)], 0, 0
    for token in tokens:
        if read >= len(kept):
            break
        read += len(token)
        count += 1
    return kept, count


class Held:
    """A text in pieces, of which only so much is handed on as can be no part of a stop text."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = stops
        self.rest = ""  # written, not yet handed on
        self.stopped = False

    def add(self, piece: str) -> str:
        """What may be shown now that this piece has been written."""
        self.rest += piece
        places = [place for stop in self.stops if (place := self.rest.find(stop)) >= 0]
        if places:
            self.stopped = True
            shown, self.rest = self.rest[: min(places)], ""
            return shown
        kept = max((self._begun(stop) for stop in self.stops), default=0)
        shown, self.rest = self.rest[: len(self.rest) - kept], self.rest[len(self.rest) - kept :]
        return shown

    def _begun(self, stop: str) -> int:
        """How many of the last characters may be the beginning of a stop text."""
        longest = min(len(stop) - 1, len(self.rest))
        return next((n for n in range(longest, 0, -1) if stop.startswith(self.rest[-n:])), 0)
