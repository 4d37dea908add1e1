"""Controls of a search, made from the fields of `DecodeOptions`, which hold ranges, defaults and help.

One page serves many visitors, so a beam is no wider here than the candidates that a request may ask for.
"""

from typing import Any, cast

import gradio as gr

from seq2seq import DecodeOptions
from seq2seq.options import OptionField, option_fields

from ..limits import Limits
from .labels import say

OFFERED = ("num_hypotheses", "beam_size", "length_penalty", "repetition_penalty", "no_repeat_ngram_size")
LARGEST = {"no_repeat_ngram_size": 10.0}  # nobody could set a slider that ends at the field's own 1000
INITIAL: dict[str, float] = {"num_hypotheses": 4}  # so that there are alternatives to look at


class Controls:
    """A slider for each option that the page offers, and a text box for a glossary."""

    def __init__(self, limits: Limits) -> None:
        fields = {field.name: field for field in option_fields()}
        largest = {**LARGEST, "num_hypotheses": limits.candidates, "beam_size": limits.candidates}
        sliders = [make_slider(fields[name], largest.get(name), INITIAL.get(name)) for name in OFFERED]
        glossary = gr.Textbox(
            label=say("glossary"), info=say("glossary_hint"), lines=2, max_lines=8, min_width=260
        )
        self.inputs = [*sliders, glossary]

    @staticmethod
    def read(values: tuple[Any, ...]) -> DecodeOptions:
        """Return the options that the controls stand for.

        A beam narrower than the number of translations to show is widened: the reader asked for those.
        """
        *numbers, glossary = values
        options = dict(zip(OFFERED, numbers, strict=True))
        options["glossary"] = read_terms(glossary or "")
        options["beam_size"] = max(options["beam_size"], options["num_hypotheses"])
        return DecodeOptions(**options)


def read_terms(text: str) -> tuple[tuple[str, str], ...] | None:
    """Parse a glossary: one pair a line, separated by a tab or an equals sign.

    Raises:
        ValueError: a line without a separator, which the error names.
    """
    pairs = []
    for line in filter(str.strip, text.splitlines()):
        source, separator, target = line.partition("\t" if "\t" in line else "=")
        if not separator:
            raise ValueError(f"the glossary has the line {line[:40]!r}; write it as: term = translation")
        pairs.append((source.strip(), target.strip()))
    return tuple(pairs) or None


def make_slider(field: OptionField, largest: float | None = None, initial: float | None = None) -> gr.Slider:
    """Return a slider for a numeric option, with its own range and default unless narrower ones are given."""
    assert field.minimum is not None and field.maximum is not None
    whole = field.type is int
    return gr.Slider(
        field.minimum,
        field.maximum if largest is None else min(field.maximum, largest),
        value=cast(float, field.default) if initial is None else initial,
        step=1 if whole else 0.1,
        precision=0 if whole else 1,
        label=say(f"option_{field.name}"),
        info=say(f"option_{field.name}_hint"),
        min_width=260,
    )
