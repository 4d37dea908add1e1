"""Choice of the cross-attention head that is read as word alignment, and of its threshold, by given links."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.maps import Alignment, AttentionMaps, Read, gather, letters_of, piece_rows, shares_of
from seq2seq.alignment.symmetrization import Link
from seq2seq.text.normalization import word_spans

SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]  # candidates of `choose_share`


class HeadChoice(NamedTuple):
    """A chosen head, and its agreement with the given links: the share of linked words, from 0 to 1."""

    head: AlignmentHead
    agreement: float


def choose_head(
    maps: Iterable[AttentionMaps],
    links: Iterable[Iterable[Link]],
    units: Literal["words", "blanks"] = "words",
) -> HeadChoice:
    """Return the head, and the row it is read in, that agrees best with given links of the same pairs.

    Agreement is the share of linked target words whose strongest source word is linked to them. The best head
    differs from training to training, so it is measured for each model.

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
    """Return the threshold (`Alignment.share`) whose links agree best with given links of the same pairs.

    Agreement is 2 |A & L| / (|A| + |L|), A the predicted and L the given links. Among equals the largest
    threshold wins.
    """
    gold = [set(pair) for pair in links]
    agreed = {}
    for share in SHARES:
        predicted = [set(replace(alignment, share=share).links(units)) for alignment in alignments]
        common = sum(len(one & other) for one, other in zip(predicted, gold, strict=True))
        agreed[share] = 2 * common / max(1, sum(map(len, predicted)) + sum(map(len, gold)))
    return max(SHARES, key=lambda share: (agreed[share], share))
