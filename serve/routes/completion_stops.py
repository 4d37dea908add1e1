"""Stop texts of completions, whole and streamed, and the log-probabilities of the tokens before them."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from seq2seq.inference.processing import cut_before, cut_unfinished


def cut_at(text: str, tokens: Sequence[str], stops: Sequence[str]) -> tuple[str, int]:
    """Return a text up to the first stop text, and the number of its tokens that this took."""
    cut = cut_before(text, stops)
    if cut == text:
        return text, len(tokens)
    length = count = 0
    for token in tokens:
        if length >= len(cut):
            break
        length += len(token)
        count += 1
    return cut, count


class StopBuffer:
    """A streamed text that holds back what may be the beginning of a stop text."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = stops
        self.rest = ""  # written, not yet emitted
        self.stopped = False

    def add(self, piece: str) -> str:
        """Append a piece, and return the text that can be emitted now."""
        written = self.rest + piece
        emitted = cut_unfinished(written, self.stops)
        self.stopped |= cut_before(written, self.stops) != written
        self.rest = "" if self.stopped else written[len(emitted) :]
        return emitted


class StreamedTokens:
    """Tokens with their log-probabilities, each emitted with the part of the text in which it begins.

    Text is held back by a `StopBuffer`, so that a token can be known before its text may be shown.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset  # where the first waiting token begins
        self.shown = offset  # the length of the text that has been emitted
        self.waiting: list[tuple[str, float]] = []

    def emit(self, text: str, tokens: Sequence[tuple[str, float]]) -> dict[str, Any]:
        """Return the logprobs of a part of the stream: `text` is emitted, `tokens` were generated."""
        self.waiting += tokens
        self.shown += len(text)
        offsets = list(accumulate((len(token) for token, _ in self.waiting), initial=self.offset))
        count = sum(offset < self.shown for offset in offsets[:-1])
        begun, self.waiting = self.waiting[:count], self.waiting[count:]
        self.offset = offsets[count]
        return logprobs([token for token, _ in begun], [value for _, value in begun], offsets[0])


def logprobs(tokens: Sequence[str], values: Sequence[float], offset: int) -> dict[str, Any]:
    """Return tokens and log-probabilities in OpenAI's shape; the first token begins at `offset`."""
    return {
        "tokens": list(tokens),
        "token_logprobs": list(values),
        "top_logprobs": None,
        "text_offset": list(accumulate(map(len, tokens), initial=offset))[: len(tokens)],
    }
