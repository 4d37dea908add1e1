"""Pairing of tags so that they nest, even if those of the source do not; the frame around a unit's words.

two <b>dogs <i>run</b> now</i>      <i> and </i> cross <b>: they become points
one</b> two                         </b> ends what another unit began: an Open before the first word
"""

from collections import Counter

from seq2seq.documents.inline.tokens import BLANKS, Close, Inline, Open, Point, TextToken, is_read


def nest(run: list[Inline], open_elsewhere: Counter[str]) -> tuple[list[Inline], list[int]]:
    """Return tokens in which every Open has its Close, and the index of each token's partner (-1: none).

    A tag whose partner is in another unit gets a partner beside the words; `open_elsewhere` counts the tags
    that are still open, by name. A tag that cannot be paired becomes a point.
    """
    run = _with_blanks_apart(run)
    pairs, begun, left = _pair(run, open_elsewhere)
    first, last = _span_of_words(run, pairs)
    keys = [
        *(_other(end) for end in reversed(begun) if end < first),
        *range(first),
        *(_other(end) for end in reversed(begun) if end >= first),
        *range(first, last + 1),
        *(_other(start) for start in reversed(left) if start <= last),
        *range(last + 1, len(run)),
        *(_other(start) for start in reversed(left) if start > last),
    ]
    places = {key: place for place, key in enumerate(keys)}
    pairs.update({_other(number): number for number in (*begun, *left)})
    pairs.update({number: _other(number) for number in (*begun, *left)})
    partners = [places[pairs[key]] if key in pairs else -1 for key in keys]
    return [_token(run, key, key in pairs) for key in keys], partners


def without_frame(tokens: list[Inline], partners: list[int]) -> tuple[int, int]:
    """Return the range of tokens, the end not included, inside the frame around all words of a unit."""
    words = [number for number, token in enumerate(tokens) if is_read(token)]
    first, last = words[0], words[-1]
    low, high = 0, len(tokens)
    while low < first and not first <= partners[low] <= last:
        low += 1
    while high - 1 > last and not first <= partners[high - 1] <= last:
        high -= 1
    return low, high


def _span_of_words(run: list[Inline], pairs: dict[int, int]) -> tuple[int, int]:
    """Return the first and the last token of the words, and of every pair that begins or ends among them.

    <i>Two dogs <b>play</b><br>    the </i> of another unit belongs after </b>, not after the last word
    """
    read = [number for number, token in enumerate(run) if is_read(token)]
    if not read:
        return 0, len(run) - 1
    ends = [pairs[number] for number in range(read[0], read[-1] + 1) if number in pairs]
    return min([read[0], *ends]), max([read[-1], *ends])


def _other(number: int) -> int:
    """Return the key of the partner that token `number` has in another unit."""
    return -1 - number


def _token(run: list[Inline], key: int, is_paired: bool) -> Inline:
    token = run[key] if key >= 0 else run[_other(key)]
    if not isinstance(token, Open | Close):
        return token
    if key < 0:
        other = Close if isinstance(token, Open) else Open
        return other(token.name, "", elsewhere=True)
    return token if is_paired else Point(token.raw)


def _pair(run: list[Inline], open_elsewhere: Counter[str]) -> tuple[dict[int, int], list[int], list[int]]:
    """Return pairs, both ways; ends of tags of other units, innermost first; open tags, outermost first."""
    pairs: dict[int, int] = {}
    stack: list[tuple[int, str]] = []
    open_here: Counter[str] = Counter()
    begun: list[int] = []
    for number, token in enumerate(run):
        if isinstance(token, Open):
            stack.append((number, token.name))
            open_here[token.name] += 1
        elif isinstance(token, Close) and open_here[token.name]:
            name = ""
            while name != token.name:  # a tag that was opened inside and not closed crosses this one
                other, name = stack.pop()
                open_here[name] -= 1
            pairs[number], pairs[other] = other, number
        elif isinstance(token, Close) and open_elsewhere[token.name] and not stack:
            open_elsewhere[token.name] -= 1
            begun.append(number)
    open_elsewhere.update(name for _, name in stack)
    return pairs, begun, [number for number, _ in stack]


def _with_blanks_apart(run: list[Inline]) -> list[Inline]:
    """Split off the blanks before the first word and after the last as texts of their own."""
    words = [number for number, token in enumerate(run) if isinstance(token, TextToken) and is_read(token)]
    if not words:
        return run
    run = list(run)
    for number, at_end in ((words[-1], True), (words[0], False)):
        token = run[number]
        if isinstance(token, TextToken):
            run[number : number + 1] = _split(token, at_end)
    return run


def _split(token: TextToken, at_end: bool) -> list[Inline]:
    raw = token.raw or ""
    blank = len(raw) - len(raw.rstrip(BLANKS) if at_end else raw.lstrip(BLANKS))
    if not blank:
        return [token]
    if at_end:
        return [TextToken(token.text[:-blank], raw[:-blank]), TextToken(token.text[-blank:], raw[-blank:])]
    return [TextToken(token.text[:blank], raw[:blank]), TextToken(token.text[blank:], raw[blank:])]
