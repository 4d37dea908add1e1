"""Sampling: the next token of a row by chance.

The distribution function is inverted: of the allowed tokens' probabilities p_1, p_2, ... the
first i with p_1 + ... + p_i > u is taken, u uniform in [0, 1). One number u a row and step is all
the chance there is, so a seed gives the same text on every device and in every batch.
"""

import torch
from torch import Tensor

from seq2seq.options import DecodeOptions
from seq2seq.search.processors import top_k


class Sampler:
    """The uniform numbers of a search, drawn on the CPU: one for each row of a sentence and step.

    With a seed every sentence gets the same numbers, so that its result does not depend on the
    other sentences of its batch; without one every row gets its own.
    """

    def __init__(self, seed: int | None):
        self.shared = seed is not None
        self.generator = torch.Generator()
        if seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(seed)

    def draw(self, sentences: int, rows: int) -> Tensor:
        """The next numbers, [sentences x rows] in [0, 1), in double precision."""
        drawn = 1 if self.shared else sentences
        numbers = torch.rand(drawn, rows, generator=self.generator, dtype=torch.float64)
        return numbers.expand(sentences, rows).reshape(-1)


def sample(scores: Tensor, uniform: Tensor, options: DecodeOptions) -> Tensor:
    """One token a row by chance: scores [N, V], uniform [N] -> tokens [N].

    Temperature first, then the k most probable, then the fewest of these that together have
    probability p (at least one), then those at least `sampling_minp` times as probable as the best.
    """
    scores = scores / options.sampling_temperature
    tokens = None
    if options.sampling_topk:
        scores, tokens = top_k(scores, min(options.sampling_topk, scores.shape[1]))
    elif options.sampling_topp < 1:
        scores, tokens = scores.sort(1, descending=True)
    probabilities = scores.softmax(1, dtype=torch.float64)
    if options.sampling_topp < 1:
        before = probabilities.cumsum(1) - probabilities
        before[:, 0] = -1.0
        probabilities = probabilities.masked_fill(before >= options.sampling_topp, 0.0)
    if options.sampling_minp:
        least = options.sampling_minp * probabilities.amax(1, keepdim=True)
        probabilities = probabilities.masked_fill(probabilities < least, 0.0)
    cumulative = probabilities.cumsum(1)
    total = cumulative[:, -1:]
    # Rounding may lift u x total to the total itself, beyond the last token that has a probability.
    point = torch.minimum(uniform[:, None] * total, torch.nextafter(total, torch.zeros_like(total)))
    index = torch.searchsorted(cumulative, point, right=True)
    return (index if tokens is None else tokens.gather(1, index)).squeeze(1)
