"""Controls for how to search, made from the fields of `DecodeOptions`: their ranges and defaults stand there.

A page serves many at once, so a beam is no wider here than the candidates that a request may ask for.
"""

from typing import Any, cast

import gradio as gr

from seq2seq import DecodeOptions
from seq2seq.options import OptionField, option_fields

from ..limits import Limits
from .labels import say

OFFERED = ("num_hypotheses", "beam_size", "length_penalty", "repetition_penalty", "no_repeat_ngram_size")
LARGEST = {"no_repeat_ngram_size": 10.0}  # a slider to the field's own 1000 could not be set
FIRST: dict[str, float] = {"num_hypotheses": 4}  # there are alternatives without asking


class Controls:
    """A slider for each option that the page offers, and a box for a glossary."""

    def __init__(self, limits: Limits) -> None:
        fields = {field.name: field for field in option_fields()}
        most = {**LARGEST, "num_hypotheses": limits.candidates, "beam_size": limits.candidates}
        sliders = [make_slider(fields[name], most.get(name), FIRST.get(name)) for name in OFFERED]
        glossary = gr.Textbox(
            label=say("glossary"), info=say("glossary_hint"), lines=2, max_lines=8, min_width=260
        )
        self.inputs = [*sliders, glossary]

    @staticmethod
    def read(values: tuple[Any, ...]) -> DecodeOptions:
        """The options that the controls stand for; a beam too narrow for what is to be shown is widened."""
        *numbers, glossary = values
        given = dict(zip(OFFERED, numbers, strict=True))
        given["glossary"] = read_terms(glossary or "")
        given["beam_size"] = max(given["beam_size"], given["num_hypotheses"])
        return DecodeOptions(**given)


def read_terms(text: str) -> tuple[tuple[str, str], ...] | None:
    """The pairs of a box: one a line, a tab or an equals sign between; ValueError names a line without."""
    pairs = []
    for line in filter(str.strip, text.splitlines()):
        source, between, target = line.partition("\t" if "\t" in line else "=")
        if not between:
            raise ValueError(f"the glossary has the line {line[:40]!r}; write it as: term = translation")
        pairs.append((source.strip(), target.strip()))
    return tuple(pairs) or None


def make_slider(field: OptionField, most: float | None = None, first: float | None = None) -> gr.Slider:
    """A slider for a numeric option, up to `most`, that begins at `first` or where the field does."""
    assert field.minimum is not None and field.maximum is not None
    whole = field.type is int
    return gr.Slider(
        field.minimum,
        field.maximum if most is None else min(field.maximum, most),
        value=cast(float, field.default) if first is None else first,
        step=1 if whole else 0.1,
        precision=0 if whole else 1,
        label=say(f"option_{field.name}"),
        info=say(f"option_{field.name}_hint"),
        min_width=260,
    )
