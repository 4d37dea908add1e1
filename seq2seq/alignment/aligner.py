"""Statistical word aligner: IBM Model 1 in both directions (`ibm1.py`), symmetrized (`symmetrization.py`).

It reads nothing but the pairs themselves. Its links select the alignment head of a trained model and guide
one head during training.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from seq2seq.alignment.ibm1 import Words, best_sources
from seq2seq.alignment.symmetrization import Link, grow, intersect
from seq2seq.text.normalization import spelt_words, word_spans

ROUNDS = 6
SLICE = 100_000  # pairs aligned at once, which bounds memory; larger corpora are aligned in slices

WordPairs = Sequence[tuple[Words, Words]]


class AlignedPairs(NamedTuple):
    """Links (source word, target word) of each pair: of both directions, and grown from those."""

    sure: list[set[Link]]
    grown: list[set[Link]]


def align_both_ways(
    pairs: WordPairs, rounds: int = ROUNDS, advance: Callable[[], object] = bool
) -> AlignedPairs:
    """Align the words of each pair in both directions, from the pairs alone.

    Links of both directions are more precise; `symmetrization.grow` adds neighbours found in one of them.

    Args:
        pairs: Source and target words of each pair.
        rounds: EM rounds in each direction.
        advance: Called after each of `rounds_of(len(pairs))` rounds, for progress.
    """
    slices = -(-len(pairs) // SLICE)
    aligned = AlignedPairs([set() for _ in pairs], [set() for _ in pairs])
    for first in range(slices):
        # Strided, so that each slice is a sample of the whole corpus, whose parts may differ.
        spelt = [(spelt_words(source), spelt_words(target)) for source, target in pairs[first::slices]]
        forward = best_sources(spelt, rounds, advance)
        backward = best_sources([(target, source) for source, target in spelt], rounds, advance)
        for number, (sources, targets) in enumerate(zip(forward, backward, strict=True)):
            forward_links = {(s, t) for t, s in enumerate(sources) if s >= 0}
            backward_links = {(s, t) for s, t in enumerate(targets) if t >= 0}
            aligned.sure[first + slices * number] = intersect(forward_links, backward_links)
            aligned.grown[first + slices * number] = grow(forward_links, backward_links)
    return aligned


def rounds_of(pairs: int, rounds: int = ROUNDS) -> int:
    """Return how many rounds `align_both_ways` needs for a number of pairs."""
    return 2 * rounds * -(-pairs // SLICE)


def align_texts(pairs: Sequence[tuple[str, str]], rounds: int = ROUNDS) -> list[set[Link]]:
    """Return the links of both directions between the words (`word_spans`) of each pair of texts."""
    return align_both_ways([(_words(source), _words(target)) for source, target in pairs], rounds).sure


def _words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]
