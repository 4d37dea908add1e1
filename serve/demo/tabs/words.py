"""The word alignment tab: both sentences in place, the words' probabilities, and the alternatives."""

from typing import Any

import gradio as gr

from seq2seq import Translator

from ...views import PairView
from ..explain import explain_part, show_pair
from ..labels import say
from ..state import PagePart
from .base import Tab


class WordsTab(Tab):
    """A word that is pointed at highlights its links; a chosen alternative takes the translation's place."""

    name = "words"

    def __init__(self) -> None:
        self.view = PairView(elem_id="pair")
        self.alternatives = gr.Radio(
            [],
            label=say("alternatives"),
            info=say("alternatives_hint"),
            visible=False,
            elem_id="alternatives",
        )
        self.inputs = []
        self.outputs = [self.view, self.alternatives]

    def show(self, translator: Translator, part: PagePart, *inputs: Any) -> list[Any]:
        """Return the pair of sentences, and all translations of the part."""
        scores, maps = explain_part(translator, part)
        return [show_pair(translator, scores, maps), self._list(part)]

    def clear(self) -> list[Any]:
        """Return neither."""
        return [None, gr.Radio(visible=False)]

    def _list(self, part: PagePart) -> gr.Radio:
        named = [
            (f"{version.text}  ({version.score:.2f})", number) for number, version in enumerate(part.versions)
        ]
        return gr.Radio(named, value=part.chosen, visible=len(named) > 1)
