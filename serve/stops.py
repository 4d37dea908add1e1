"""What stop texts leave of a completion: its tokens when it is whole, its pieces while it is written."""

from collections.abc import Sequence

from seq2seq.stops import cut_before, until


def cut_at(text: str, tokens: Sequence[str], stops: Sequence[str]) -> tuple[str, int]:
    """The text up to the first of these, and how many of its tokens that took."""
    kept, read, count = cut_before(text, stops), 0, 0
    if kept == text:
        return text, len(tokens)
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
        written = self.rest + piece
        shown = until(written, self.stops)
        self.stopped |= cut_before(written, self.stops) != written
        self.rest = "" if self.stopped else written[len(shown) :]
        return shown
