"""Drawing of all attention maps of a pair of texts, as matrix or ribbons, with an overview to click.

    AttentionMaps ─> one HeadMaps a flow and unit ─> 16-bit numbers ─> the browser

Weights are sent as they are, with those of special symbols (end of the text, language tag) beside them:
rescaled, a row that gave 99 % to the end symbol would look certain of a word.

All maps are sent at once where they are small (BUDGET), so that choosing another is instant. Those that do
not fit are left out: the page shows small pictures of all and asks Python for the map that is chosen
("missing").
"""

import base64
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_maps import Flow, HeadMaps, MapUnits, make_head_maps
from seq2seq.alignment.maps import AttentionMaps

from .view import View

BUDGET = 400_000  # bytes of the maps that are sent with a value
THUMBNAIL = 24  # the longest side, in cells, of the small picture of a map that is not sent
FLOWS: tuple[Flow, ...] = ("cross", "encoder", "decoder")


class MapSelection(NamedTuple):
    """The choice of a map; layer and head count from 0, head "mean" is the mean of a layer's heads."""

    flow: Flow = "cross"
    units: MapUnits = "words"
    layer: int = 0
    head: int | Literal["mean"] = 0


class AttentionView(View):
    """Maps of every layer and head.

    Its events carry `flow`, `units`, `layer`, `head` and `drawing`:

    `select`   another map was chosen
    `missing`  the chosen map was not sent with the value; send one of `attention_data(..., choice)`
    """

    SCRIPT = "attention"


def attention_data(
    maps: AttentionMaps,
    aligned: AlignmentHead,
    choice: MapSelection | None = None,
    *,
    name: str = "",
    growing: bool = False,
) -> dict[str, Any]:
    """Return the value of an AttentionView.

    Args:
        maps: The maps of all layers and heads.
        aligned: The head that is read as word alignment: the first to be shown, and marked.
        choice: A map to show instead of the one that the reader looks at now.
        name: The model's name: another name resets what the reader chose; it also titles exports.
        growing: Whether the text is still being written.
    """
    first = choice or MapSelection(layer=aligned.layer, head=aligned.head)
    order = [(first.flow, first.units)]
    order += [(flow, units) for units in ("words", "pieces") for flow in FLOWS if (flow, units) not in order]
    sheets, left = [], BUDGET
    for flow, units in order:
        sheet = make_head_maps(maps, flow, units, aligned.read)
        size = 2 * sheet.raw.numel()  # two bytes a weight
        if size <= left:
            left -= size
            sheets.append(_sheet_data(flow, units, sheet, None))
        elif (flow, units) == order[0]:
            left = 0  # the chosen map comes first, whatever its size; then nothing else is sent
            sheets.append(_sheet_data(flow, units, sheet, (first.layer, first.head)))
    return {
        "name": name,
        "sheets": sheets,
        "aligned": {"layer": aligned.layer, "head": aligned.head, "read": aligned.read},
        "choice": None if choice is None else choice._asdict(),
        "growing": growing,
        "source": maps.source,
        "target": maps.target,
    }


def _sheet_data(
    flow: Flow, units: MapUnits, sheet: HeadMaps, only: tuple[int, int | str] | None
) -> dict[str, Any]:
    """Return the maps of a flow: all or, with small pictures of the others, only one."""
    layers, planes = sheet.raw.shape[:2]
    names = [*map(str, range(planes - 1)), "mean"]
    sent = [(layer, plane) for layer in range(layers) for plane in range(planes)]
    if only is not None:
        sent = [(layer, plane) for layer, plane in sent if (layer, names[plane]) == (only[0], str(only[1]))]
    return {
        "flow": flow,
        "units": units,
        "rows": sheet.rows,
        "columns": sheet.columns,
        "layers": layers,
        "heads": planes - 1,
        "symbols": sheet.symbols,
        "maps": {f"{la}.{names[p]}": _packed(sheet.raw[la, p]) for la, p in sent},
        "special": {f"{la}.{names[p]}": _packed(sheet.special[la, p]) for la, p in sent},
        "thumbs": None if only is None else _thumbnails(sheet.raw, sheet.hidden),
    }


def _thumbnails(weights: Tensor, hidden: Tensor) -> dict[str, Any]:
    """Return small pictures [L, H + 1, h, w]: the largest weight of each patch, so that none is lost.

    The last column is the weight on special symbols.
    """
    height, width = (min(THUMBNAIL, size) for size in weights.shape[2:])
    pool = torch.nn.functional.adaptive_max_pool2d
    small = torch.cat([pool(weights, (height, width)), pool(hidden.unsqueeze(-1), (height, 1))], dim=-1)
    return {"height": height, "width": width + 1, "data": _packed(small)}


def _packed(weights: Tensor) -> str:
    """Pack weights from 0 to 1 as 16-bit numbers, lower byte first, in base64: four decimals survive."""
    numbers = (weights * 65535).round().to(torch.int32).contiguous().numpy().astype("<u2")
    return base64.b64encode(numbers.tobytes()).decode("ascii")
