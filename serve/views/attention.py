"""The attention tab's drawing: every map of a pair of texts, as matrix or ribbons, with an overview to click.

    AttentionMaps ─> one Sheet a flow and unit ─> 16-bit numbers ─> the browser

All maps are sent at once where they are small (BUDGET), so that choosing another is instant. What does not
fit is left out: then the page shows small pictures of all and tells Python which map it wants ("missing").
"""

import base64
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_maps import Flow, HeadMaps, MapUnits, make_head_maps
from seq2seq.alignment.maps import AttentionMaps

from .view import View

BUDGET = 400_000  # bytes of maps that are sent with a value beside the chosen map
THUMB = 24  # the longest side, in cells, of the small picture of a map that is not sent
FLOWS: tuple[Flow, ...] = ("cross", "encoder", "decoder")


class MapSelection(NamedTuple):
    """Which map is wanted; layer and head count from 0, head "mean" is the mean of a layer's heads."""

    flow: Flow = "cross"
    units: MapUnits = "words"
    layer: int = 0
    head: int | Literal["mean"] = 0


class AttentionView(View):
    """Maps of every layer and head. Events, both with `flow`, `units`, `layer`, `head` and `drawing`:

    `select`   another map was chosen
    `missing`  the chosen map was not sent with the value; give one made by `attention_data(..., choice)`
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
    """The value of an AttentionView.

    `aligned` is the head that is read as word alignment: the first to be shown, and marked. A `choice`
    is shown instead of what the reader looks at now. While the text is still being written, `growing`
    says so. `name` (of the model) tells when another model's maps come, and titles exports.
    """
    first = choice or MapSelection(layer=aligned.layer, head=aligned.head)
    wanted = [(first.flow, first.units)]
    wanted += [
        (flow, units) for units in ("words", "pieces") for flow in FLOWS if (flow, units) not in wanted
    ]
    sheets, left = [], BUDGET
    for flow, units in wanted:
        sheet = make_head_maps(maps, flow, units, aligned.read)
        size = 2 * sheet.weights.numel()
        shown = first if (flow, units) == wanted[0] else None
        if size <= left:
            left -= size
            sheets.append(_sheet_data(flow, units, sheet, None))
        elif shown:
            left = 0
            sheets.append(_sheet_data(flow, units, sheet, (shown.layer, shown.head)))
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
    """A sheet with all its maps or, with small pictures of the others, only one."""
    layers, planes = sheet.weights.shape[:2]
    names = [*map(str, range(planes - 1)), "mean"]
    kept = [(layer, plane) for layer in range(layers) for plane in range(planes)]
    if only is not None:
        kept = [(layer, plane) for layer, plane in kept if (layer, names[plane]) == (only[0], str(only[1]))]
    return {
        "flow": flow,
        "units": units,
        "rows": sheet.rows,
        "columns": sheet.columns,
        "layers": layers,
        "heads": planes - 1,
        "maps": {f"{la}.{names[p]}": _packed(sheet.weights[la, p]) for la, p in kept},
        "hidden": {f"{la}.{names[p]}": _packed(sheet.hidden[la, p]) for la, p in kept},
        "thumbs": None if only is None else _thumbs(sheet.weights),
    }


def _thumbs(weights: Tensor) -> dict[str, Any]:
    """Small pictures [L, H + 1, h, w] in which no large weight is lost: the largest of each patch."""
    height, width = (min(THUMB, size) for size in weights.shape[2:])
    small = torch.nn.functional.adaptive_max_pool2d(weights, (height, width))
    return {"height": height, "width": width, "data": _packed(small)}


def _packed(weights: Tensor) -> str:
    """Weights from 0 to 1 as 16-bit numbers, lower byte first, in base64: four decimals survive."""
    numbers = (weights * 65535).round().to(torch.int32).contiguous().numpy().astype("<u2")
    return base64.b64encode(numbers.tobytes()).decode("ascii")
