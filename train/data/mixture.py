"""The mixture of corpora in an epoch: how often each pair of a corpus is trained on.

    weight 1     every pair once an epoch            weight 3      every pair three times
    weight 0.25  a quarter of the pairs, drawn anew each epoch from (seed, epoch)

A temperature T above 1 brings corpora closer in size: of an epoch as long as before, the share of a corpus of
n pairs is proportional to n ** (1 / T) (Arivazhagan et al. 2019).
"""

import random
from array import array
from collections import Counter
from collections.abc import Sequence


class Mixture:
    """The pairs of each epoch, where some corpora are trained on more or less often than others.

    Args:
        corpora: the number of the corpus of each pair.
        weights: how often a pair of each corpus is trained on in an epoch, on average.
        seed: of the draws.
    """

    def __init__(self, corpora: Sequence[int], weights: Sequence[float], seed: int):
        self.corpora, self.weights, self.seed = corpora, weights, seed
        self.sizes = Counter(corpora)

    def places(self, epoch: int) -> Sequence[int]:
        """Return the places of the pairs of an epoch."""
        chosen = array("q")
        for number, weight in enumerate(self.weights):
            own = [place for place, corpus in enumerate(self.corpora) if corpus == number]
            for _ in range(int(weight)):
                chosen.extend(own)
            generator = random.Random(f"{self.seed} {epoch} {number}")
            chosen.extend(sorted(generator.sample(own, round((weight - int(weight)) * len(own)))))
        return chosen

    def report(self, names: Sequence[str]) -> str:
        """Return what an epoch holds, as the end of a sentence."""
        parts = [
            f"{weight:.3g} x {self.sizes[number]:,} of {name}"
            for number, (name, weight) in enumerate(zip(names, self.weights, strict=True))
        ]
        return f"; an epoch has {len(self.places(0)):,}: {', '.join(parts)}"


def make_mixture(
    corpora: Sequence[int], weights: Sequence[float], temperature: float, seed: int
) -> Mixture | None:
    """Return the mixture that weights or a temperature ask for, None where every pair comes once.

    Args:
        corpora: the number of the corpus of each pair.
        weights: the weight of each corpus.
        temperature: that of the sizes of the corpora; 1 leaves them as they are.
        seed: of the draws.
    """
    if temperature != 1:
        sizes = Counter(corpora)
        shares = [
            sizes[number] ** (1 / temperature) if sizes[number] else 0.0 for number in range(len(weights))
        ]
        length = len(corpora) / sum(shares)
        weights = [
            share * length / sizes[number] if sizes[number] else 1.0 for number, share in enumerate(shares)
        ]
    return None if all(weight == 1 for weight in weights) else Mixture(corpora, weights, seed)
