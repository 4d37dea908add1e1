"""Word links of many pairs together: what attention says of each pair, and what all pairs say of two words.

    strength[t, s] = (there[t, s] * back[t, s]) ** 1/6 * likeness(s, t) * kinship(s, t)
    kinship(s, t)  = linked(s, t) / sqrt(count(s) * count(t))       over all pairs, as words are spelt
    linked        <- sum over all pairs of sqrt(by row * by column), the strength divided by its sums

`there` is the map of the model, each row over the source words, `back` that of the model of the other
direction, each column over the target words. Words that a model does not know it attends to at random; if
they come twice, they come with the same word twice. The counts are those of Melamed's (2000) co-occurrence
models, made in rounds as by EM, both directions agreeing as in Liang et al. (2006).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.lexical_prior import lexical_prior
from seq2seq.alignment.symmetrization import Link, grow

# Chosen by the AER on validation captions (de-en, en-fr) in which up to half of the words were replaced by
# unknown ones (benchmarks/unknown_words.py), and on plain zh-en ones, held against our aligner's links.
ROUNDS = 5
LEAST = 0.5  # of the strength of its row or column, for a link
FLOOR = 0.01  # attention that a model may have missed
ATTENTION = 1 / 6  # exponent
LETTERS, TENSION = 1.0, 2.0  # of the likeness
OWN = 0.5  # how much of a pair's own say in a kinship is left out when the pair is read
SMOOTHING, COUNTED = 0.01, 0.1  # added to links and to counts


class AttendedPair(NamedTuple):
    """Two texts in words, and their maps there [T, S], each row summing to 1, and back, each column."""

    source: Sequence[str]
    target: Sequence[str]
    there: Tensor
    back: Tensor


class _Entries(NamedTuple):
    """Every (target word, source word) of every pair, flat [E]."""

    row: Tensor  # which of all target words
    column: Tensor  # which of all source words
    kind: Tensor  # which (source spelling, target spelling)
    prior: Tensor  # what attention, place and letters say


def joint_links(pairs: Sequence[AttendedPair]) -> list[set[Link]]:
    """Links (source word, target word) of each pair; those of a pair alone are its own attention's.

    Each word chooses the strongest on the other side if it has half of all strength there; what both sides
    choose is grown as in `symmetry.grow`.
    """
    if not any(pair.source and pair.target for pair in pairs):
        return [set() for _ in pairs]
    entries, counts = _flatten(pairs)
    by_row, by_column = _shares(entries, entries.prior)
    for _ in range(ROUNDS):
        linked = (by_row * by_column).sqrt()
        kinship = _kinship(entries.kind, linked, counts)
        by_row, by_column = _shares(entries, entries.prior * kinship)
    sizes = [len(pair.source) * len(pair.target) for pair in pairs]
    return [
        _read(row.reshape(-1, len(pair.source)), column.reshape(-1, len(pair.source))) if len(row) else set()
        for pair, row, column in zip(pairs, by_row.split(sizes), by_column.split(sizes), strict=True)
    ]


def _flatten(pairs: Sequence[AttendedPair]) -> tuple[_Entries, Tensor]:
    """The entries, and of each the counts of both its words over all pairs, multiplied: [E]."""
    numbers: tuple[dict[str, int], dict[str, int]] = {}, {}
    words = [
        [known.setdefault(word, len(known)) for word in spelt]
        for pair in pairs
        for known, spelt in zip(numbers, (pair.source, pair.target), strict=True)
    ]
    sources, targets = (torch.tensor([w for text in words[side::2] for w in text]).long() for side in (0, 1))
    rows, columns, priors = [], [], []
    row = column = 0
    for pair in pairs:
        height, width = len(pair.target), len(pair.source)
        rows.append(torch.arange(row, row + height).repeat_interleave(width))
        columns.append(torch.arange(column, column + width).repeat(height))
        priors.append(_prior(pair).flatten())
        row, column = row + height, column + width
    entries = torch.cat(rows), torch.cat(columns)
    source, target = sources[entries[1]], targets[entries[0]]
    kind = (source * max(1, len(numbers[1])) + target).unique(return_inverse=True)[1]
    counts = sources.bincount()[source].double(), targets.bincount()[target].double()
    reduced = [count - OWN + COUNTED for count in counts]
    return _Entries(*entries, kind, torch.cat(priors)), reduced[0] * reduced[1]


def _prior(pair: AttendedPair) -> Tensor:
    """What the maps of a pair, the places of its words and their letters say: [T, S]."""
    attention = pair.there.double().clamp(min=FLOOR) * pair.back.double().clamp(min=FLOOR)
    return attention**ATTENTION * lexical_prior(pair.source, pair.target, LETTERS, TENSION)


def _shares(entries: _Entries, strength: Tensor) -> tuple[Tensor, Tensor]:
    """Each strength as a share of its row's and of its column's."""
    rows, columns = (torch.bincount(of, strength)[of] for of in (entries.row, entries.column))
    return strength / rows, strength / columns


def _kinship(kind: Tensor, linked: Tensor, counts: Tensor) -> Tensor:
    """How much two words belong together, of each entry, half of its own say left out: [E]."""
    return (torch.bincount(kind, linked)[kind] - OWN * linked + SMOOTHING) / counts.sqrt()


def _read(by_row: Tensor, by_column: Tensor) -> set[Link]:
    """The links of one pair [T, S]."""
    forward = {(int(s), t) for t, (most, s) in enumerate(zip(*by_row.max(1), strict=True)) if most > LEAST}
    backward = {
        (s, int(t)) for s, (most, t) in enumerate(zip(*by_column.max(0), strict=True)) if most > LEAST
    }
    return grow(forward, backward)
