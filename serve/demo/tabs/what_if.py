"""The alternatives tab: candidates of each step, the beam search tree, two translations compared.

candidates ─> one is clicked ─> the beginning up to it is forced ─> the model decodes on from there
"""

from typing import Any

import gradio as gr

from seq2seq import Translator

from ...views import AttentionView, CandidatesView, TreeView
from ..comparison import draw_difference
from ..explain import NothingToExplainError, explain_part, show_candidates, show_maps
from ..labels import say
from ..state import PagePart
from .base import Tab, clamp


class WhatIfTab(Tab):
    """Candidates to be clicked, the beam search tree on demand, and a comparison."""

    name = "what_if"

    def __init__(self) -> None:
        with gr.Accordion(say("what_if_step"), elem_id="steps"):
            gr.Markdown(say("what_if_hint"))
            self.candidates = CandidatesView(elem_id="candidates")
            self.own = gr.Button(say("own"), size="sm", elem_classes="narrow", visible=False)
        with gr.Accordion(say("what_if_tree"), elem_id="beam"):
            gr.Markdown(say("tree_hint"))
            self.grow = gr.Button(say("tree_grow"), size="sm", elem_classes="narrow")
            self.tree = TreeView(elem_id="tree")
            self.nodes = gr.State([])
        with gr.Accordion(say("what_if_compare"), elem_id="compare"):
            with gr.Row():
                self.first = gr.Dropdown([], label=say("first"), min_width=260)
                self.second = gr.Dropdown([], label=say("second"), min_width=260)
            self.difference = gr.HTML(apply_default_css=False, elem_id="difference")
            with gr.Row():
                with gr.Column(min_width=320):
                    self.first_map = AttentionView(elem_id="first-map")
                with gr.Column(min_width=320):
                    self.second_map = AttentionView(elem_id="second-map")
        self.inputs = []
        self.compared = [self.difference, self.first_map, self.second_map]
        self.outputs = [
            self.candidates,
            self.own,
            self.tree,
            self.nodes,
            self.first,
            self.second,
            *self.compared,
        ]

    def show(self, translator: Translator, part: PagePart, *inputs: Any) -> list[Any]:
        """Return the candidates of each step and the translation beside the next best; no tree yet."""
        names = [(version.text, number) for number, version in enumerate(part.versions)]
        first, second = part.chosen, 0 if part.chosen else min(1, len(names) - 1)
        return [
            show_candidates(translator, part),
            gr.Button(visible=part.chosen != 0),
            None,
            [],
            gr.Dropdown(names, value=first),
            gr.Dropdown(names, value=second),
            *self.compare(translator, part, first, second),
        ]

    def compare(self, translator: Translator, part: PagePart, first: Any, second: Any) -> list[Any]:
        """Return the difference of two translations of a part, and the maps of both."""
        a, b = (part.choose(clamp(number, len(part.versions))) for number in (first, second))
        values: list[Any] = [draw_difference(a.version, b.version)]
        for side in (a, b):
            try:
                values.append(show_maps(translator, explain_part(translator, side)[1], None))
            except NothingToExplainError:  # one of them may be too long to be explained; the other still is
                values.append(None)
        return values

    def clear(self) -> list[Any]:
        """Return nothing to choose from."""
        empty = gr.Dropdown([], value=None)
        return [None, gr.Button(visible=False), None, [], empty, empty, "", None, None]
