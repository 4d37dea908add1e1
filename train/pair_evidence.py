"""Evidence of the texts alone that pairs translate each other: languages, lengths, and what they share.

    languages   of some groups of texts, as detected            swapped columns, another language
    pairs       lengths rise together, the same numbers, names  lines that do not belong together
                and signs stand on both sides

No model is needed. The pairs of an unknown domain pass: they are in their languages, and a long text has a
long translation, whatever it is about.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seq2seq.text.detection import detect_language
from seq2seq.text.languages import base_language

from .data.examples import Example

GROUPS, GROUP_CHARACTERS = 20, 200  # detection is sure of a few sentences, not of a label
FEWEST_GROUPS = 3
SURE, MOSTLY = 0.8, 0.7  # probability of a group's language; share of the groups that speak for one
FEWEST_PAIRS = 100  # fewer say little about lengths
BLOCK, MOST_BLOCKS = 100, 10  # pairs in a row; a lost line shifts all that follow
MOST_SHIFT = 2  # lines
NO_SIGN, CLEAR_SIGN = 3.0, 6.0  # standard deviations above pairs drawn at random

_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")


class SpokenLanguages(NamedTuple):
    """The languages in which most sources and most targets are; None where no language prevails."""

    source: str | None
    target: str | None


class PairEvidence(NamedTuple):
    """Evidence that pairs belong together.

    Attributes:
        sign: standard deviations by which lengths or shared tokens are above those of pairs at random.
        expected: the sign that the spread of the lengths lets expect of translations, roughly.
        shift: the lines by which most blocks of pairs in a row fit better; 0 where they are in their place.
    """

    sign: float
    expected: float
    shift: int

    @property
    def is_random(self) -> bool:
        """True where the sides look unrelated, although their lengths vary enough to tell."""
        return self.sign < NO_SIGN and self.expected > CLEAR_SIGN


def spoken_languages(pairs: Sequence[Example]) -> SpokenLanguages:
    """Return the languages in which the sources and the targets are, as far as the detector knows them."""
    expected = tuple(map(base_language, pairs[0].direction))
    if not set(expected) <= detect_language("a", expected).keys():  # it would name another language
        return SpokenLanguages(None, None)
    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    return SpokenLanguages(_prevailing(sources, expected), _prevailing(targets, expected))


def evidence_of(pairs: Sequence[Example]) -> PairEvidence:
    """Return how clearly the pairs of one direction, in the order of the corpus, belong together."""
    count = min(MOST_BLOCKS, max(1, round(len(pairs) / BLOCK)))
    length = min(BLOCK, len(pairs))
    starts = [number * (len(pairs) - length) // max(1, count - 1) for number in range(count)]
    blocks = [[pairs[place] for place in range(start, start + length)] for start in starts]
    chosen = [pair for block in blocks for pair in block]
    sign = max(_sign_of_lengths(chosen), _sign_of_tokens(chosen))
    votes = Counter(map(_best_shift, blocks))
    shift, votes_for_it = votes.most_common(1)[0]
    is_clear = count >= FEWEST_GROUPS and votes_for_it >= MOSTLY * count
    return PairEvidence(sign, _expected_sign(chosen), shift if is_clear else 0)


def _best_shift(pairs: Sequence[Example]) -> int:
    """Return the lines by which the targets of pairs in a row fit best; 0 where it is unclear."""
    edge, sources = MOST_SHIFT, [pair.source for pair in pairs]
    fits = {}
    for shift in range(-edge, edge + 1):
        moved = [
            Example(source, pairs[place + shift].target, *pairs[place].direction)
            for place, source in enumerate(sources)
            if edge <= place < len(pairs) - edge
        ]
        fits[shift] = (_sign_of_lengths(moved), _sign_of_tokens(moved))
    best = max(fits, key=lambda shift: sum(fits[shift]))
    gains = [mine - own for mine, own in zip(fits[best], fits[0], strict=True)]
    return best if best and min(gains) >= 0 and sum(gains) > NO_SIGN else 0


def _expected_sign(pairs: Sequence[Example]) -> float:
    """Return a rough sign of the lengths if the pairs were translations; texts of like length tell little."""
    lengths = np.log1p([[len(pair.source), len(pair.target)] for pair in pairs])
    spread = float(lengths.std(axis=0).min())
    # The lengths of translations differ by a quarter, those of a few characters by more.
    noise = 0.25 + float(np.exp(-lengths.mean(axis=0).min() / 2))
    return spread**2 / (spread**2 + noise**2) * float(np.sqrt(len(pairs)))


def _sign_of_lengths(pairs: Sequence[Example]) -> float:
    """Return the correlation of log-lengths in standard deviations of that of unrelated pairs."""
    lengths = np.log1p([[len(pair.source), len(pair.target)] for pair in pairs])
    if not lengths.std(axis=0).all():
        return 0.0
    return float(np.corrcoef(lengths.T)[0, 1] * np.sqrt(len(pairs)))


def _sign_of_tokens(pairs: Sequence[Example]) -> float:
    """Return how many tokens the sides share, above the mean of shuffled pairs, in standard deviations."""
    sources = [set(_TOKEN.findall(pair.source.casefold())) for pair in pairs]
    targets = [set(_TOKEN.findall(pair.target.casefold())) for pair in pairs]
    frequency = Counter(token for tokens in (*sources, *targets) for token in tokens)
    generator = random.Random(1)
    order = list(range(len(pairs)))
    shuffled = []
    for _ in range(10):
        generator.shuffle(order)
        shuffled.append(_shared(sources, [targets[place] for place in order], frequency))
    chance: NDArray[np.float64] = np.concatenate(shuffled)
    own = _shared(sources, targets, frequency)
    spread = float(chance.std())
    if not spread:
        return CLEAR_SIGN if own.mean() > chance.mean() else 0.0
    return float((own.mean() - chance.mean()) / spread * np.sqrt(len(pairs)))


def _shared(
    sources: Sequence[set[str]], targets: Sequence[set[str]], frequency: Counter[str]
) -> NDArray[np.float64]:
    """Return the weight of the tokens that each pair shares; a rare token weighs most."""
    return np.array(
        [
            sum(1 / frequency[token] for token in source & target)
            for source, target in zip(sources, targets, strict=True)
        ]
    )


def _prevailing(texts: Sequence[str], expected: Sequence[str]) -> str | None:
    """Return the language of most groups of texts, None where none prevails or the texts are too few."""
    found: Counter[str] = Counter()
    groups = _groups(texts)
    for group in groups:
        language, probability = next(iter(detect_language(group, expected).items()), ("", 0.0))
        if probability >= SURE:
            found[language] += 1
    if len(groups) < FEWEST_GROUPS or not found:
        return None
    language, count = found.most_common(1)[0]
    return language if count >= MOSTLY * len(groups) else None


def _groups(texts: Sequence[str]) -> list[str]:
    """Return texts evenly spread over all, joined to groups that are long enough to be detected."""
    groups: list[str] = []
    mean = max(1, sum(map(len, texts)) // len(texts))
    each = max(1, GROUP_CHARACTERS // mean)
    stride = max(1, len(texts) // (GROUPS * each))
    chosen = texts[::stride]
    for first in range(0, len(chosen), each):
        group = "\n".join(chosen[first : first + each])
        if len(group) >= GROUP_CHARACTERS // 3 and len(groups) < GROUPS:
            groups.append(group)
    return groups
