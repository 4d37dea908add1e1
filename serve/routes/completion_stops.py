"""Stop texts of completions, whole and streamed, and the log-probabilities of the tokens before them."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from seq2seq.inference.processing import cut_before, cut_unfinished


class StreamedToken(NamedTuple):
    """The text and log-probability of a generated token, and those of the likeliest tokens, if requested."""

    text: str
    log_probability: float
    top: dict[str, float] | None = None


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
        self.waiting: list[StreamedToken] = []

    def emit(self, text: str, tokens: Sequence[StreamedToken]) -> dict[str, Any]:
        """Return the logprobs of a part of the stream: `text` is emitted, `tokens` were generated."""
        self.waiting += tokens
        self.shown += len(text)
        offsets = list(accumulate((len(token.text) for token in self.waiting), initial=self.offset))
        count = sum(offset < self.shown for offset in offsets[:-1])
        begun, self.waiting = self.waiting[:count], self.waiting[count:]
        self.offset = offsets[count]
        return logprobs(begun, offsets[0])


def logprobs(tokens: Sequence[StreamedToken], offset: int) -> dict[str, Any]:
    """Return tokens and log-probabilities in OpenAI's shape; the first token begins at `offset`."""
    tops = [token.top for token in tokens]
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.log_probability for token in tokens],
        "top_logprobs": tops if tokens and None not in tops else None,
        "text_offset": list(accumulate((len(token.text) for token in tokens), initial=offset))[: len(tokens)],
    }
