"""The learn tab: attention on three axes, with the reader's own sentence, and the numbers of one query."""

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
from .base import Tab, clamp

FLOWS: tuple[Flow, ...] = ("cross", "encoder", "decoder")
PICTURED: tuple[Flow, ...] = ("encoder", "decoder", "cross")


class LearnTab(Tab):
    """Texts with pictures between them; below, the steps of one query of one head."""

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

    def show(self, translator: Translator, part: PagePart, *inputs: Any) -> list[Any]:
        """Return the pictures, and the steps of the chosen query."""
        chosen_flow, layer, head, query = inputs
        _, maps = explain_part(translator, part)
        flow: Flow = chosen_flow if chosen_flow in FLOWS else "cross"
        layers, heads, queries = getattr(maps, flow).shape[:3]
        layer, head, query = clamp(layer, layers), clamp(head, heads), clamp(query, queries)
        steps = attention_steps(translator, part.source, part.version.text, flow, layer, head, query)
        aligned = translator.settings.alignment
        return [
            *draw_flows(maps, aligned).values(),
            draw_heads(maps, aligned),
            gr.Dropdown(list(range(layers)), value=layer),
            gr.Dropdown(list(range(heads)), value=head),
            step_data(steps),
        ]

    def clear(self) -> list[Any]:
        """Return a hint to translate something first."""
        return ["", "", "", say("learn_empty"), gr.skip(), gr.skip(), None]

    def _pictures(self) -> dict[Flow, gr.HTML]:
        """Return a component for the picture of each flow, under its name."""
        components: dict[Flow, gr.HTML] = {}
        with gr.Row(elem_id="flows"):
            for flow in PICTURED:
                with gr.Column(min_width=170):
                    gr.Markdown(say(f"flow_{flow}"), elem_classes="caption")
                    components[flow] = gr.HTML(apply_default_css=False)
        return components
