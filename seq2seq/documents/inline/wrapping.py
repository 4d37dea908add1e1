"""Wrapping of a translation to as many lines as its source, of about equal length.

The k-th of n lines ends at the border between two words that is nearest to k/n of the text. A blank becomes
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
    """Return tokens whose translated texts are wrapped to `lines` lines; line ends they had become blanks.

    Texts of the source are kept.
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
    position = 0
    for token in tokens:
        if not isinstance(token, TextToken) or token.raw is not None:
            wrapped.append(token)
            continue
        inside = ends[bisect_left(ends, position) : bisect_left(ends, position + len(token.text))]
        wrapped.append(TextToken(_with_ends(token.text, [border - position for border in inside], end)))
        position += len(token.text)
    return wrapped


def _line_ends(text: str, lines: int) -> list[int]:
    """Return the positions of `lines` - 1 line ends, in order; fewer if there are not as many words."""
    spans = word_spans(text)
    borders = [
        here
        for (_, here), (following, _) in pairwise(spans)
        if here < following or text[here] not in _NOT_FIRST
    ]
    ends: list[int] = []
    for number in range(1, lines):
        ideal = len(text) * number / lines
        first = bisect_left(borders, ends[-1] + 1) if ends else 0
        near = bisect_left(borders, ideal, first)
        candidates = borders[max(first, near - 1) : near + 1]
        if candidates:
            ends.append(min(candidates, key=lambda border: abs(border - ideal)))
    return ends


def _with_ends(text: str, positions: list[int], end: str) -> str:
    parts: list[str] = []
    start = 0
    for position in positions:
        parts += [text[start:position], end]
        start = position + 1 if text[position].isspace() else position
    return "".join([*parts, text[start:]])
