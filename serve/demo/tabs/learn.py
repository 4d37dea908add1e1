"""The last tab: what attention is, on three axes, with the reader's own sentence; one query's numbers."""

from typing import Any

import gradio as gr

from seq2seq import Translator
from seq2seq.alignment.head_maps import Flow

from ...views import StepView, step_data
from ...views.attention_steps import attention_steps
from ..drawings import draw_flows, draw_heads
from ..explain import explain_part
from ..labels import say
from ..state import PagePart
from .base import Tab, within

FLOWS: tuple[Flow, ...] = ("cross", "encoder", "decoder")
PICTURED: tuple[Flow, ...] = ("encoder", "decoder", "cross")


class LearnTab(Tab):
    """Texts with drawings between them; below, the steps of one query of one head."""

    name = "learn"

    def __init__(self) -> None:
        gr.Markdown(say("learn_start"))
        gr.Markdown(say("learn_score"))
        gr.Markdown(say("learn_flow"))
        self.flows = self._pictures()
        gr.Markdown(say("learn_structure"))
        self.heads = gr.HTML(elem_id="heads", apply_default_css=False)
        gr.Markdown(say("learn_steps"))
        with gr.Row():
            named = [(say(f"flow_{flow}"), flow) for flow in FLOWS]
            self.flow = gr.Radio(named, value="cross", label=say("flow"), min_width=300, scale=3)
            self.layer = gr.Dropdown([0], value=0, label=say("layer"), min_width=90)
            self.head = gr.Dropdown([0], value=0, label=say("head"), min_width=90)
        self.query = gr.State(1)
        self.step = StepView(elem_id="step")
        self.inputs = [self.flow, self.layer, self.head, self.query]
        self.outputs = [*self.flows.values(), self.heads, self.layer, self.head, self.step]

    def show(self, translator: Translator, part: PagePart, *given: Any) -> list[Any]:
        """The drawings, and the steps of the query asked for."""
        given_flow, layer, head, query = given
        _, maps = explain_part(translator, part)
        flow: Flow = given_flow if given_flow in FLOWS else "cross"
        layers, heads, queries = getattr(maps, flow).shape[:3]
        layer, head, query = within(layer, layers), within(head, heads), within(query, queries)
        lesson = attention_steps(translator, part.source, part.version.text, flow, layer, head, query)
        aligned = translator.settings.alignment
        return [
            *draw_flows(maps, aligned).values(),
            draw_heads(maps, aligned),
            gr.Dropdown(list(range(layers)), value=layer),
            gr.Dropdown(list(range(heads)), value=head),
            step_data(lesson),
        ]

    def clear(self) -> list[Any]:
        """What to do first."""
        return ["", "", "", say("learn_empty"), gr.skip(), gr.skip(), None]

    def _pictures(self) -> dict[Flow, gr.HTML]:
        """A place for the picture of each flow, under its name."""
        places: dict[Flow, gr.HTML] = {}
        with gr.Row(elem_id="flows"):
            for flow in PICTURED:
                with gr.Column(min_width=170):
                    gr.Markdown(say(f"flow_{flow}"), elem_classes="caption")
                    places[flow] = gr.HTML(apply_default_css=False)
        return places
