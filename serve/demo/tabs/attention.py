"""The second tab: the maps of every layer and head, with the line that says what they are not."""

from typing import Any

import gradio as gr

from seq2seq import Translator

from ...views import AttentionView, MapSelection
from ..explain import explain_part, show_maps
from ..labels import say
from ..state import PagePart
from .base import Tab


class AttentionTab(Tab):
    """What the reader looks at is known to the browser alone; it asks where a map was not sent."""

    name = "attention"

    def __init__(self) -> None:
        self.view = AttentionView(elem_id="attention")
        gr.Markdown(say("honest"), elem_classes="quiet")
        self.inputs = []
        self.outputs = [self.view]

    def show(self, translator: Translator, part: PagePart, *given: Any) -> list[Any]:
        """All maps of the part, or those asked for and small pictures of the others."""
        choice = given[0] if given else None
        _, maps = explain_part(translator, part)
        return [show_maps(translator, maps, choice)]

    def clear(self) -> list[Any]:
        """No map."""
        return [None]


def read_choice(told: Any) -> MapSelection:
    """The map that the browser asks for; ValueError where there can be none."""
    told = told if isinstance(told, dict) else {}
    flow, units, layer, head = (told.get(name) for name in ("flow", "units", "layer", "head"))
    if flow not in ("cross", "encoder", "decoder") or units not in ("words", "pieces"):
        raise ValueError(f"there is no map of flow {flow!r} over {units!r}; choose one on the page")
    if not isinstance(layer, int) or not (head == "mean" or isinstance(head, int)):
        raise ValueError(f"there is no map of layer {layer!r}, head {head!r}; choose one on the page")
    return MapSelection(flow, units, layer, head)
