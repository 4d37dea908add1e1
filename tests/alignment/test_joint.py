"""Joint alignment equals a plain loop, agrees with hand-made cases, and learns unknown words."""

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.alignment.joint import AttendedPair, joint_links
from seq2seq.alignment.symmetrization import grow
from seq2seq.commands.align import align_pairs
from seq2seq.inference.translator import Translator


def evenly(source: str, target: str) -> AttendedPair:
    """Return a pair with uniform maps."""
    s, t = source.split(), target.split()
    return AttendedPair(s, t, torch.ones(len(t), len(s)) / len(s), torch.ones(len(t), len(s)) / len(t))


def at_random(source: Sequence[str], target: Sequence[str], seed: int) -> AttendedPair:
    """Return a pair with random maps."""
    random = torch.Generator().manual_seed(seed)
    there, back = (torch.rand(len(target), len(source), generator=random) for _ in range(2))
    return AttendedPair(source, target, there.softmax(1), back.softmax(0))


def plainly(pairs: Sequence[AttendedPair]) -> list[set[tuple[int, int]]]:
    """Return the links by loops over words, written from the formula."""
    cells = [
        (n, t, s)
        for n, pair in enumerate(pairs)
        for t in range(len(pair.target))
        for s in range(len(pair.source))
    ]
    sources, targets = defaultdict(float), defaultdict(float)
    for pair in pairs:
        for word in pair.source:
            sources[word] += 1
        for word in pair.target:
            targets[word] += 1
    prior = {}
    for n, t, s in cells:
        source, target, there, back = pairs[n]
        attention = max(0.01, float(there[t, s])) * max(0.01, float(back[t, s]))
        distance = abs((t + 0.5) / len(target) - (s + 0.5) / len(source))
        same = list(
            takewhile(lambda letters: letters[0] == letters[1], zip(source[s], target[t], strict=False))
        )
        alike = len(same) / max(len(source[s]), len(target[t]))
        prior[n, t, s] = attention ** (1 / 6) * math.exp(alike - 2 * distance)
    strength = prior
    for number in range(6):
        rows, columns = defaultdict(float), defaultdict(float)
        for n, t, s in cells:
            rows[n, t] += strength[n, t, s]
            columns[n, s] += strength[n, t, s]
        if number == 5:
            break
        linked, total = {}, defaultdict(float)
        for n, t, s in cells:
            linked[n, t, s] = strength[n, t, s] / math.sqrt(rows[n, t] * columns[n, s])
            total[pairs[n].source[s], pairs[n].target[t]] += linked[n, t, s]
        strength = {}
        for n, t, s in cells:
            one, other = pairs[n].source[s], pairs[n].target[t]
            count = math.sqrt((sources[one] - 0.4) * (targets[other] - 0.4))
            strength[n, t, s] = prior[n, t, s] * (total[one, other] - linked[n, t, s] / 2 + 0.01) / count
    found = []
    for n, pair in enumerate(pairs):
        there = {(s, t) for m, t, s in cells if m == n and strength[n, t, s] > rows[n, t] / 2}
        back = {(s, t) for m, t, s in cells if m == n and strength[n, t, s] > columns[n, s] / 2}
        found.append(grow(there, back) if pair.source and pair.target else set())
    return found


words = st.lists(st.sampled_from(["a", "an", "and", "been", "bees"]), max_size=5)


@given(st.lists(st.tuples(words, words, st.integers(0, 99)), max_size=5))
def test_as_by_a_plain_loop(drawn: list[tuple[list[str], list[str], int]]) -> None:
    """The flat computation equals loops over words, with empty sides and repeated words among the pairs."""
    pairs = [at_random(*each) for each in drawn]
    assert joint_links(pairs) == plainly(pairs)


def test_words_that_come_together_belong_together() -> None:
    """With uniform maps, words that co-occur are linked, even off the diagonal."""
    pairs = [evenly(f"{one} {two}", f"{two} {one}".upper()) for one in "abc" for two in "xyz"]
    assert joint_links(pairs) == [{(0, 1), (1, 0)}] * 9
    assert joint_links(pairs[:1]) == [{(0, 0), (1, 1)}]  # alone, place is all there is


def test_attention_decides_where_nothing_was_counted() -> None:
    """A single pair is aligned by its maps, here crosswise."""
    crossed = torch.tensor([[0.02, 0.98], [0.98, 0.02]])
    assert joint_links([AttendedPair(["a", "b"], ["B", "A"], crossed, crossed)]) == [{(0, 1), (1, 0)}]


def test_words_that_begin_alike_belong_together() -> None:
    """A name or number that occurs once is linked by its spelling."""
    assert (2, 1) in joint_links([evenly("on met 1776", "ON 1776 MET")])[0]
    assert (2, 1) not in joint_links([evenly("on met 1776", "ON 9 MET")])[0]


def test_a_word_of_nul_disturbs_no_other_pair() -> None:
    """Regression: a word that normalises to nothing made every strength of the file NaN."""
    pairs = [evenly("on met 1776", "ON 1776 MET"), evenly("a \0", "A \0")]
    assert joint_links(pairs) == [*joint_links(pairs[:1]), {(0, 0), (1, 1)}]


def test_order_of_pairs_does_not_matter() -> None:
    """The order of the pairs does not change the links of a pair."""
    pairs = [at_random(list("abca"), list("ABC"), seed) for seed in range(5)]
    assert joint_links(pairs[::-1]) == joint_links(pairs)[::-1]


def test_empty_texts_have_no_links() -> None:
    """An empty line has no links and leaves those of its neighbours unchanged."""
    pairs = [evenly("a", ""), evenly("a b", "A B"), evenly("", "A"), evenly("", "")]
    assert joint_links(pairs) == [set(), {(0, 0), (1, 1)}, set(), set()]
    assert joint_links([]) == []


def test_unknown_words_are_learned_from_the_other_pairs() -> None:
    """Made-up words, unknown to a released model, are aligned by co-occurrence in five lines."""
    shorter = [
        ("The glimp is sleeping.", "Der Flusk schläft."),
        ("The droal is sleeping.", "Der Wumm schläft."),
        ("A prate.", "Ein Kroll."),
        ("A glimp.", "Ein Flusk."),
        ("A droal.", "Ein Wumm."),
    ]
    crossed = [
        ("A glimp and a prate.", "Ein Kroll und ein Flusk."),
        ("A droal and a prate.", "Ein Kroll und ein Wumm."),
    ]
    there, back = Translator.from_pretrained("en-de"), Translator.from_pretrained("de-en")
    for pair in crossed:
        assert {(1, 1), (4, 4)} <= set(next(align_pairs(there, [pair], back)))
    for found in list(align_pairs(there, [*shorter, *crossed], back))[-2:]:
        assert {(1, 4), (4, 1)} <= set(found) and not {(1, 1), (4, 4)} & set(found)


def test_a_pair_that_cannot_be_aligned_is_named() -> None:
    """The error of a pair that is too long has its line number."""
    translator = Translator.from_pretrained("en-de")
    with pytest.raises(ValueError, match="line 2: "):
        list(align_pairs(translator, [("a dog", "ein Hund"), ("dog " * 300, "Hund")]))
