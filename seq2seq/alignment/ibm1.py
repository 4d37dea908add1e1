"""IBM Model 1 with a diagonal prior, in one direction, by EM over a whole corpus.

    p(t_j aligned to s_i)  ~  theta[t_j | s_i] * exp(-tension * |i / n - j / m|)

With probability NULL a target word is aligned to no source word (Brown et al. 1993; Dyer et al. 2013).

Every (j, i) of every pair is one entry of a flat tensor [E], and an EM round is three weighted counts over
it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

NULL = 0.08
PRIOR = 0.01  # parameter of a sparse Dirichlet on theta: most words have few translations
FIRST_TENSION, TENSIONS = 4.0, (0.1, 14.0)

Words = Sequence[str]


class _Corpus(NamedTuple):
    """All pairs of a corpus, flat: targets [J], and entries [E], each target with each source of its pair.

    The first entry of a target is the null word: its source word is 0 and its `distance` is nan.
    """

    first: Tensor  # [J] index of a target's first entry
    target: Tensor  # [E] index of the target of an entry
    place: Tensor  # [E] position of the source word in its sentence, -1 for the null word
    distance: Tensor  # [E] from the diagonal
    translation: Tensor  # [E] id of the (source word, target word) of an entry
    source_of: Tensor  # [translations] the source word of each


def best_sources(
    pairs: Sequence[tuple[Words, Words]], rounds: int, advance: Callable[[], object]
) -> list[list[int]]:
    """Return for each pair and each of its target words the index of the aligned source word, -1 for none.

    `advance` is called after each round.
    """
    corpus = _flatten(pairs)
    if not len(corpus.first):
        return [[] for _ in pairs]
    theta = torch.ones(len(corpus.source_of), dtype=torch.float64)
    tension = FIRST_TENSION
    for number in range(rounds):
        prior = _prior(corpus, tension)
        posterior = _normalised(prior * theta[corpus.translation], corpus)
        theta = _translations(corpus, posterior)
        if number:
            tension = _tightened(corpus, prior, posterior, tension)
        advance()
    posterior = _normalised(_prior(corpus, tension) * theta[corpus.translation], corpus)
    return _strongest(corpus, posterior, [len(target) for _, target in pairs])


def _flatten(pairs: Sequence[tuple[Words, Words]]) -> _Corpus:
    """Assign ids to the words of both sides, and lay out every entry of every pair."""
    sources, targets = _Numbers(), _Numbers()
    null = sources.of("")
    source_ids = torch.tensor([i for s, _ in pairs for i in (null, *map(sources.of, s))])
    target_ids = torch.tensor([targets.of(word) for _, t in pairs for word in t], dtype=torch.int64)
    n = torch.tensor([len(s) for s, _ in pairs], dtype=torch.int64)
    m = torch.tensor([len(t) for _, t in pairs], dtype=torch.int64)
    pair = torch.arange(len(pairs)).repeat_interleave(m)  # [J]
    j = torch.arange(len(pair)) - (m.cumsum(0) - m)[pair]
    entries = n[pair] + 1
    first = entries.cumsum(0) - entries
    target = torch.arange(len(pair)).repeat_interleave(entries)  # [E]
    place = torch.arange(len(target)) - first[target] - 1
    begins = ((n + 1).cumsum(0) - n - 1)[pair]
    source = source_ids[begins[target] + place + 1]
    distance = ((place + 0.5) / n[pair][target] - ((j + 0.5) / m[pair])[target]).abs()
    distance[place < 0] = torch.nan
    keys, translation = (source * len(targets.known) + target_ids[target]).unique(return_inverse=True)
    return _Corpus(first, target, place, distance, translation, keys // max(1, len(targets.known)))


class _Numbers:
    """Ids of words in order of appearance."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, word: str) -> int:
        """Return the id of a word, a new one if it is unknown."""
        return self.known.setdefault(word, len(self.known))


def _prior(corpus: _Corpus, tension: float) -> Tensor:
    """Return the prior probability of each entry, from its distance to the diagonal: [E]."""
    near = torch.exp(-tension * corpus.distance).nan_to_num(0.0)
    total = torch.bincount(corpus.target, near, len(corpus.first))[corpus.target]
    return torch.where(corpus.place < 0, NULL, (1 - NULL) * near / total.clamp(min=1e-30))


def _normalised(weights: Tensor, corpus: _Corpus) -> Tensor:
    """Divide weights [E] by their sum over each target."""
    total = torch.bincount(corpus.target, weights, len(corpus.first))
    return weights / total[corpus.target].clamp(min=1e-300)


def _translations(corpus: _Corpus, posterior: Tensor) -> Tensor:
    """Return theta of each (source word, target word) by variational Bayes under a sparse prior."""
    counts = torch.bincount(corpus.translation, posterior, len(corpus.source_of)) + PRIOR
    totals = torch.bincount(corpus.source_of, counts)
    return torch.exp(torch.digamma(counts) - torch.digamma(totals)[corpus.source_of])


def _tightened(corpus: _Corpus, prior: Tensor, posterior: Tensor, tension: float) -> float:
    """Return the tension after one gradient step of the likelihood (Dyer et al. 2013)."""
    distance = corpus.distance.nan_to_num(0.0)
    linked = float(posterior[corpus.place >= 0].sum()) / len(corpus.first) / (1 - NULL)
    expected, seen = float((prior * distance).sum()) * linked, float((posterior * distance).sum())
    low, high = TENSIONS
    return min(high, max(low, tension + 60 * (expected - seen) / len(corpus.first)))


def _strongest(corpus: _Corpus, posterior: Tensor, lengths: list[int]) -> list[list[int]]:
    """Return the index of the most probable source word of each target, split by pair."""
    best = torch.full((len(corpus.first),), -1.0, dtype=torch.float64)
    best.scatter_reduce_(0, corpus.target, posterior, "amax")
    at_best = (posterior == best[corpus.target]).nonzero().squeeze(1)
    # An indexed assignment keeps the last of equal entries; reversed, it keeps the first one.
    places = torch.full((len(corpus.first),), -1)
    flipped = at_best.flip(0)
    places[corpus.target[flipped]] = corpus.place[flipped]
    return [part.tolist() for part in places.split(lengths)]
