"""Word alignment of translations through a pivot language.

    weights[t, s] = sum over words p of the pivot text:  second[t, p] * first[p, s]

Each hop has a word alignment whose weights are shares of a target word. The pivot text is the target of the
first hop and the source of the second, so both have the same pivot words, and the product of the two matrices
consists of shares again.
"""

from seq2seq.alignment.maps import Alignment, Grid

from .segments import RoutedTranslation


def compose_alignments(translation: RoutedTranslation) -> Alignment:
    """Return the word alignment of a text with its translation, composed over all hops."""
    if len(translation.steps) < 2:
        return translation.best.alignment
    first, *others = (step.alignment.matrix() for step in translation.steps)
    weights = first.weights
    for grid in others:
        weights = grid.weights @ weights
    target = others[-1].target_spans
    return Alignment(translation.text, translation.best.text, (Grid(first.source_spans, target, weights),))
