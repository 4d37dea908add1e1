"""Maps of one flow for every layer and head, over words or tokens, without the special symbols.

    flow     rows                     columns                  dropped
    cross    target, as predicted     source                   the columns of language tag and end symbol
             (or as read)
    encoder  source                   source                   rows and columns of tag and end symbol
    decoder  target, as read          target, as read          row and column of the start symbol

    weights [L, H + 1, T', S']   each row rescaled to sum to 1; the last plane of a layer is the mean
                                 of its heads
    hidden  [L, H + 1, T']       the weight that each row gave to dropped columns, from 0 to 1
    raw     [L, H + 1, T', S']   the weights as they are: a row and its `hidden` sum to 1
    special [L, H + 1, T', K]    the weight of each dropped column, named by `symbols`

Rescaling magnifies a row that gave nearly all its weight to a dropped column; `hidden` shows which rows did,
and `raw` is what a drawing should show.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.maps import AttentionMaps, Span, gather, letters_of, shares_of
from seq2seq.config import START
from seq2seq.text.attributes import unit_spans

Flow = Literal["cross", "encoder", "decoder"]
MapUnits = Literal["words", "pieces"]


class HeadMaps(NamedTuple):
    """All maps of one flow, [L, H + 1, T', S'], with the texts of rows and columns and what was dropped."""

    rows: list[str]
    columns: list[str]
    weights: Tensor
    hidden: Tensor
    raw: Tensor
    special: Tensor
    symbols: list[str]


def make_head_maps(
    maps: AttentionMaps, flow: Flow, units: MapUnits, read: Literal["output", "input"] = "output"
) -> HeadMaps:
    """Return the maps of a flow over words or tokens.

    A word's weight is the sum over its tokens in columns, and the mean over its characters in rows. `read`
    selects the row of the cross-attention that belongs to a target token, as in `AlignmentHead`.

    Raises:
        ValueError: an unknown flow or unit.
    """
    weights, special, symbols = _without_special(maps, flow, read)
    source, target = (maps.source, maps.source_spans), (maps.target, maps.target_spans)
    row_side = source if flow == "encoder" else target
    column_side = target if flow == "decoder" else source
    rows, row_shares = _units(*row_side, units)
    row_shares = letters_of(row_side[1], row_shares)
    columns, column_shares = _units(*column_side, units)
    means = row_shares / row_shares.sum(dim=0).clamp(min=1e-9)  # [pieces, units], each column sums to 1
    visible = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-9)
    return HeadMaps(
        rows,
        columns,
        gather(visible, row_shares, column_shares).clamp(max=1.0),
        torch.einsum("lhp,pt->lht", special.sum(dim=-1), means),
        (means.T @ weights @ column_shares).clamp(max=1.0),
        torch.einsum("lhpk,pt->lhtk", special, means),
        symbols,
    )


def _without_special(maps: AttentionMaps, flow: Flow, read: str) -> tuple[Tensor, Tensor, list[str]]:
    """Return unscaled maps [L, H + 1, P, Q], the dropped columns [L, H + 1, P, K] and their names."""
    pieces = len(maps.source_spans)  # followed by the language tag, if any, and the end symbol
    symbols = maps.source_tokens[pieces:]
    match flow:
        case "cross":
            full = _with_mean(maps.cross)
            rows = full[:, :, :-1] if read == "output" else full[:, :, 1:]
            return rows[..., :pieces], rows[..., pieces:], symbols
        case "encoder":
            rows = _with_mean(maps.encoder)[:, :, :pieces]
            return rows[..., :pieces], rows[..., pieces:], symbols
        case "decoder":
            rows = _with_mean(maps.decoder)[:, :, 1:]
            return rows[..., 1:], rows[..., :1], [START]
    raise ValueError(f'flow is {flow!r}; choose "cross", "encoder" or "decoder"')


def _with_mean(weights: Tensor) -> Tensor:
    weights = weights.float().cpu()
    return torch.cat([weights, weights.mean(dim=1, keepdim=True)], dim=1)


def _units(text: str, spans: list[Span], units: str) -> tuple[list[str], Tensor]:
    """Return the texts of the units and the share of each token that belongs to each: [pieces, units]."""
    if units == "pieces":
        return [text[start:end] for start, end in spans], torch.eye(len(spans))
    if units != "words":
        raise ValueError(f'units is {units!r}; choose "words" or "pieces"')
    words = unit_spans(text, "words")
    shares, first = shares_of(spans, words)
    touched = words[first : first + shares.shape[1]]
    return [text[start:end] for start, end in touched], shares
