"""The third tab: what else each step could have written, what the beam saw, two translations compared.

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
from .base import Tab, within


class WhatIfTab(Tab):
    """Candidates to be clicked, the beam's tree where it is asked for, and a comparison."""

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

    def show(self, translator: Translator, part: PagePart, *given: Any) -> list[Any]:
        """The candidates of each step; the translation beside the next best; no tree yet."""
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
        """The difference of two translations of a part, and the maps of both."""
        one, other = (part.choose(within(number, len(part.versions))) for number in (first, second))
        shown: list[Any] = [draw_difference(one.version, other.version)]
        for each in (one, other):
            try:
                shown.append(show_maps(translator, explain_part(translator, each)[1], None))
            except NothingToExplainError:
                shown.append(None)
        return shown

    def clear(self) -> list[Any]:
        """Nothing to choose from."""
        empty = gr.Dropdown([], value=None)
        return [None, gr.Button(visible=False), None, [], empty, empty, "", None, None]
