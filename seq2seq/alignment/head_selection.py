"""The cross-attention head that is read as word alignment, chosen by links of some pairs, and its share."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from seq2seq.alignment.maps import Alignment, AttentionMaps, Read, gather, letters_of, piece_rows, shares_of
from seq2seq.alignment.symmetrization import Link
from seq2seq.storage.settings import AlignmentHead
from seq2seq.text.normalization import word_spans

SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]  # among which `choose_share` chooses


class HeadChoice(NamedTuple):
    """A head that was chosen, and the share of linked words, from 0 to 1, on which it agrees."""

    head: AlignmentHead
    agreement: float


def choose_head(
    maps: Iterable[AttentionMaps],
    links: Iterable[Iterable[Link]],
    units: Literal["words", "blanks"] = "words",
) -> HeadChoice:
    """The head, and the way of reading it, that agrees best with given links of the same pairs.

    Agreement is the share of linked target words whose strongest source word is one they are
    linked to. Which head that is differs from training to training: it is measured, never assumed.

    Raises:
        ValueError: no links were given.
    """
    agreed: dict[Read, Tensor] = {}
    linked = 0
    for pair, gold in zip(maps, links, strict=True):
        sources = word_spans(pair.source, units)
        targets = word_spans(pair.target, units)
        truth = torch.zeros(len(targets), len(sources), dtype=torch.bool)
        for s, t in gold:
            truth[t, s] = True
        columns, s = shares_of(pair.source_spans, sources)
        rows, t = shares_of(pair.target_spans, targets)
        rows = letters_of(pair.target_spans, rows)
        truth = truth[t : t + rows.shape[1], s : s + columns.shape[1]]
        if not truth.any():
            continue
        linked += int(truth.any(dim=1).sum())
        for read in get_args(Read):
            weights = gather(piece_rows(pair.cross, len(pair.source_spans), read), rows, columns)
            strongest = weights.argmax(dim=-1)  # [L, H, T']
            hits = truth[torch.arange(len(truth)), strongest].sum(dim=-1)
            agreed[read] = agreed[read] + hits if read in agreed else hits
    if not agreed:
        raise ValueError("no links were given; the alignment head is chosen by links of some pairs")
    read = max(agreed, key=lambda name: int(agreed[name].max()))
    layer, head = divmod(int(agreed[read].argmax()), agreed[read].shape[1])
    return HeadChoice(AlignmentHead(layer, head, read), int(agreed[read].max()) / linked)


def choose_share(
    alignments: Sequence[Alignment],
    links: Sequence[Iterable[Link]],
    units: Literal["words", "blanks"] = "words",
) -> float:
    """The share (`Alignment.share`) whose links agree best with given links of the same pairs.

    They agree by 2 |A & L| / (|A| + |L|), A what is found, L what is given; of equals the largest wins.
    """
    given = [set(pair) for pair in links]
    agreed = {}
    for share in SHARES:
        found = [set(replace(alignment, share=share).links(units)) for alignment in alignments]
        both = sum(len(one & other) for one, other in zip(found, given, strict=True))
        agreed[share] = 2 * both / max(1, sum(map(len, found)) + sum(map(len, given)))
    return max(SHARES, key=lambda share: (agreed[share], share))
