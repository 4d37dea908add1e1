"""Texts of the page in every language, for Gradio's translation in the browser.

    say("translate")   a marker that the browser replaces by the text in its language (`gr.I18n`)

The language is the browser's until the reader chooses another in the settings at the foot of the page.
"""

from typing import Final

import gradio as gr

from seq2seq.options import option_fields

from ..views.labels import TEXTS

PREFIX: Final = "seq2seq_"  # Gradio has texts of its own, under names such as "radio"


def _with_help(english: dict[str, str]) -> dict[str, str]:
    """Add the help of the options that have a label.

    A hint of the page's own wins: some options mean something narrower there.
    """
    fields = {field.name: field.help for field in option_fields()}
    shown = {name: help for name, help in fields.items() if f"option_{name}" in english}
    return {f"option_{name}_hint": help for name, help in shown.items()} | english


LABELS: Final = {
    language: _with_help(texts["page"]) if language == "en" else texts["page"]
    for language, texts in TEXTS.items()
}


def translations() -> gr.I18n:
    """Return all texts of the page for the browser."""
    return gr.I18n(
        **{
            language: {PREFIX + label: text for label, text in labels.items()}
            for language, labels in LABELS.items()
        }
    )


def say(label: str) -> str:
    """Return the marker of a text, which the browser replaces by the text in its language.

    Raises:
        KeyError: there is no such label.
    """
    if label not in LABELS["en"]:
        raise KeyError(f"the page has no label {label}; add it to every file of serve/demo/i18n")
    return str(gr.I18n()(PREFIX + label))
