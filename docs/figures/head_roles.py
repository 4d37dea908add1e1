"""Roles of the heads of a model, measured over sentences and their translations.

    entropy    -sum w ln w / ln(keys), 0 = one key takes all, 1 = all keys alike; mean over queries
    share      how much of a query's weight lies where a role says; mean over queries
    even       the share that equal weights would have

Roles of self-attention: the previous position, the same, the next, separators (punctuation, the start
and the end symbol); more loosely, the two before or the two after. Roles of cross-attention: the source
words linked with the word "to write" or with the one just "written", separators; more loosely, the
diagonal. The links come from the statistical aligner, which has seen no weight of the model.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.alignment.maps import AttentionMaps, Link, Span
from seq2seq.config import END, START
from seq2seq.text.normalization import BLANK_PIECE, word_spans

# A head has a role when that takes at least this share of its weight, and so many times the even share.
LEAST, TIMES = 0.3, 2.0
LOOSE = ("two before", "two after", "diagonal")  # said of a head only when nothing more exact can be


@dataclass(frozen=True)
class Head:
    """One head: its normalized entropy, and per role its share and that of equal weights."""

    entropy: float
    shares: dict[str, float]
    even: dict[str, float]

    @property
    def role(self) -> str:
        """The role with the largest share among those that stand out, or "mixed" if none does."""
        clear = [n for n, share in self.shares.items() if share >= max(LEAST, TIMES * self.even[n])]
        exact = [name for name in clear if name not in LOOSE]
        return max(exact or clear, key=lambda name: self.shares[name], default="mixed")


Heads = list[list[Head]]  # layers, heads


def measure_self(maps: Iterable[AttentionMaps], side: str) -> Heads:
    """Measure every self-attention head of the "encoder" or the "decoder"."""
    count = Count()
    for pair in maps:
        if side == "encoder":
            weights, pieces = pair.encoder, pair.source_tokens
        else:  # row t reads what was written up to piece t - 1
            weights, pieces = pair.decoder, [START, *pair.target_tokens[:-1]]
        places = torch.arange(len(pieces))
        off = places[None, :] - places[:, None]
        before = (off == -1) | (off == -2)
        shown = {"previous": off == -1, "same": off == 0, "two before": before}
        if side == "encoder":
            shown |= {"next": off == 1, "two after": (off == 1) | (off == 2)}
        shown["separators"] = separators(pieces).expand(len(pieces), -1)
        count.add(weights, shown, torch.ones_like(off).bool() if side == "encoder" else off <= 0)
    return count.heads()


def measure_cross(maps: Iterable[AttentionMaps], links: Iterable[set[Link]]) -> Heads:
    """Measure every cross-attention head; links are between the words of each pair."""
    count = Count()
    for pair, found in zip(maps, links, strict=True):
        rows, columns = len(pair.target_tokens), len(pair.source_tokens)
        linked = linked_pieces(pair, found)  # [pieces, columns]
        nothing = torch.zeros(1, columns, dtype=torch.bool)
        t, s = torch.arange(rows)[:, None], torch.arange(columns)[None, :]
        shown = {
            "to write": torch.cat([linked, nothing]),
            "written": torch.cat([nothing, linked]),
            "diagonal": ((t / max(1, rows - 1) - s / max(1, columns - 1)).abs() * (columns - 1)) < 1,
            "separators": separators(pair.source_tokens).expand(rows, -1),
        }
        count.add(pair.cross, shown, torch.ones(rows, columns, dtype=torch.bool))
    return count.heads()


class Count:
    """Sums over the queries of many pairs."""

    def __init__(self) -> None:
        self.entropy: Tensor = torch.zeros(())
        self.queries = 0
        self.shares: dict[str, Tensor] = {}
        self.even: dict[str, float] = {}
        self.asked: dict[str, int] = {}

    def add(self, weights: Tensor, shown: dict[str, Tensor], seen: Tensor) -> None:
        """Add weights [L, H, T, S], the positions of each role [T, S], and the visible keys [T, S].

        Queries with one key have no choice, those to which a role shows nothing cannot play it: they
        do not count.
        """
        keys = seen.sum(dim=1)
        free = keys > 1
        self.entropy = self.entropy + entropy(weights[:, :, free], keys[free]).sum(dim=-1)
        self.queries += int(free.sum())
        for name, places in shown.items():
            places = places & seen
            able = free & places.any(dim=1)
            self.shares.setdefault(name, torch.zeros(weights.shape[:2]))
            self.shares[name] += (weights * places)[:, :, able].sum(dim=(-1, -2))
            self.even[name] = self.even.get(name, 0.0) + float((places.sum(dim=1) / keys)[able].sum())
            self.asked[name] = self.asked.get(name, 0) + int(able.sum())

    def heads(self) -> Heads:
        """Return the means."""
        asked = {name: max(1, count) for name, count in self.asked.items()}
        even = {name: total / asked[name] for name, total in self.even.items()}
        return [
            [
                Head(
                    float(value) / max(1, self.queries),
                    {name: float(total[layer, head]) / asked[name] for name, total in self.shares.items()},
                    even,
                )
                for head, value in enumerate(row)
            ]
            for layer, row in enumerate(self.entropy)
        ]


def entropy(weights: Tensor, keys: Tensor) -> Tensor:
    """Return the entropy, 0 to 1, of weights [..., T, S] with `keys` [T] > 1 visible keys -> [..., T]."""
    bits = -torch.special.xlogy(weights, weights).sum(dim=-1)
    return bits / keys.float().log()


def separators(pieces: Sequence[str]) -> Tensor:
    """Mark the tokens that are punctuation or a special symbol: [S]."""
    return torch.tensor([_separates(piece) for piece in pieces])


def _separates(piece: str) -> bool:
    if piece in (START, END):
        return True
    bare = piece.replace(BLANK_PIECE, "")
    return bool(bare) and all(unicodedata.category(c).startswith("P") for c in bare)


def linked_pieces(pair: AttentionMaps, links: set[Link]) -> Tensor:
    """Return word links as token links: [target tokens, source tokens + 1]."""
    sources, targets = word_spans(pair.source), word_spans(pair.target)
    linked = torch.zeros(len(pair.target_spans), len(pair.source_spans) + 1, dtype=torch.bool)
    for s, t in links:
        for row, target in enumerate(pair.target_spans):
            for column, source in enumerate(pair.source_spans):
                if overlap(target, targets[t]) and overlap(source, sources[s]):
                    linked[row, column] = True
    return linked


def overlap(one: Span, other: Span) -> bool:
    """Return whether two spans of a text share a character."""
    return max(one[0], other[0]) < min(one[1], other[1])
