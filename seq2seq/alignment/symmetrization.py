"""Symmetrization of word links from two directions, and the reading of one map from both sides.

    intersection   the links of both directions: high precision, incomplete
    growth         adds neighbours of a link that one direction has and that a word still lacks (Koehn et al.
                   2003, "grow-diag"), such as two adjacent words that translate one

A direction is a set of links (source word, target word), whichever side chose.

    strength[t, s] = prior[t, s] * sqrt(w[t, s] * w[t, s] / sum over t' of w[t', s])

The strength is the geometric mean of a map read by rows (the source words of a target word) and by columns
(the target words of a source word). A word that every row gives a little weight, such as a full stop, is
strong in none. The prior comes from spelling and position (`lexical_prior.py`).
"""

from torch import Tensor

Link = tuple[int, int]  # source unit, target unit

LEAST = 0.25  # smallest strength of a link, chosen by benchmarks/counted_links.py
NEIGHBOURS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]


def intersect(forward: set[Link], backward: set[Link]) -> set[Link]:
    """Return the links of both directions."""
    return forward & backward


def grow(forward: set[Link], backward: set[Link]) -> set[Link]:
    """Return the links of both directions, and neighbouring links of either that a word still lacks."""
    links, either = forward & backward, forward | backward
    sources, targets = {s for s, _ in links}, {t for _, t in links}
    fresh = sorted(links)
    while fresh:
        around = sorted({(s + a, t + b) for s, t in fresh for a, b in NEIGHBOURS} & either - links)
        fresh = []
        for s, t in around:
            if s not in sources or t not in targets:
                fresh.append((s, t))
                links.add((s, t))
                sources.add(s)
                targets.add(t)
    return links


def read_both(weights: Tensor, share: float, prior: Tensor | None = None) -> set[Link]:
    """Return the links that a map shows.

    A target unit chooses the source units with at least `share` of the largest strength in its row, a source
    unit likewise in its column. The choices of both sides are grown together.

    Args:
        weights: Map [T, S], each row summing to 1 or 0.
        share: Threshold relative to the largest strength, from 0 to 1.
        prior: Factors [T, S] on the strengths; 1 by default.
    """
    if not weights.numel():
        return set()
    strength = (weights * weights / weights.sum(0, keepdim=True).clamp(min=1e-9)).sqrt()
    if prior is not None:
        strength = strength * prior
    chosen = [
        (strength >= share * strength.amax(axis, keepdim=True)) & (strength >= LEAST) for axis in (1, 0)
    ]
    forward, backward = ({(s, t) for t, s in side.nonzero().tolist()} for side in chosen)
    return grow(forward, backward)
