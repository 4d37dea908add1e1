"""Similar keys among hundreds of thousands: candidates by length and shared trigrams, then edit distance.

    key ─> trigrams ─> keys of like length that share most of them ─> Levenshtein's distance (rapidfuzz)

The similarity is 1 - distance / length of the longer: the share of characters that need not be typed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

CANDIDATES = 400  # keys that are compared character by character
FEW = 2_000  # keys that are compared without an index
_EDGE = "\x02"


class SimilarKey(NamedTuple):
    """A key by its number, and its similarity in percent, rounded down."""

    number: int
    percent: int


class SimilarityIndex:
    """An index over keys, which are numbered from 0 in their order."""

    def __init__(self, keys: Sequence[str]) -> None:
        lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys))
        # By length, so that keys of like length are a range, and postings within it a slice.
        self._order = np.argsort(lengths, kind="stable")
        self._lengths = lengths[self._order]
        self._keys = [keys[number] for number in self._order.tolist()]
        self._codes, self._starts, self._rows = _postings(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def search(self, key: str, limit: int, least: int) -> list[SimilarKey]:
        """Return the most similar keys, best first, of at least `least` percent."""
        length = len(key)
        low, high = np.searchsorted(
            self._lengths, [-(-length * least // 100), length * 100 // max(least, 1) + 1]
        ).tolist()
        rows = self._candidates(key, low, high) if high - low > FEW else list(range(low, high))
        found = _compared(key, [self._keys[row] for row in rows], limit, least)
        return [SimilarKey(int(self._order[rows[row]]), percent) for row, percent in found]

    def _candidates(self, key: str, low: int, high: int) -> list[int]:
        """Return the rows in [low, high) that share most trigrams with a key, relative to their length."""
        shared = np.zeros(high - low, dtype=np.int32)
        for code in np.unique(_trigrams(key + _EDGE)).tolist():
            place = int(np.searchsorted(self._codes, code))
            if place == len(self._codes) or self._codes[place] != code:
                continue
            rows = self._rows[self._starts[place] : self._starts[place + 1]]
            start, end = np.searchsorted(rows, [low, high])
            shared[rows[start:end] - low] += 1  # a row stands once in a posting list
        (some,) = np.nonzero(shared)
        if len(some) > CANDIDATES:
            dice = shared[some] / (self._lengths[low + some] + len(key))
            some = some[np.argpartition(-dice, CANDIDATES)[:CANDIDATES]]
        rows_found: list[int] = (some + low).tolist()
        return rows_found


def similar_keys(key: str, keys: Sequence[str], limit: int, least: int) -> list[SimilarKey]:
    """Return the most similar of a few keys, best first, of at least `least` percent."""
    return [SimilarKey(*each) for each in _compared(key, keys, limit, least)]


def percent_of(distance: float, length: int) -> int:
    """Return a similarity in percent, rounded down: edits within texts of at most `length` characters."""
    return int(100 * (1 - distance / length)) if length else 100


def _compared(key: str, keys: Sequence[str], limit: int, least: int) -> list[tuple[int, int]]:
    """Return the places of the most similar keys with their percentages, best first."""
    most = int(max(len(key), *map(len, keys)) * (100 - least) / 100) if keys else 0
    # Not the normalized similarity: its rounding would make 70 of 100 a little less than 70.
    near = process.extract(key, keys, scorer=Levenshtein.distance, score_cutoff=most, limit=None)
    rated = [(percent_of(distance, max(len(key), len(other))), place) for other, distance, place in near]
    rated = [each for each in rated if each[0] >= least]
    rated.sort(key=lambda each: (-each[0], each[1]))
    return [(place, percent) for percent, place in rated[:limit]]


def _trigrams(text: str) -> NDArray[np.int64]:
    """Return the trigrams of a text as numbers, also the one over its beginning."""
    characters = np.frombuffer((_EDGE + text).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    wide = characters.astype(np.int64)
    return (wide[:-2] << 42) | (wide[1:-1] << 21) | wide[2:]


def _postings(keys: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Return every trigram of some keys, the start of its posting list, and the lists of rows, joined."""
    codes: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int32]] = []
    block = 20_000  # keys at once, to bound the memory beside the result
    for start in range(0, len(keys), block):
        part = keys[start : start + block]
        # One text of all keys: a trigram over an edge belongs to one key or to none.
        lengths = np.fromiter((len(key) + 1 for key in part), dtype=np.int64, count=len(part))
        text_codes = _trigrams(_EDGE.join(part) + _EDGE)
        owner = np.repeat(np.arange(start, start + len(part), dtype=np.int32), lengths)[: len(text_codes)]
        by_code = np.lexsort((owner, text_codes))
        text_codes, owner = text_codes[by_code], owner[by_code]
        is_new = np.ones(len(owner), dtype=bool)  # a trigram that a key repeats is listed once
        is_new[1:] = (text_codes[1:] != text_codes[:-1]) | (owner[1:] != owner[:-1])
        codes.append(text_codes[is_new])
        rows.append(owner[is_new])
    all_codes = np.concatenate(codes) if codes else np.zeros(0, dtype=np.int64)
    all_rows = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32)
    order = np.argsort(all_codes, kind="stable")  # rows stay in ascending order within a trigram
    unique, starts = np.unique(all_codes[order], return_index=True)
    return unique, np.append(starts, len(all_codes)), all_rows[order]
