"""Word links found in two directions, made one alignment.

    intersection   the links of both directions: few are wrong, some are missing
    growth         and, beside a link, those of either direction that a word still lacks (Koehn et al. 2003,
                   "grow-diag"): two words in a row that translate one, which only one direction can say

A direction is a set of links (source word, target word), whichever side chose.
"""

from seq2seq.alignment import Link

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
