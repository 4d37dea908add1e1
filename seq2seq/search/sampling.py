"""Sampling of the next token by inversion of the distribution function.

Of the allowed tokens with probabilities p_1, p_2, ... the first i with p_1 + ... + p_i > u is chosen, u
uniform in [0, 1). One number u for each row and step is all the randomness there is, so a seed gives the same
text on every device and in every batch.
"""

import torch
from torch import Tensor

from seq2seq.options import DecodeOptions
from seq2seq.search.processors import top_k


class Sampler:
    """Source of the uniform numbers of a search, drawn on the CPU: one for each row and step.

    With a seed all sentences get the same numbers, so that a result does not depend on the other sentences of
    its batch. Without one each row gets its own.
    """

    def __init__(self, seed: int | None):
        self.shared = seed is not None
        self.generator = torch.Generator()
        if seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(seed)

    def draw(self, sentences: int, rows: int) -> Tensor:
        """Return the next numbers, [sentences x rows] in [0, 1), in double precision."""
        count = 1 if self.shared else sentences
        numbers = torch.rand(count, rows, generator=self.generator, dtype=torch.float64)
        return numbers.expand(sentences, rows).reshape(-1)


def sample(scores: Tensor, uniform: Tensor, options: DecodeOptions) -> Tensor:
    """Sample one token for each row: scores [N, V], uniform [N] -> tokens [N].

    Temperature comes first, then the k most probable tokens, then the fewest of these whose probabilities sum
    to at least p (at least one token), then those at least `sampling_minp` times as probable as the best.
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
    # u x total may round up to the total itself, which lies beyond the last token with a probability.
    point = torch.minimum(uniform[:, None] * total, torch.nextafter(total, torch.zeros_like(total)))
    index = torch.searchsorted(cumulative, point, right=True)
    return (index if tokens is None else tokens.gather(1, index)).squeeze(1)
