"""Attention maps of a pair of texts, and the word alignment read from one head.

    maps  [L, H, T, S]   T = target tokens + 1, S = source tokens + 1: the end symbol is last, after the
                         language tag where the model has tags
    rows  [P, Q]         one head, one row for each target token: row t ("output") or t + 1 ("input"). The
                         columns of language tag and end symbol are dropped, and each row sums to 1 again
    words [T', S']       sum over the tokens of a source word, mean over the characters of a target word
    link  s-t            chosen from both sides, or from one side next to such a link (symmetrization.py);
                         spelling and position weigh in (lexical_prior.py)

A token that covers several words (Han characters) divides its weight among them by length.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.coverage import is_copied, uncovered_stretches
from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.lexical_prior import lexical_prior
from seq2seq.alignment.symmetrization import Link, read_both
from seq2seq.text.attributes import unit_spans
from seq2seq.text.normalization import word_spans

Span = tuple[int, int]  # characters start to end (exclusive) in the original text
Units = Literal["words", "pieces", "blanks"]
Read = Literal["output", "input"]  # the row of the map that belongs to a target token

# Of the lexical prior. Chosen together with `symmetrization.LEAST` by agreement with the links of the
# statistical aligner (benchmarks/counted_links.py).
LETTERS, TENSION = 2.0, 1.0


class Grid(NamedTuple):
    """Weights [T', S'] between units of two texts, with the character span of each unit."""

    source_spans: list[Span]
    target_spans: list[Span]
    weights: Tensor


@dataclass(frozen=True)
class Alignment:
    """The alignment of a target text with its source, part by part.

    Each grid of `parts` is over tokens, with spans in the whole texts. Words of different parts have no
    weight between them.
    """

    source: str
    target: str
    parts: tuple[Grid, ...]
    share: float = AlignmentHead.share

    def links(self, units: Units = "words") -> list[Link]:
        """Return the links (source unit, target unit), counted from 0 and sorted by source unit.

        Each unit of either side chooses the units of the other side with at least `share` of its strongest
        candidate. `symmetrization.read_both` joins the choices of both sides. A shared beginning of two words
        raises their strength, distance from the diagonal lowers it (`lexical_prior`). With "words", units are
        blank-separated, and single characters in scripts without blanks.
        """
        return sorted(
            (first_source + s, first_target + t)
            for grid, first_source, first_target in self._grids(units)
            for s, t in read_both(grid.weights, self.share, self._lexical_prior(grid))
        )

    def pharaoh(self) -> str:
        """Return the links of blank-separated words in Pharaoh format: `0-0 1-2 ...`, source first."""
        return " ".join(f"{s}-{t}" for s, t in self.links("blanks"))

    def matrix(self, units: Units = "words") -> Grid:
        """Return all weights between the units of both texts as one grid."""
        sources, targets = self._units(units)
        weights = torch.zeros(len(targets), len(sources))
        for grid, s, t in self._grids(units):
            height, width = grid.weights.shape
            weights[t : t + height, s : s + width] += grid.weights
        return Grid(sources, targets, weights / weights.sum(dim=1, keepdim=True).clamp(min=1.0))

    def uncovered(self) -> list[Span]:
        """Return the stretches of source words that no target word looked at, as characters of the source.

        Marks, and words that were copied, count nothing.
        """
        spans = []
        for grid, _, _ in self._grids("words"):
            weights = grid.weights / grid.weights.sum(dim=1, keepdim=True).clamp(min=1.0)
            greatest = weights.amax(0).tolist() if len(weights) else [0.0] * len(grid.source_spans)
            words = [self.source[start:end] for start, end in grid.source_spans]
            looked_at = [
                None if not any(map(str.isalnum, word)) or is_copied(word, self.target) else weight
                for word, weight in zip(words, greatest, strict=True)
            ]
            spans += [
                (grid.source_spans[first][0], grid.source_spans[after - 1][1])
                for first, after in uncovered_stretches(looked_at)
            ]
        return spans

    def to_json(self, units: Units = "words") -> dict[str, Any]:
        """Return units with texts and character spans, weights [T', S'] and links, as JSON values."""
        grid = self.matrix(units)
        return {
            "source": _described(self.source, grid.source_spans),
            "target": _described(self.target, grid.target_spans),
            "weights": [[round(weight, 4) for weight in row] for row in grid.weights.tolist()],
            "links": [list(link) for link in self.links(units)],
        }

    def _lexical_prior(self, grid: Grid) -> Tensor:
        sources = [self.source[start:end].strip().casefold() for start, end in grid.source_spans]
        targets = [self.target[start:end].strip().casefold() for start, end in grid.target_spans]
        return lexical_prior(sources, targets, LETTERS, TENSION)

    def _units(self, units: Units) -> tuple[list[Span], list[Span]]:
        if units == "pieces":
            sources = [span for part in self.parts for span in part.source_spans]
            return sources, [span for part in self.parts for span in part.target_spans]
        if units in ("words", "blanks"):
            return unit_spans(self.source, units), word_spans(self.target, units)
        raise ValueError(f'units is {units!r}; choose "words", "pieces" or "blanks"')

    def _grids(self, units: Units) -> Iterable[tuple[Grid, int, int]]:
        """Yield each part over the units it touches, with the index of its first source and target unit."""
        sources, targets = self._units(units)
        s = t = 0
        for part in self.parts:
            if units == "pieces":
                yield part, s, t
                s, t = s + len(part.source_spans), t + len(part.target_spans)
                continue
            columns, s = shares_of(part.source_spans, sources)
            rows, t = shares_of(part.target_spans, targets)
            weights = gather(part.weights, letters_of(part.target_spans, rows), columns)
            yield Grid(sources[s : s + columns.shape[1]], targets[t : t + rows.shape[1]], weights), s, t


@dataclass(frozen=True)
class AttentionMaps:
    """All attention maps of one forced pass over a source and its target.

    Shapes: cross [L, H, T, S], encoder [L, H, S, S], decoder [L, H, T, T]. `source_tokens` and
    `target_tokens` are the S and T tokens, the end symbol last. Spans belong to the tokens of the texts, so
    the end symbol and a language tag before it have none. Row t of cross and decoder is the step whose input
    is token t - 1 and which predicts token t.
    """

    cross: Tensor
    encoder: Tensor
    decoder: Tensor
    source_tokens: list[str]
    target_tokens: list[str]
    source: str
    target: str
    source_spans: list[Span]
    target_spans: list[Span]

    def alignment(self, head: AlignmentHead) -> Alignment:
        """Return the alignment that one head of the cross-attention shows.

        Raises:
            ValueError: the model has no such layer or head.
        """
        layers, heads = self.cross.shape[:2]
        if head.layer >= layers or head.head >= heads:
            raise ValueError(
                f"layer {head.layer}, head {head.head} is not among the {layers} layers of {heads} heads, "
                "counted from 0"
            )
        rows = piece_rows(self.cross[head.layer, head.head], len(self.source_spans), head.read)
        grid = Grid(self.source_spans, self.target_spans, rows)
        return Alignment(self.source, self.target, (grid,), head.share)


def _described(text: str, spans: list[Span]) -> list[dict[str, Any]]:
    return [{"text": text[start:end], "start": start, "end": end} for start, end in spans]


def piece_rows(cross: Tensor, pieces: int, read: Read) -> Tensor:
    """Return the rows of target tokens over source tokens: [..., T, S] -> [..., T - 1, pieces]."""
    rows = (cross[..., :-1, :pieces] if read == "output" else cross[..., 1:, :pieces]).float().cpu()
    return rows / rows.sum(dim=-1, keepdim=True).clamp(min=1e-9)


def shares_of(pieces: list[Span], units: list[Span]) -> tuple[Tensor, int]:
    """Return the share of each token that belongs to each unit, and the index of the first unit touched.

    The shares are [pieces, units touched]. Each row sums to 1, or to 0 for a token that touches no unit.
    """
    starts, ends = [start for start, _ in units], [end for _, end in units]
    touched = []
    for start, end in pieces:
        # An empty span, such as that of a lone blank, touches the unit at its place.
        # An empty span, such as that of a lone blank, touches the unit at its place.
        touched.append((bisect_right(ends, start), bisect_left(starts, max(end, start + 1))))
    real = [(low, high) for low, high in touched if low < high]
    first = min((low for low, _ in real), default=0)
    shares = torch.zeros(len(pieces), max((high for _, high in real), default=0) - first)
    for row, (low, high), (start, end) in zip(shares, touched, pieces, strict=True):
        for unit in range(low, high):
            row[unit - first] = max(1, min(end, ends[unit]) - max(start, starts[unit]))
    return shares / shares.sum(dim=1, keepdim=True).clamp(min=1.0), first


def letters_of(pieces: list[Span], shares: Tensor) -> Tensor:
    """Return how many characters of each unit belong to each token: [pieces, units].

    Means over the tokens of a word are weighted by them, so that a full stop counts little in the word it
    ends.
    """
    lengths = [max(1, end - start) for start, end in pieces]
    return shares * torch.tensor(lengths, dtype=shares.dtype).reshape(-1, 1)


def gather(weights: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Sum weights of tokens [..., P, Q] to weights of words [..., T', S']; rows sum to 1 or, empty, to 0."""
    words = rows.T @ weights @ columns
    return words / words.sum(dim=-1, keepdim=True).clamp(min=1e-9)
