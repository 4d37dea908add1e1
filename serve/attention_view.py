"""The attention map as a piece of a Gradio page: our own SVG, lit up by a little script of ours.

    AttentionMaps ─> Alignment of one head ─> seq2seq.figure (SVG) ─> gr.HTML + attention_view.js

Texts reach the page escaped, as text; the script sets text only. Nothing is loaded from elsewhere.
"""

from html import escape
from pathlib import Path
from typing import Literal

import gradio as gr

from seq2seq.alignment import AttentionMaps
from seq2seq.figure import draw_matrix, draw_ribbons
from seq2seq.settings import AlignmentHead

Drawing = Literal["matrix", "ribbons"]
Units = Literal["words", "pieces"]

HERE = Path(__file__).parent
STYLE = (HERE / "attention_view.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "attention_view.js").read_text(encoding="utf-8")
HINT = "Point at a word or a pair of words to see the weights."
EMPTY = '<div class="attention-view"><p class="empty">The map appears when a text is translated.</p></div>'


def attention_view() -> gr.HTML:
    """The component; its value is what `draw_view` gives, its style is STYLE on the page."""
    return gr.HTML(EMPTY, js_on_load=SCRIPT, elem_id="attention", apply_default_css=False)


def draw_view(maps: AttentionMaps, head: AlignmentHead, units: Units, drawing: Drawing, caption: str) -> str:
    """The map of one cross-attention head as markup, with a line for the weights and a caption."""
    alignment = maps.alignment(head)
    grid = alignment.matrix(units)
    sources = [alignment.source[start:end] for start, end in grid.source_spans]
    targets = [alignment.target[start:end] for start, end in grid.target_spans]
    draw = draw_matrix if drawing == "matrix" else draw_ribbons
    drawn = draw(sources, targets, grid.weights.tolist())
    return (
        f'<div class="attention-view"><p class="readout" aria-live="polite" data-hint="{HINT}">{HINT}</p>'
        f'<div class="attention-map">{drawn}</div><p class="caption">{escape(caption)}</p></div>'
    )


def message_view(sentence: str) -> str:
    """A sentence in the place of the map."""
    return f'<div class="attention-view"><p class="empty">{escape(sentence)}</p></div>'
