"""Word links of the training pairs, counted once a run, and what they say of each batch's pieces.

    texts --aligner--> links of tokens --links.gz--> with a batch's pieces: (row, target piece, source piece)

Links are kept over tokens (words, punctuation by itself) of the normalised text, and given to pieces when a
batch is made, for pieces are cut anew each epoch where segmentation is sampled. A piece is linked to every
piece of the tokens that its own tokens are linked to.
"""

import gzip
import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from seq2seq.alignment.aligner import align_both_ways, rounds_of
from seq2seq.alignment.maps import Span
from seq2seq.alignment.symmetrization import Link
from seq2seq.config import UNK
from seq2seq.text.normalization import BLANK_PIECE, bare_word_spans, normalize
from seq2seq.text.tokenizer import Tokenizer

from ..callbacks.checkpoint_io import write_beside
from .batch_order import IdPair
from .corpus import Direction
from .examples import Example


class WordLinks:
    """Links between the tokens of each training pair, in the order of the texts."""

    def __init__(self, texts: Sequence[Example], links: Sequence[Sequence[Link]], tokenizer: Tokenizer):
        assert len(texts) == len(links)
        self.texts = texts
        self.tagged = bool(tokenizer.tags)
        self.spelt = [piece.replace(BLANK_PIECE, " ") for piece in tokenizer.pieces(range(len(tokenizer)))]
        # Flat, since a list of small lists takes fifty times the room.
        self.ends = [0]
        for pair in links:
            self.ends.append(self.ends[-1] + len(pair))
        self.flat = torch.tensor([link for pair in links for link in pair], dtype=torch.int16).reshape(-1, 2)

    def of_batch(self, places: Sequence[int], pairs: Sequence[IdPair]) -> Tensor:
        """Links [E, 3] between pieces (row, target, source) of the pairs with these places in the corpus."""
        found = [
            (row, target, source)
            for row, (place, pair) in enumerate(zip(places, pairs, strict=True))
            for target, source in self._of_pair(place, pair)
        ]
        return torch.tensor(found, dtype=torch.int64).reshape(-1, 3)

    def _of_pair(self, place: int, pair: IdPair) -> list[Link]:
        """Links (target piece, source piece) of one pair."""
        linked: dict[int, list[int]] = defaultdict(list)
        for word, other in self.flat[self.ends[place] : self.ends[place + 1]].tolist():
            linked[other].append(word)
        text, (source, target) = self.texts[place], pair
        sources = self._tokens_of_pieces(text.source, source[:-1] if self.tagged else source)
        targets = self._tokens_of_pieces(text.target, target)
        pieces: dict[int, list[int]] = defaultdict(list)
        for piece, tokens in enumerate(sources):
            for token in tokens:
                pieces[token].append(piece)
        return [
            (piece, other)
            for piece, tokens in enumerate(targets)
            for other in sorted({p for token in tokens for source in linked[token] for p in pieces[source]})
        ]

    def _tokens_of_pieces(self, text: str, ids: Sequence[int]) -> list[range]:
        """The tokens that each piece touches; a lone blank touches the token after it."""
        text = normalize(text).text
        spans = bare_word_spans(text)
        starts, ends = [start for start, _ in spans], [end for _, end in spans]
        return [
            range(bisect_right(ends, start), bisect_left(starts, max(end, start + 1)))
            for start, end in self._spans(text, ids)
        ]

    def _spans(self, text: str, ids: Sequence[int]) -> list[Span]:
        """Where each piece stands in a normalised text, without the blank before it."""
        text = " " + text  # as SentencePiece reads it
        spans, start = [], 0
        for number, index in enumerate(ids):
            end = start + len(self.spelt[index])
            if index == UNK:  # as long as it takes to where the next piece begins
                following = self.spelt[ids[number + 1]] if number + 1 < len(ids) else ""
                end = text.find(following, start + 1) if following else len(text)
            blank = text[start : start + 1] == " "
            spans.append((start + blank - 1, end - 1))
            start = end
        return spans


def load_links(cache: Path, texts: Sequence[Example], advance: Callable[[], object]) -> list[list[Link]]:
    """Links between the tokens of each pair: those in the cache if they are of these texts, else counted."""
    signature = _signature(texts)
    if (found := _read(cache, signature, len(texts))) is not None:
        return found
    links = _count(texts, advance)
    lines = [signature, *(" ".join(f"{s}-{t}" for s, t in pair) for pair in links)]
    data = gzip.compress("\n".join(lines).encode(), mtime=0)
    write_beside(cache, lambda file: file.write(data))
    return links


def rounds_for(texts: Sequence[Example]) -> int:
    """How often `load_links` calls `advance` where it has to count."""
    return sum(rounds_of(len(pairs)) for pairs in _undirected(texts).values())


def _count(texts: Sequence[Example], advance: Callable[[], object]) -> list[list[Link]]:
    """Links counted for each pair of languages by itself, once for both directions."""
    found: dict[tuple[Direction, str, str], list[Link]] = {}
    for direction, pairs in _undirected(texts).items():
        tokens = [(_tokens(one), _tokens(other)) for one, other in pairs]
        for pair, links in zip(pairs, align_both_ways(tokens, advance=advance).grown, strict=True):
            found[(direction, *pair)] = sorted(links)
    return [
        found[key]
        if (key := (each.direction, each.source, each.target)) in found
        else [(t, s) for s, t in found[each.direction[::-1], each.target, each.source]]
        for each in texts
    ]


def _undirected(texts: Sequence[Example]) -> dict[Direction, list[tuple[str, str]]]:
    """The different pairs of each two languages, in the direction that comes first."""
    found: dict[Direction, dict[tuple[str, str], None]] = {}
    for each in texts:
        source, target = each.direction
        if (target, source) in found:
            found[target, source][each.target, each.source] = None
        else:
            found.setdefault((source, target), {})[each.source, each.target] = None
    return {direction: list(pairs) for direction, pairs in found.items()}


def _tokens(text: str) -> list[str]:
    text = normalize(text).text
    return [text[start:end] for start, end in bare_word_spans(text)]


def _signature(texts: Sequence[Example]) -> str:
    """What the links depend on."""
    digest = hashlib.sha256()
    for pair in texts:
        for text in (pair.source, pair.target):
            digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _read(cache: Path, signature: str, count: int) -> list[list[Link]] | None:
    """The links of a cache, None where it is missing, damaged or of other texts."""
    try:
        first, *lines = gzip.decompress(cache.read_bytes()).decode().split("\n")
        links = [[_link(text) for text in line.split()] for line in lines]
    except (OSError, EOFError, ValueError):
        return None
    return links if first == signature and len(links) == count else None


def _link(text: str) -> Link:
    source, target = text.split("-")
    return int(source), int(target)
