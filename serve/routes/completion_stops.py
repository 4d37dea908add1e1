"""What stop texts leave of a completion: its tokens when it is whole, its pieces while it is written."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from seq2seq.inference.stops import cut_before, until


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


class StopBuffer:
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


class StreamedTokens:
    """Tokens with their log-probabilities, each told with the part of the text that shows its beginning."""

    def __init__(self, place: int) -> None:
        self.place = self.shown = place  # where the first token not told begins; how far the text is shown
        self.waiting: list[tuple[str, float]] = []

    def tell(self, text: str, written: Sequence[tuple[str, float]]) -> dict[str, Any]:
        """The logprobs of a part, when these tokens have been written and this text is shown."""
        self.waiting += written
        self.shown += len(text)
        begins = list(accumulate((len(token) for token, _ in self.waiting), initial=self.place))
        count = sum(place < self.shown for place in begins[:-1])
        told, self.waiting = self.waiting[:count], self.waiting[count:]
        self.place = begins[count]
        return logprobs([token for token, _ in told], [value for _, value in told], begins[0])


def logprobs(tokens: Sequence[str], values: Sequence[float], place: int) -> dict[str, Any]:
    """Tokens with their log-probabilities and where each begins in the text, the first of them at a place."""
    return {
        "tokens": list(tokens),
        "token_logprobs": list(values),
        "top_logprobs": None,
        "text_offset": list(accumulate(map(len, tokens), initial=place))[: len(tokens)],
    }
