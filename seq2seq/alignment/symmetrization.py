"""Word links found in two directions, made one alignment; and one map of weights read in both.

    intersection   the links of both directions: few are wrong, some are missing
    growth         and, beside a link, those of either direction that a word still lacks (Koehn et al. 2003,
                   "grow-diag"): two words in a row that translate one, which only one direction can say

A direction is a set of links (source word, target word), whichever side chose.

    strength[t, s] = likely[t, s] * sqrt(w[t, s] * w[t, s] / sum over t' of w[t', s])

A row of weights says where a target word looks; a column, divided by its sum, who looks at a source word. A
word that everybody looks at a little (a full stop) is strong for none, and so is one that nobody needs.
`likely` is what letters and places say (likeness.py).
"""

from torch import Tensor

Link = tuple[int, int]  # source unit, target unit

LEAST = 0.25  # strength of a link
NEIGHBOURS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]


def intersect(forward: set[Link], backward: set[Link]) -> set[Link]:
    """The links of both directions."""
    return forward & backward


def grow(forward: set[Link], backward: set[Link]) -> set[Link]:
    """The links of both directions, and those beside them of either that a word still lacks."""
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


def read_both(weights: Tensor, share: float, likely: Tensor | None = None) -> set[Link]:
    """The links that a map [T, S] shows, each row summing to 1 or 0; likely [T, S] are factors, 1 by default.

    A target unit chooses the source units with at least `share` of the largest strength in its row, a source
    unit likewise in its column; both sides' choices are grown together.
    """
    if not weights.numel():
        return set()
    strength = (weights * weights / weights.sum(0, keepdim=True).clamp(min=1e-9)).sqrt()
    if likely is not None:
        strength = strength * likely
    chosen = [
        (strength >= share * strength.amax(side, keepdim=True)) & (strength >= LEAST) for side in (1, 0)
    ]
    forward, backward = ({(s, t) for t, s in each.nonzero().tolist()} for each in chosen)
    return grow(forward, backward)
