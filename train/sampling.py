"""Sampled segmentation: BPE-dropout (Provilkov et al. 2020), from our own random numbers.

    l o w e r  ->  lo w er  ->  low er      each possible merge is left out with probability p

SentencePiece samples too, but its generator cannot be seeded across processes, so a resumed run would
be another. A word is cut in at most `VARIANTS` ways an epoch, which its occurrences draw from: each
occurrence is cut as BPE-dropout would, and frequent words cost no more than rare ones.
"""

import heapq
import random
from collections.abc import Sequence

from seq2seq.config import EOS, UNK
from seq2seq.text import BLANK_PIECE, normalize
from seq2seq.tokenizer import Tokenizer

VARIANTS = 8


class MergeDropout:
    """A bpe tokenizer that leaves out each merge with probability `dropout`; 0 is the tokenizer itself."""

    def __init__(self, tokenizer: Tokenizer, dropout: float):
        # A bpe vocabulary lists its merges in the order they were learned, so the lower id goes first.
        pieces = enumerate(tokenizer.pieces(range(len(tokenizer))))
        self.ids = {piece: index for index, piece in pieces if index > EOS}
        self.dropout = dropout

    def encode_all(self, texts: Sequence[str], generator: random.Random) -> list[list[int]]:
        """The ids of each text, without start and end."""
        variants: dict[str, list[list[int]]] = {}
        encoded = []
        for text in texts:
            ids: list[int] = []
            for word in split_words(text):
                known = variants.setdefault(word, [])
                choice = generator.randrange(VARIANTS)
                if choice >= len(known):
                    known.append(self.encode_word(word, generator))
                    choice = -1
                ids += known[choice]
            encoded.append(ids)
        return encoded

    def encode_word(self, word: str, generator: random.Random) -> list[int]:
        """One random segmentation of a word with its blank before it."""
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
                continue  # one of the two has been merged with another since
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


def split_words(text: str) -> list[str]:
    """The words of a text as SentencePiece sees them: each with its blank before it."""
    return [BLANK_PIECE + word for word in normalize(text).text.split(" ") if word]
