"""Word links of the training pairs: counted once a run, and mapped to the pieces of each batch.

    texts --aligner--> links of tokens --links.gz--> links of pieces: (row, target piece, source piece)

Links are stored between tokens (words, punctuation by itself) of the normalized text, for pieces differ from
epoch to epoch where segmentation is sampled. A piece is linked to every piece of the tokens that its own
tokens are linked to.
"""

import gzip
import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.aligner import align_both_ways, rounds_of
from seq2seq.alignment.symmetrization import Link
from seq2seq.config import UNK
from seq2seq.text.normalization import BLANK_PIECE, bare_word_spans, normalize
from seq2seq.text.tokenizer import Tokenizer

from ..callbacks.checkpoint_io import write_beside
from .corpus import Direction
from .examples import Example
from .packed import IdPair


class LinkTable:
    """Links of many pairs, in one flat tensor."""

    def __init__(self, pairs: Iterable[Iterable[Link]]):
        # Lists of tuples take fifty times the memory.
        flat, ends = array("i"), [0]
        for links in pairs:
            for link in links:
                flat.extend(link)
            ends.append(len(flat) // 2)
        self.ends = torch.tensor(ends)
        self.links = torch.tensor(flat, dtype=torch.int32).reshape(-1, 2)

    def of_pair(self, place: int) -> list[Link]:
        """Return the links of one pair."""
        return self.links[self.ends[place] : self.ends[place + 1]].tolist()

    def of_pairs(self, places: Sequence[int]) -> Tensor:
        """Return the links [E, 3] of some pairs, each after its row: the pair's position in `places`."""
        chosen = torch.tensor(places, dtype=torch.int64)
        starts = self.ends[chosen]
        counts = self.ends[chosen + 1] - starts
        rows = torch.arange(len(places)).repeat_interleave(counts)
        # The k-th link of a row stands k behind the row's start in the table.
        shift = starts - (counts.cumsum(0) - counts)
        links = self.links[torch.arange(len(rows)) + shift[rows]]
        return torch.cat([rows.unsqueeze(1), links.long()], dim=1)


class TokenSpans(NamedTuple):
    """A normalized text and where its tokens start and end."""

    text: str
    starts: "array[int]"
    ends: "array[int]"


class WordLinks:
    """Links between the pieces of each training pair, from links between its tokens.

    Args:
        texts: the training pairs.
        links: links between the tokens of each of them.
        tokenizer: the vocabulary of the ids.
        fixed: the ids of each pair where they are the same in every epoch. The links of pieces are then
            computed once, here; else anew for each batch.
    """

    def __init__(
        self,
        texts: Sequence[Example],
        links: Sequence[Sequence[Link]],
        tokenizer: Tokenizer,
        fixed: Sequence[IdPair] | None = None,
    ):
        assert len(texts) == len(links)
        self.texts = texts
        self.tagged = bool(tokenizer.tags)
        self.surfaces = [piece.replace(BLANK_PIECE, " ") for piece in tokenizer.pieces(range(len(tokenizer)))]
        self.lengths = [len(surface) for surface in self.surfaces]
        self.spans: dict[str, TokenSpans] = {}
        self.tokens = LinkTable(links)
        self.pieces: LinkTable | None = None
        if fixed is not None:
            self.pieces = LinkTable(self._of_pair(place, pair) for place, pair in enumerate(fixed))
            self.spans.clear()

    def of_batch(self, places: Sequence[int], pairs: Sequence[IdPair]) -> Tensor:
        """Return links [E, 3] between pieces (row, target, source) of the pairs at these places."""
        if self.pieces is not None:
            return self.pieces.of_pairs(places)
        return LinkTable(map(self._of_pair, places, pairs)).of_pairs(range(len(places)))

    def _of_pair(self, place: int, pair: IdPair) -> list[Link]:
        """Return the links (target piece, source piece) of one pair."""
        linked: dict[int, list[int]] = {}
        for word, other in self.tokens.of_pair(place):
            linked.setdefault(other, []).append(word)
        if not linked:
            return []
        text, (source, target) = self.texts[place], pair
        sources: dict[int, list[int]] = {}
        untagged = source[:-1] if self.tagged else source
        for piece, tokens in enumerate(self._tokens_of_pieces(text.source, untagged)):
            for token in tokens:
                sources.setdefault(token, []).append(piece)
        links: list[Link] = []
        for piece, tokens in enumerate(self._tokens_of_pieces(text.target, target)):
            others: set[int] = set()
            for token in tokens:
                for word in linked.get(token, ()):
                    others.update(sources.get(word, ()))
            for other in sorted(others):
                links.append((piece, other))
        return links

    def _tokens_of_pieces(self, text: str, ids: Sequence[int]) -> list[range]:
        """Return the tokens that each piece touches; a lone blank touches the token after it."""
        # One pass over pieces and tokens, both in the order of the text, without a call per piece: such calls
        # were half of the Python calls of a training step.
        plain, starts, ends = self.spans.get(text) or self._spans_of(text)
        touched: list[range] = []
        start = -1  # SentencePiece puts one blank before the text
        first, count = 0, len(starts)
        for number, index in enumerate(ids):
            end = start + self.lengths[index]
            if index == UNK:  # as long as it takes to where the next piece begins
                following = self.surfaces[ids[number + 1]] if number + 1 < len(ids) else ""
                end = f" {plain}".find(following, start + 2) - 1 if following else len(plain)
            begin = start + 1 if start < 0 or plain[start : start + 1] == " " else start
            while first < count and ends[first] <= begin:
                first += 1
            last, stop = first, max(end, begin + 1)
            while last < count and starts[last] < stop:
                last += 1
            touched.append(range(first, last))
            start = end
        return touched

    def _spans_of(self, text: str) -> TokenSpans:
        """Return where the tokens of a text are, computed once a text."""
        plain = normalize(text).text
        spans = bare_word_spans(plain)
        starts, ends = (array("i", [span[side] for span in spans]) for side in (0, 1))
        self.spans[text] = TokenSpans(plain, starts, ends)
        return self.spans[text]


def load_links(cache: Path, texts: Sequence[Example], advance: Callable[[], object]) -> list[list[Link]]:
    """Return the token links of each pair: from the cache if it is of these texts, else counted now."""
    signature = _signature(texts)
    if (cached := _read(cache, signature, len(texts))) is not None:
        return cached
    links = count_links(texts, advance)
    lines = [signature, *(" ".join(f"{s}-{t}" for s, t in pair) for pair in links)]
    data = gzip.compress("\n".join(lines).encode(), mtime=0)
    write_beside(cache, lambda file: file.write(data))
    return links


def rounds_for(texts: Sequence[Example]) -> int:
    """Return how often `load_links` calls `advance` where it has to count."""
    return sum(rounds_of(len(pairs)) for pairs in _undirected(texts).values())


def count_links(texts: Sequence[Example], advance: Callable[[], object]) -> list[list[Link]]:
    """Return links counted for each two languages separately, once for both directions."""
    counted: dict[tuple[Direction, str, str], list[Link]] = {}
    for direction, pairs in _undirected(texts).items():
        tokens = [(_tokens(one), _tokens(other)) for one, other in pairs]
        for pair, links in zip(pairs, align_both_ways(tokens, advance=advance).grown, strict=True):
            counted[(direction, *pair)] = sorted(links)
    return [
        counted[key]
        if (key := (text.direction, text.source, text.target)) in counted
        else [(t, s) for s, t in counted[text.direction[::-1], text.target, text.source]]
        for text in texts
    ]


def _undirected(texts: Sequence[Example]) -> dict[Direction, list[tuple[str, str]]]:
    """Return the distinct pairs of each two languages, in the direction that comes first."""
    distinct: dict[Direction, dict[tuple[str, str], None]] = {}
    for text in texts:
        source, target = text.direction
        if (target, source) in distinct:
            distinct[target, source][text.target, text.source] = None
        else:
            distinct.setdefault((source, target), {})[text.source, text.target] = None
    return {direction: list(pairs) for direction, pairs in distinct.items()}


def _tokens(text: str) -> list[str]:
    text = normalize(text).text
    return [text[start:end] for start, end in bare_word_spans(text)]


def _signature(texts: Sequence[Example]) -> str:
    """Return a hash of the texts that the links are of."""
    digest = hashlib.sha256()
    for pair in texts:
        for text in (pair.source, pair.target):
            digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _read(cache: Path, signature: str, count: int) -> list[list[Link]] | None:
    """Return the links of a cache, None where it is missing, damaged or of other texts."""
    try:
        first, *lines = gzip.decompress(cache.read_bytes()).decode().split("\n")
        links = [[_link(text) for text in line.split()] for line in lines]
    except (OSError, EOFError, ValueError):
        return None
    return links if first == signature and len(links) == count else None


def _link(text: str) -> Link:
    source, target = text.split("-")
    return int(source), int(target)
