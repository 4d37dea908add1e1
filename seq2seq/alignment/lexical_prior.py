"""How likely two words belong together before a model is asked: by their letters and by their places.

    likeness(s, t) = exp(letters * alike(s, t) - tension |t / T - s / S|)
    alike(s, t)    = letters with which both words begin / letters of the longer one

Names, numbers and cognates are alike; translations seldom turn a sentence round. Where the map of a model is
in doubt, for it has never read a word, this decides (the diagonal: Dyer et al. 2013, equation 2).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

MOST_LETTERS = 40  # that are compared; an address of thousands would take memory for as many a pair of words


def lexical_prior(sources: Sequence[str], targets: Sequence[str], letters: float, tension: float) -> Tensor:
    """A factor for each pair of words, 1 for two unlike ones on the diagonal: [T, S]."""
    t, s = (
        (torch.arange(len(words), dtype=torch.float64) + 0.5) / len(words) for words in (targets, sources)
    )
    return torch.exp(letters * alike(sources, targets) - tension * (t[:, None] - s[None]).abs())


def alike(sources: Sequence[str], targets: Sequence[str]) -> Tensor:
    """Of the letters of the longer word, the share with which both begin: [T, S]."""
    longest = min(max(map(len, (*sources, *targets)), default=0), MOST_LETTERS)
    source, target = _letters(sources, longest, -1), _letters(targets, longest, -2)
    shared = (source[None] == target[:, None]).cumprod(-1).sum(-1)
    lengths = torch.maximum((source >= 0).sum(-1)[None], (target >= 0).sum(-1)[:, None])
    return shared.double() / lengths.clamp(min=1)


def _letters(words: Sequence[str], longest: int, blank: int) -> Tensor:
    """The first characters of words, each filled up with blanks: [words, longest]."""
    rows = [[*map(ord, word[:longest]), *[blank] * (longest - len(word))] for word in words]
    return torch.tensor(rows, dtype=torch.long).reshape(len(words), longest)
