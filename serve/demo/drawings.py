"""Small pictures for the learn tab, as SVG, from the maps of the reader's own sentence.

    flows   three small maps: source asks source, translation asks itself, translation asks source
    heads   the heads of one layer of the cross-attention, side by side

They hold no words, so they need no language; the text stands around them.
"""

from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_maps import Flow
from seq2seq.alignment.maps import AttentionMaps

SIDE = 150.0  # pixels of a small picture's longer side


def draw_flows(maps: AttentionMaps, aligned: AlignmentHead) -> dict[Flow, str]:
    """Return one map of each flow: the mean of a layer's heads, for cross-attention the alignment head."""
    layer = min(aligned.layer, len(maps.encoder) - 1)
    return {
        "encoder": draw_figure(maps.encoder[layer].mean(dim=0), "encoder"),
        "decoder": draw_figure(maps.decoder[aligned.layer].mean(dim=0), "decoder"),
        "cross": draw_figure(maps.cross[aligned.layer, aligned.head], "cross"),
    }


def draw_heads(maps: AttentionMaps, aligned: AlignmentHead) -> str:
    """Return the heads of one layer of the cross-attention, that of the alignment head."""
    figures = "".join(
        f"<figure>{draw_figure(weights, 'cross')}<figcaption>{head}</figcaption></figure>"
        for head, weights in enumerate(maps.cross[aligned.layer])
    )
    return f'<div class="figures">{figures}</div>'


def draw_figure(weights: Tensor, flow: Flow) -> str:
    """Return a map [T, S] as shaded cells; those below 1 % are left out, which keeps the page small."""
    rows, columns = weights.shape
    cell = SIDE / max(rows, columns)
    cells = "".join(
        f'<rect x="{s * cell:.1f}" y="{t * cell:.1f}" width="{cell * 0.92:.1f}" height="{cell * 0.92:.1f}" '
        f'fill-opacity="{weight:.2f}"/>'
        for t, row in enumerate(weights.tolist())
        for s, weight in enumerate(row)
        if weight >= 0.01
    )
    width, height = columns * cell, rows * cell
    return (
        f'<svg class="figure" aria-hidden="true" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'width="{width:.0f}" height="{height:.0f}"><rect class="ground" width="{width:.1f}" '
        f'height="{height:.1f}" rx="4"/><g class="{flow}">{cells}</g></svg>'
    )
