"""Joint word alignment of many pairs: attention within each pair, co-occurrence over all of them.

    strength[t, s]    = (forward[t, s] * backward[t, s]) ** 1/6 * prior(s, t) * association(s, t)
    association(s, t) = linked(s, t) / sqrt(count(s) * count(t))        over all pairs, by spelling
    linked           <- sum over all pairs of sqrt(by row * by column), the strength divided by its sums

`forward` is the map of the model, each row over the source words, `backward` that of the model of the other
direction, each column over the target words. Out-of-vocabulary words, which a model attends to at random, are
aligned by co-occurrence across the file. The counts are those of Melamed's (2000) co-occurrence models,
updated in rounds as by EM, with agreement of both directions as in Liang et al. (2006).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.lexical_prior import lexical_prior
from seq2seq.alignment.symmetrization import Link, grow

# Chosen by the AER on validation captions (de-en, en-fr) in which up to half of the words were replaced by
# unknown ones (benchmarks/unknown_words.py), and on plain zh-en captions by agreement with the links of
# the statistical aligner.
ROUNDS = 5
LEAST = 0.5  # share of a link in the total strength of its row or column
FLOOR = 0.01  # lower bound of attention: a model that missed a word must not exclude its links
ATTENTION = 1 / 6  # exponent of the attention
LETTERS, TENSION = 1.0, 2.0  # of the lexical prior
OWN = 0.5  # share of a pair's own contribution that is left out, so that no pair confirms itself
LINK_SMOOTHING, COUNT_SMOOTHING = 0.01, 0.1  # added to links and to counts


class AttendedPair(NamedTuple):
    """Words of two texts and their maps [T, S]: rows of `forward` sum to 1, columns of `backward`."""

    source: Sequence[str]
    target: Sequence[str]
    forward: Tensor
    backward: Tensor


class _Entries(NamedTuple):
    """Every (target word, source word) of every pair, flat [E]."""

    row: Tensor  # index among all target words
    column: Tensor  # index among all source words
    kind: Tensor  # id of (source spelling, target spelling)
    prior: Tensor  # strength from attention, position and spelling


def joint_links(pairs: Sequence[AttendedPair]) -> list[set[Link]]:
    """Return the links (source word, target word) of each pair, aligned jointly.

    A single pair is aligned by its own attention. Each word chooses the strongest candidate of the other side
    if it holds more than half of the total strength there. The choices of both sides are grown
    (`symmetrization.grow`).
    """
    if not any(pair.source and pair.target for pair in pairs):
        return [set() for _ in pairs]
    entries, counts = _flatten(pairs)
    by_row, by_column = _shares(entries, entries.prior)
    for _ in range(ROUNDS):
        linked = (by_row * by_column).sqrt()
        association = _association(entries.kind, linked, counts)
        by_row, by_column = _shares(entries, entries.prior * association)
    sizes = [len(pair.source) * len(pair.target) for pair in pairs]
    return [
        _read(row.reshape(-1, len(pair.source)), column.reshape(-1, len(pair.source))) if len(row) else set()
        for pair, row, column in zip(pairs, by_row.split(sizes), by_column.split(sizes), strict=True)
    ]


def _flatten(pairs: Sequence[AttendedPair]) -> tuple[_Entries, Tensor]:
    """Return the entries, and for each the product of the counts of its two words over all pairs: [E]."""
    vocabularies: tuple[dict[str, int], dict[str, int]] = {}, {}
    words = [
        [vocabulary.setdefault(word, len(vocabulary)) for word in text]
        for pair in pairs
        for vocabulary, text in zip(vocabularies, (pair.source, pair.target), strict=True)
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
    kind = (source * max(1, len(vocabularies[1])) + target).unique(return_inverse=True)[1]
    counts = sources.bincount()[source].double(), targets.bincount()[target].double()
    reduced = [count - OWN + COUNT_SMOOTHING for count in counts]
    return _Entries(*entries, kind, torch.cat(priors)), reduced[0] * reduced[1]


def _prior(pair: AttendedPair) -> Tensor:
    """Return the strength of each word pair from attention, position and spelling: [T, S]."""
    attention = pair.forward.double().clamp(min=FLOOR) * pair.backward.double().clamp(min=FLOOR)
    return attention**ATTENTION * lexical_prior(pair.source, pair.target, LETTERS, TENSION)


def _shares(entries: _Entries, strength: Tensor) -> tuple[Tensor, Tensor]:
    """Return each strength as a share of its row's total and of its column's."""
    rows, columns = (torch.bincount(of, strength)[of] for of in (entries.row, entries.column))
    return strength / rows, strength / columns


def _association(kind: Tensor, linked: Tensor, counts: Tensor) -> Tensor:
    """Return the association of the two words of each entry, less part of its own contribution: [E]."""
    return (torch.bincount(kind, linked)[kind] - OWN * linked + LINK_SMOOTHING) / counts.sqrt()


def _read(by_row: Tensor, by_column: Tensor) -> set[Link]:
    """Return the links of one pair from its shares [T, S]."""
    forward = {(int(s), t) for t, (most, s) in enumerate(zip(*by_row.max(1), strict=True)) if most > LEAST}
    backward = {
        (s, int(t)) for s, (most, t) in enumerate(zip(*by_column.max(0), strict=True)) if most > LEAST
    }
    return grow(forward, backward)
