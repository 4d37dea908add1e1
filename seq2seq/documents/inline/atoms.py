"""The smallest stretches of two texts that a mark can tell apart, and the links between them.

    source word  <a>dogs</a>.   cut at 4:  dogs | .
    target word  Hunde.         both end in punctuation, so the cut is mapped:  Hunde | .

Two linked words are compared from both ends, punctuation counted as equal: cuts in what they share are mapped
character by character (H<sub>2</sub>O stays what it is); the rest in the middle is linked as a whole,
punctuation at its ends left out.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from seq2seq.text.normalization import word_spans

CharacterSpan = tuple[int, int]

PUNCTUATION_WEIGHT = 0.1  # a comma in between should not part two words of a mark


class AlignedSide:
    """One of the two texts, its words cut into atoms at the given places and before and after punctuation."""

    def __init__(self, text: str, cuts: Sequence[int]) -> None:
        self.text = text
        self.words = word_spans(text)
        self.borders = [_borders(text, word, cuts) for word in self.words]

    def cut(self, word: int, places: Iterator[int]) -> None:
        """Cuts a word at further places; atoms are made afterwards."""
        self.borders[word] = sorted({*self.borders[word], *places})

    def make_atoms(self) -> None:
        """Fixes the atoms: `spans` in order, `starts` of them, and which are `plain`: no mere punctuation.

        In a word of nothing but punctuation every atom is plain.
        """
        self.spans = [span for found in self.borders for span in pairwise(found)]
        self.starts = [start for start, _ in self.spans]
        self.shares = [
            (end - start) / (found[-1] - found[0]) for found in self.borders for start, end in pairwise(found)
        ]
        letters = [has_letters(self.text[start:end]) for start, end in self.words]
        self.plain = [
            not some or has_letters(self.text[start:end])
            for some, found in zip(letters, self.borders, strict=True)
            for start, end in pairwise(found)
        ]

    def between(self, start: int, end: int) -> range:
        """The numbers of the atoms that begin from start to end (not included)."""
        return range(bisect_left(self.starts, start), bisect_left(self.starts, end))


class Atoms:
    """Stretches of a source and a target, in order, and for each source atom the target atoms linked to it.

    `shares`: how much of its word each source atom is. `totals`: the sum of the shares linked to each target
    atom; `weights`: how much that one counts. `links` are pairs of word numbers, `cuts` places in the source,
    in order.
    """

    def __init__(
        self, source: str, target: str, links: Sequence[tuple[int, int]], cuts: Sequence[int]
    ) -> None:
        one, other = AlignedSide(source, cuts), AlignedSide(target, ())
        shared = [_shared(one, s, other, t) for s, t in links]
        for (s, t), (left, right) in zip(links, shared, strict=True):
            other.cut(t, _mapped(one, s, other, t, left, right))
        one.make_atoms()
        other.make_atoms()
        found: list[set[int]] = [set() for _ in one.spans]
        for (s, t), (left, right) in zip(links, shared, strict=True):
            for atom, linked in _linked(one, s, other, t, left, right):
                found[atom].update(linked)
        self.source, self.target = source, target
        self.sources, self.targets = one.spans, other.spans
        self.links = [sorted(numbers) for numbers in found]
        self.shares = one.shares
        self.totals = [0.0] * len(self.targets)
        for share, numbers in zip(self.shares, self.links, strict=True):
            for number in numbers:
                self.totals[number] += share
        self.weights = [1.0 if has_letters(target[a:b]) else PUNCTUATION_WEIGHT for a, b in self.targets]


def has_letters(text: str) -> bool:
    """Whether a text holds a letter or a digit."""
    return any(character.isalnum() for character in text)


def _borders(text: str, word: CharacterSpan, cuts: Sequence[int]) -> list[int]:
    """Where the atoms of a word begin and end: at its ends, at cuts, beside punctuation at its ends."""
    start, end = word
    first, last = start, end
    while first < last and not text[first].isalnum():
        first += 1
    while last > first and not _is_letter_or_mark(text[last - 1]):
        last -= 1
    inner = cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]
    return sorted({start, end, *inner, *((first, last) if first < last else ())})


def _is_letter_or_mark(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _shared(one: AlignedSide, s: int, other: AlignedSide, t: int) -> CharacterSpan:
    """How many characters two words share from the left, and from the right, up to a border of the first."""
    (a, b), (c, d) = one.words[s], other.words[t]
    longest = min(b - a, d - c)
    left = 0
    while left < longest and _alike(one.text[a + left], other.text[c + left]):
        left += 1
    borders = one.borders[s]
    left = borders[bisect_right(borders, a + left) - 1] - a
    right = 0
    while right < longest - left and _alike(one.text[b - right - 1], other.text[d - right - 1]):
        right += 1
    return left, b - borders[bisect_left(borders, b - right)]


def _alike(one: str, other: str) -> bool:
    return one.casefold() == other.casefold() or not (one.isalnum() or other.isalnum())


def _mapped(one: AlignedSide, s: int, other: AlignedSide, t: int, left: int, right: int) -> Iterator[int]:
    """The borders of a source word, within what is shared, as places in the target."""
    (a, b), (c, d) = one.words[s], other.words[t]
    borders = one.borders[s]
    for border in borders[: bisect_right(borders, a + left)]:
        yield c + border - a
    for border in borders[bisect_left(borders, b - right) :]:
        yield d + border - b


def _linked(
    one: AlignedSide, s: int, other: AlignedSide, t: int, left: int, right: int
) -> Iterator[tuple[int, Sequence[int]]]:
    """Each atom of a source word with the target atoms it is linked to by one link of words."""
    (a, b), (c, d) = one.words[s], other.words[t]
    middle = [number for number in other.between(c + left, d - right) if other.plain[number]]
    for atom in one.between(a, b):
        start, end = one.spans[atom]
        if end <= a + left:
            yield atom, other.between(c + start - a, c + end - a)
        elif start >= b - right:
            yield atom, other.between(d + start - b, d + end - b)
        elif one.plain[atom]:
            yield atom, middle
