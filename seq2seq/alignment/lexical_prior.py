"""Lexical and positional prior of word pairs: shared beginnings, and distance from the diagonal.

    prior(s, t) = exp(letters * alike(s, t) - tension |t / T - s / S|)
    alike(s, t) = length of the common prefix / length of the longer word

Names, numbers and cognates share their beginning, and translations mostly keep the order of a sentence. The
prior decides where the map of a model is uncertain, as for words the model has never read (the diagonal: Dyer
et al. 2013, equation 2).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

# Characters compared: memory is [T, S, longest], and one address of thousands of characters sets the longest.
MOST_LETTERS = 40


def lexical_prior(sources: Sequence[str], targets: Sequence[str], letters: float, tension: float) -> Tensor:
    """Return a factor for each pair of words, 1 for two unlike words on the diagonal: [T, S]."""
    t, s = (
        (torch.arange(len(words), dtype=torch.float64) + 0.5) / len(words) for words in (targets, sources)
    )
    return torch.exp(letters * alike(sources, targets) - tension * (t[:, None] - s[None]).abs())


def alike(sources: Sequence[str], targets: Sequence[str]) -> Tensor:
    """Return the length of the common prefix of two words as a share of the longer word: [T, S]."""
    longest = min(max(map(len, (*sources, *targets)), default=0), MOST_LETTERS)
    # The two sides are padded differently, so that padding never counts as equal.
    # The two sides are padded differently, so that padding never counts as equal.
    source, target = _letters(sources, longest, -1), _letters(targets, longest, -2)
    shared = (source[None] == target[:, None]).cumprod(-1).sum(-1)
    lengths = torch.maximum((source >= 0).sum(-1)[None], (target >= 0).sum(-1)[:, None])
    return shared.double() / lengths.clamp(min=1)


def _letters(words: Sequence[str], longest: int, blank: int) -> Tensor:
    """Return the first characters of each word, padded with `blank`: [words, longest]."""
    rows = [[*map(ord, word[:longest]), *[blank] * (longest - len(word))] for word in words]
    return torch.tensor(rows, dtype=torch.long).reshape(len(words), longest)
