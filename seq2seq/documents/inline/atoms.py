"""Atoms: the smallest spans of two texts that a mark can separate, and the links between them.

    source word  <a>dogs</a>.   cut at 4:  dogs | .
    target word  Hunde.         both end in punctuation, so the cut is mapped:  Hunde | .

Two linked words are compared from both ends, punctuation counted as equal. Cuts in their common prefix and
suffix are mapped character by character (H<sub>2</sub>O stays H<sub>2</sub>O); the middle is linked as a
whole, without the punctuation at its ends.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from seq2seq.text.normalization import word_spans

CharacterSpan = tuple[int, int]

PUNCTUATION_WEIGHT = 0.1  # a comma between two words of a mark should not split the mark


class AlignedSide:
    """One of the two texts, its words cut into atoms at given positions and around punctuation."""

    def __init__(self, text: str, cuts: Sequence[int]) -> None:
        self.text = text
        self.words = word_spans(text)
        self.borders = [_borders(text, word, cuts) for word in self.words]

    def cut(self, word: int, positions: Iterator[int]) -> None:
        """Cut a word at further positions, before atoms are made."""
        self.borders[word] = sorted({*self.borders[word], *positions})

    def make_atoms(self) -> None:
        """Make the atoms: their `spans` and `starts` in order, and which are `plain`: not only punctuation.

        In a word of punctuation alone every atom is plain.
        """
        self.spans = [span for borders in self.borders for span in pairwise(borders)]
        self.starts = [start for start, _ in self.spans]
        self.shares = [
            (end - start) / (borders[-1] - borders[0])
            for borders in self.borders
            for start, end in pairwise(borders)
        ]
        letters = [has_letters(self.text[start:end]) for start, end in self.words]
        self.plain = [
            not word_has_letters or has_letters(self.text[start:end])
            for word_has_letters, borders in zip(letters, self.borders, strict=True)
            for start, end in pairwise(borders)
        ]

    def between(self, start: int, end: int) -> range:
        """Return the indices of the atoms that begin from `start` up to, not including, `end`."""
        return range(bisect_left(self.starts, start), bisect_left(self.starts, end))


class Atoms:
    """The atoms of a source and a target, with their links.

    Attributes:
        sources: spans of the source atoms, in order.
        targets: spans of the target atoms, in order.
        links: for each source atom, the target atoms linked to it.
        shares: the part of its word that each source atom is, by characters.
        totals: for each target atom, the sum of the shares linked to it.
        weights: of the target atoms; punctuation counts less.

    Args:
        source: the source text.
        target: its translation.
        links: pairs of linked words, counted from 0.
        cuts: character positions in the source at which words are cut, in order.
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
        linked: list[set[int]] = [set() for _ in one.spans]
        for (s, t), (left, right) in zip(links, shared, strict=True):
            for atom, targets in _linked(one, s, other, t, left, right):
                linked[atom].update(targets)
        self.source, self.target = source, target
        self.sources, self.targets = one.spans, other.spans
        self.links = [sorted(targets) for targets in linked]
        self.shares = one.shares
        self.totals = [0.0] * len(self.targets)
        for share, atoms in zip(self.shares, self.links, strict=True):
            for atom in atoms:
                self.totals[atom] += share
        self.weights = [1.0 if has_letters(target[a:b]) else PUNCTUATION_WEIGHT for a, b in self.targets]


def has_letters(text: str) -> bool:
    """Return whether a text holds a letter or a digit."""
    return any(character.isalnum() for character in text)


def _borders(text: str, word: CharacterSpan, cuts: Sequence[int]) -> list[int]:
    """Return the borders of a word's atoms: its ends, the cuts, and beside punctuation at its ends."""
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
    """Return the lengths of the prefix and suffix that two words share, up to a border of the first word."""
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
    """Yield the borders of a source word in the shared prefix and suffix, as positions in the target."""
    (a, b), (c, d) = one.words[s], other.words[t]
    borders = one.borders[s]
    for border in borders[: bisect_right(borders, a + left)]:
        yield c + border - a
    for border in borders[bisect_left(borders, b - right) :]:
        yield d + border - b


def _linked(
    one: AlignedSide, s: int, other: AlignedSide, t: int, left: int, right: int
) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield each atom of a source word with the target atoms that one link of words links it to."""
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
