"""The attention tab: the maps of every layer and head, with a warning against reading them as explanation."""

from typing import Any

import gradio as gr

from seq2seq import Translator

from ...views import AttentionView, MapSelection
from ..explain import explain_part, show_maps
from ..labels import say
from ..state import PagePart
from .base import Tab


class AttentionTab(Tab):
    """Maps of a part. Only the browser knows which one is shown; it asks for those that were not sent."""

    name = "attention"

    def __init__(self) -> None:
        self.view = AttentionView(elem_id="attention")
        gr.Markdown(say("honest"), elem_classes="quiet")
        self.inputs = []
        self.outputs = [self.view]

    def show(self, translator: Translator, part: PagePart, *inputs: Any) -> list[Any]:
        """Return all maps of the part; of a long one the selected map and small pictures of the others."""
        selection = inputs[0] if inputs else None
        _, maps = explain_part(translator, part)
        return [show_maps(translator, maps, selection)]

    def clear(self) -> list[Any]:
        """Return no map."""
        return [None]


def read_selection(data: Any) -> MapSelection:
    """Return the map that the browser asks for.

    Raises:
        ValueError: there is no such map.
    """
    data = data if isinstance(data, dict) else {}
    flow, units, layer, head = (data.get(name) for name in ("flow", "units", "layer", "head"))
    if flow not in ("cross", "encoder", "decoder") or units not in ("words", "pieces"):
        raise ValueError(f"there is no map of flow {flow!r} over {units!r}; choose one on the page")
    if not isinstance(layer, int) or not (head == "mean" or isinstance(head, int)):
        raise ValueError(f"there is no map of layer {layer!r}, head {head!r}; choose one on the page")
    return MapSelection(flow, units, layer, head)
