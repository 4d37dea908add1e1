"""A translated text on as many lines as its source had, of about equal length.

The k-th of n lines ends at the place between two words that is nearest to k/n of the text. A blank becomes
the line end; in scripts without blanks it is put between two characters, but not before punctuation.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from seq2seq.documents.inline.tokens import Inline, TextToken
from seq2seq.text.normalization import word_spans

_NO_LINE_ENDS = dict.fromkeys(map(ord, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_NOT_FIRST = frozenset("。，、！？：；…）」』】》〉”’ーっゃゅょッャュョ.,!?:;)")


def wrap(tokens: Sequence[Inline], lines: int, end: str = "\n") -> list[Inline]:
    """The tokens with line ends put into what was translated, instead of any that it had.

    Texts of the source stay as they are.
    """
    tokens = [
        TextToken(token.text.translate(_NO_LINE_ENDS))
        if isinstance(token, TextToken) and token.raw is None
        else token
        for token in tokens
    ]
    text = "".join(token.text for token in tokens if isinstance(token, TextToken) and token.raw is None)
    ends = _line_ends(text, lines)
    wrapped: list[Inline] = []
    at = 0
    for token in tokens:
        if not isinstance(token, TextToken) or token.raw is not None:
            wrapped.append(token)
            continue
        inside = ends[bisect_left(ends, at) : bisect_left(ends, at + len(token.text))]
        wrapped.append(TextToken(_with_ends(token.text, [place - at for place in inside], end)))
        at += len(token.text)
    return wrapped


def _line_ends(text: str, lines: int) -> list[int]:
    """Where lines end, in order: lines - 1 places, fewer where there are not so many."""
    spans = word_spans(text)
    places = [
        here
        for (_, here), (following, _) in pairwise(spans)
        if here < following or text[here] not in _NOT_FIRST
    ]
    ends: list[int] = []
    for number in range(1, lines):
        wanted = len(text) * number / lines
        first = bisect_left(places, ends[-1] + 1) if ends else 0
        near = bisect_left(places, wanted, first)
        choices = places[max(first, near - 1) : near + 1]
        if choices:
            ends.append(min(choices, key=lambda place: abs(place - wanted)))
    return ends


def _with_ends(text: str, places: list[int], end: str) -> str:
    parts: list[str] = []
    at = 0
    for place in places:
        parts += [text[at:place], end]
        at = place + 1 if text[place].isspace() else place
    return "".join([*parts, text[at:]])
