"""The statistical aligner recovers the links of an artificial language."""

import random

import pytest

from seq2seq.alignment.aligner import align_both_ways, align_texts
from seq2seq.alignment.maps import Link
from seq2seq.metrics.aer import GoldLinks, score_links


def synthetic(count: int, seed: int) -> tuple[list[tuple[list[str], list[str]]], list[set[Link]]]:
    """Return pairs of an artificial language with their links: its own words, a final verb, one word split in
    two.
    """
    draw = random.Random(seed)
    pairs, links = [], []
    for _ in range(count):
        numbers = [min(int(draw.expovariate(0.05)), 199) for _ in range(draw.randint(3, 9))]
        order = [*range(1, len(numbers)), 0]  # the first word goes to the end
        target, found = [], set()
        for source in order:
            number = numbers[source]
            if number % 11 == 5:
                continue  # has no counterpart
            for half in "ab" if number % 7 == 3 else "":
                found.add((source, len(target)))
                target.append(f"t{number}{half}")
            if number % 7 != 3:
                found.add((source, len(target)))
                target.append(f"t{number}")
        pairs.append(([f"s{number}" for number in numbers], target))
        links.append(found)
    return pairs, links


def test_known_links_are_found() -> None:
    """The aligner recovers most of the known links, most of which lie off the diagonal."""
    pairs, links = synthetic(2000, 1)
    found, grown = align_both_ways(pairs)
    gold = [GoldLinks(frozenset(pair), frozenset(pair)) for pair in links]
    diagonal = [{(k, k) for k in range(min(len(s), len(t)))} for s, t in pairs]
    assert score_links(diagonal, gold).error_rate > 0.5
    scores = score_links(found, gold)
    assert scores.precision > 0.95
    assert scores.error_rate < 0.15  # one word made two: the intersection has one of its links
    fuller = score_links(grown, gold)
    assert fuller.recall > scores.recall + 0.05 and fuller.error_rate < 0.06


def test_order_of_pairs_changes_nothing() -> None:
    """The order of the pairs does not change the links (near ties aside): counts are sums."""
    pairs, _ = synthetic(200, 2)
    forward, backward = align_both_ways(pairs).sure, align_both_ways(pairs[::-1]).sure[::-1]
    differing = sum(len(a ^ b) for a, b in zip(forward, backward, strict=True))
    assert differing < 0.01 * sum(map(len, forward))


def test_case_and_punctuation_do_not_hide_a_word() -> None:
    """ "Dog." and "dog" count as one word, so that small corpora suffice."""
    pairs = [("the dog", "der Hund"), ("the cat", "die Katze"), ("cat, dog.", "Katze, Hund.")] * 20
    assert align_texts(pairs)[2] == {(0, 0), (1, 1)}


@pytest.mark.parametrize("pairs", [[], [("", "")], [("a", "")], [("", "b")], [("a", "b"), ("", "c")]])
def test_empty_sides(pairs: list[tuple[str, str]]) -> None:
    """An empty line of a corpus has no links and is no error."""
    found = align_texts(pairs)
    assert len(found) == len(pairs)
    assert all(not links for links, (s, t) in zip(found, pairs, strict=True) if not (s and t))
