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
_BUCKET_BITS = 20
_HASH = np.uint64(0x9E3779B97F4A7C15)  # an odd number whose multiples are spread evenly (Knuth 1973, 6.4)
_BLOCK = 20_000  # keys whose trigrams are computed at once


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
        self._starts, self._rows = _postings(self._keys)

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
        for bucket in np.unique(_trigrams(key + _EDGE)).tolist():
            rows = self._rows[self._starts[bucket] : self._starts[bucket + 1]]
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


def _trigrams(text: str) -> NDArray[np.uint64]:
    """Return the buckets of a text's trigrams, also of the one over its beginning.

    Two trigrams may share a bucket, which makes a candidate more, but loses none.
    """
    encoded = (_EDGE + text).encode("utf-32-le", "surrogatepass")
    wide = np.frombuffer(encoded, dtype=np.uint32).astype(np.uint64)
    codes = (wide[:-2] << np.uint64(42)) | (wide[1:-1] << np.uint64(21)) | wide[2:]
    return (codes * _HASH) >> np.uint64(64 - _BUCKET_BITS)


def _postings(keys: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where the posting list of each bucket starts, and the lists of ascending rows, joined."""
    total = sum(len(key) + 1 for key in keys)
    pairs = np.empty(total, dtype=np.uint64)  # the bucket in the high half, the row in the low half
    filled = 0
    for start in range(0, len(keys), _BLOCK):
        part = keys[start : start + _BLOCK]
        # One text of all keys: a trigram over an edge belongs to one key or to none.
        lengths = np.fromiter((len(key) + 1 for key in part), dtype=np.int64, count=len(part))
        buckets = _trigrams(_EDGE.join(part) + _EDGE)
        rows = np.repeat(np.arange(start, start + len(part), dtype=np.uint64), lengths)[: len(buckets)]
        pairs[filled : filled + len(buckets)] = (buckets << np.uint64(32)) | rows
        filled += len(buckets)
    pairs = pairs[:filled]
    pairs.sort()  # in place, since there are tens of millions
    is_new = np.ones(len(pairs), dtype=bool)  # a bucket that a key repeats lists it once
    np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
    pairs = pairs[is_new]
    counts = np.bincount((pairs >> np.uint64(32)).astype(np.int32), minlength=2**_BUCKET_BITS)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return starts, pairs.astype(np.uint32).astype(np.int32)
