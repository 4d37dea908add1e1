"""Our statistical word aligner: translations counted in both directions, and where they agree, links.

It reads nothing but the pairs themselves (`counting`), and teaches a model: which head shows the alignment,
or, in training, what one head is to look at.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from seq2seq.alignment.ibm1 import Words, best_sources
from seq2seq.alignment.symmetrization import Link, grow, intersect
from seq2seq.text.normalization import spelt_words, word_spans

ROUNDS = 6
SLICE = 100_000  # pairs counted at once, which bounds memory; of more pairs slices are counted by themselves

WordPairs = Sequence[tuple[Words, Words]]


class AlignedPairs(NamedTuple):
    """Links (source word, target word) of each pair: of both directions, and grown from those."""

    sure: list[set[Link]]
    grown: list[set[Link]]


def align_both_ways(
    pairs: WordPairs, rounds: int = ROUNDS, advance: Callable[[], object] = bool
) -> AlignedPairs:
    """Links of each pair, found from the pairs alone, in both directions.

    What both directions say is right more often; `symmetry.grow` adds what one of them says beside it.
    `advance` is called after each of `rounds_of(len(pairs))` rounds.
    """
    slices = -(-len(pairs) // SLICE)
    aligned = AlignedPairs([set() for _ in pairs], [set() for _ in pairs])
    for first in range(slices):
        spelt = [(spelt_words(source), spelt_words(target)) for source, target in pairs[first::slices]]
        forward = best_sources(spelt, rounds, advance)
        backward = best_sources([(target, source) for source, target in spelt], rounds, advance)
        for number, (sources, targets) in enumerate(zip(forward, backward, strict=True)):
            there = {(s, t) for t, s in enumerate(sources) if s >= 0}
            back = {(s, t) for s, t in enumerate(targets) if t >= 0}
            aligned.sure[first + slices * number] = intersect(there, back)
            aligned.grown[first + slices * number] = grow(there, back)
    return aligned


def rounds_of(pairs: int, rounds: int = ROUNDS) -> int:
    """How many rounds `align_both_ways` needs for so many pairs."""
    return 2 * rounds * -(-pairs // SLICE)


def align_texts(pairs: Sequence[tuple[str, str]], rounds: int = ROUNDS) -> list[set[Link]]:
    """Sure links between the words (`text.word_spans`) of each pair of texts."""
    return align_both_ways([(_words(source), _words(target)) for source, target in pairs], rounds).sure


def _words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]
