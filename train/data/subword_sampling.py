"""Subword regularization: training texts segmented at random, anew each epoch.

    bpe        l o w e r  ->  lo w er  ->  low er   each possible merge is left out with probability p
               (BPE-dropout, Provilkov et al. 2020)
    unigram    p(x) ~ (p(x_1) ... p(x_n)) ** alpha  over all segmentations x of a word (Kudo 2018), drawn
               backwards through the sums over all segmentations of each prefix of the word

An epoch's segmentations are a function of (seed, epoch) in every process, so a run resumed in another
process trains on the same pieces.
"""

# Why not SentencePiece's own sampling, which is 3 (bpe) to 6 (unigram) times faster: its generator can be
# seeded, and since 0.2.3 also anew in a thread that has drawn before (`set_random_generator_seed`), but from
# 0.2.2 on the seed is mixed with something of the process's own. Within a process the same seed repeats the
# draws, in the next process it gives others, so a resumed run would be another run. 0.2.1 repeated them.

import heapq
import math
import random
from collections.abc import Iterable, Iterator
from itertools import groupby

from seq2seq.config import EOS, UNK
from seq2seq.text.normalization import BLANK_PIECE, normalize
from seq2seq.text.tokenizer import Tokenizer

# Segmentations of a word an epoch. Its occurrences choose among them, each with the right distribution, so
# frequent words cost no more time than rare ones.
VARIANTS = 8
UNKNOWN_PENALTY = 10.0  # SentencePiece's: the score of an unknown character, below that of the rarest piece


def sample(
    sampler: "MergeDropout | UnigramSampling", texts: Iterable[str], generator: random.Random
) -> Iterator[list[int]]:
    """Yield the ids of each text, without start and end."""
    variants: dict[str, list[list[int]]] = {}
    for text in texts:
        ids: list[int] = []
        for word in split_words(text):
            known = variants.setdefault(word, [])
            choice = generator.randrange(VARIANTS)
            if choice >= len(known):
                known.append(_join_unknown(sampler.encode_word(word, generator)))
                choice = -1
            ids += known[choice]
        yield ids


def make_sampler(tokenizer: Tokenizer, strength: float) -> "MergeDropout | UnigramSampling":
    """Return the sampler for a vocabulary; `strength` is its p or alpha."""
    if tokenizer.subwords == "bpe":
        return MergeDropout(tokenizer, strength)
    return UnigramSampling(tokenizer, strength)


class MergeDropout:
    """BPE-dropout: each merge is left out with probability `dropout`; 0 is the tokenizer itself."""

    def __init__(self, tokenizer: Tokenizer, dropout: float):
        # A bpe vocabulary lists its merges in the order they were learned, so the lower id goes first.
        self.ids = _spelling_pieces(tokenizer)
        self.dropout = dropout

    def encode_word(self, word: str, generator: random.Random) -> list[int]:
        """Return a random segmentation of a word with its blank before it."""
        symbols: list[str | None] = list(word)
        after = list(range(1, len(word) + 1))
        before = list(range(-1, len(word) - 1))
        waiting: list[tuple[int, int, str]] = []

        def consider(left: int) -> None:
            right = after[left]
            if left >= 0 and right < len(word):
                merged = f"{symbols[left]}{symbols[right]}"
                if merged in self.ids:
                    heapq.heappush(waiting, (self.ids[merged], left, merged))

        for left in range(len(word) - 1):
            consider(left)
        while waiting:
            _, left, merged = heapq.heappop(waiting)
            right = after[left] if symbols[left] is not None else len(word)
            if right >= len(word) or f"{symbols[left]}{symbols[right]}" != merged:
                continue  # one of the two has since been merged with another
            if generator.random() < self.dropout:
                continue
            symbols[left], symbols[right] = merged, None
            after[left] = after[right]
            if after[left] < len(word):
                before[after[left]] = left
            if before[left] >= 0:
                consider(before[left])
            consider(left)
        return [self.ids.get(symbol, UNK) for symbol in symbols if symbol is not None]


class UnigramSampling:
    """Unigram sampling: probabilities raised to a power; with a high one the tokenizer itself."""

    def __init__(self, tokenizer: Tokenizer, power: float):
        scores = tokenizer.scores()
        self.ids = _spelling_pieces(tokenizer)
        self.weights = {piece: power * scores[index] for piece, index in self.ids.items()}
        self.unknown = power * (min(scores[index] for index in self.ids.values()) - UNKNOWN_PENALTY)
        self.longest = max(map(len, self.ids))

    def encode_word(self, word: str, generator: random.Random) -> list[int]:
        """Return a random segmentation of a word with its blank before it."""
        sums = [0.0]  # log of the summed weights of all segmentations of word[:end]
        ways: list[list[tuple[int, float]]] = [[]]  # starts of the last piece of word[:end], with weights
        for end in range(1, len(word) + 1):
            ways.append([])
            for start in range(max(0, end - self.longest), end):
                weight = self.weights.get(word[start:end], self.unknown if start == end - 1 else None)
                if weight is not None:
                    ways[end].append((start, sums[start] + weight))
            most = max(weight for _, weight in ways[end])
            sums.append(most + math.log(sum(math.exp(weight - most) for _, weight in ways[end])))
        ids, end = [], len(word)
        while end:
            starts, weights = zip(*ways[end], strict=True)
            (start,) = generator.choices(starts, [math.exp(weight - sums[end]) for weight in weights])
            ids.append(self.ids.get(word[start:end], UNK))
            end = start
        return ids[::-1]


def split_words(text: str) -> list[str]:
    """Return the words of a text as SentencePiece sees them: each with its blank before it."""
    return [BLANK_PIECE + word for word in normalize(text).text.split(" ") if word]


def _spelling_pieces(tokenizer: Tokenizer) -> dict[str, int]:
    """Return the pieces of texts with their ids, without special tokens and tags."""
    ids = range(EOS + 1 + len(tokenizer.tags), len(tokenizer))
    return dict(zip(tokenizer.pieces(ids), ids, strict=True))


def _join_unknown(ids: list[int]) -> list[int]:
    """Join adjacent unknown characters to one unknown piece, as SentencePiece does."""
    return [index for unknown, run in groupby(ids, UNK.__eq__) for index in ([UNK] if unknown else run)]
