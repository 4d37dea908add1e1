"""The alignment of a text with its translation when the way led through a third language.

    weights[t, s] = sum over words p of the text between:  second[t, p] * first[p, s]

Both hops are alignments of words, and the text between is the target of the one and the source of the
other, so that its words are the same: the product of the two matrices is a share again.
"""

from seq2seq.alignment.maps import Alignment, Grid

from .segments import RoutedTranslation


def compose_alignments(found: RoutedTranslation) -> Alignment:
    """Which words of a text its translation was made from, over all hops."""
    if len(found.steps) < 2:
        return found.best.alignment
    first, *others = (step.alignment.matrix() for step in found.steps)
    weights = first.weights
    for grid in others:
        weights = grid.weights @ weights
    target = others[-1].target_spans
    return Alignment(found.text, found.best.text, (Grid(first.source_spans, target, weights),))
