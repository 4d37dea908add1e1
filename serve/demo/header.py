"""Components above the tabs: languages, text and translation, status, examples and settings."""

from html import escape

import gradio as gr
from gradio.helpers import Examples

from seq2seq.text.languages import native_name

from ..engine.service import AUTO
from .backend import Backend
from .controls import Controls
from .labels import LABELS, say

EXAMPLES = {
    "en": [
        "Two dogs play in the snow.",
        "A young girl in a red dress is reading a book on a bench.",
        "Three men are waiting next to a yellow taxi in the rain.",
    ],
    "de": ["Zwei Hunde spielen im Schnee.", "Ein Mann fährt mit einem roten Fahrrad durch die Stadt."],
    "fr": ["Deux chiens jouent dans la neige.", "Un homme fait du vélo dans la rue."],
    "zh": ["两只狗在雪地里玩耍。", "一个穿红裙子的女孩坐在长椅上看书。", "猫吃了鱼因为它饿了。"],
    "facts": [
        "name[The Eagle], eatType[coffee shop], food[French], area[riverside]",
        "name[The Mill], priceRange[cheap], customer rating[5 out of 5], near[Café Rouge]",
    ],
}
# The browser itself saves the text, so that no file of it is made on the server.
SAVE = """(text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  Object.assign(document.createElement("a"), { href: address, download: "translation.txt" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}"""
# Gradio's own settings hold the language and the colours of the page.
SETTINGS = "() => setTimeout(() => document.querySelector('footer .settings')?.click())"


class Header:
    """The components above the tabs."""

    def __init__(self, backend: Backend) -> None:
        title_row()
        numbered = [(direction_name(*pair), number) for number, pair in enumerate(backend.directions)]
        with gr.Row(equal_height=True, elem_id="languages"):
            self.direction = gr.Dropdown(
                numbered, value=0, label=say("languages"), show_label=False, container=False, min_width=240
            )
            has_reverse = backend.reverse(0) is not None
            self.swap = gr.Button(say("swap"), size="md", min_width=120, visible=has_reverse, elem_id="swap")
        with gr.Row(equal_height=True):
            self.source = gr.Textbox(
                label=say("source"),
                placeholder=say("source_hint"),
                lines=3,
                max_lines=12,
                min_width=300,
                elem_id="source",
            )
            self.target = gr.Textbox(
                label=say("target"),
                lines=3,
                max_lines=12,
                min_width=300,
                interactive=backend.keeps_suggestions,
                buttons=["copy"],
                elem_id="target",
            )
        with gr.Row(elem_id="buttons"):
            self.go = gr.Button(say("translate"), variant="primary", size="md", elem_id="go")
            self.stop = gr.Button(say("stop"), size="md", elem_id="stop")
            save = gr.Button(say("save_text"), size="md", elem_id="save")
            if backend.keeps_suggestions:
                self.keep = gr.Button(say("keep"), size="md", elem_id="keep")
            self.status = gr.HTML(
                "",
                html_template='<p class="status" role="status">${value}</p>',
                apply_default_css=False,
                elem_id="status",
            )
        for notice in ("stale", "away"):  # shown by the style sheet, in the state of that name
            gr.HTML(
                say(notice),
                html_template='<p class="notice" role="status">${value}</p>',
                apply_default_css=False,
                elem_id=notice,
            )
        save.click(None, self.target, None, js=SAVE)
        self.examples = self._examples(backend)
        with gr.Accordion(say("options"), open=False), gr.Row():
            self.controls = Controls(backend.limits).inputs
        self.segment = gr.Dropdown(
            [("1", 0)], value=0, label=say("segment"), visible=False, elem_id="segment"
        )

    def _examples(self, backend: Backend) -> dict[str, tuple[gr.Column, Examples]]:
        """Return texts to click for each source language; those of the chosen one are visible."""
        columns: dict[str, tuple[gr.Column, Examples]] = {}
        for language in dict.fromkeys(source for source, _ in backend.directions if source in EXAMPLES):
            with gr.Column(visible=not columns) as column:
                examples = gr.Examples(EXAMPLES[language], self.source, label=say("examples"))
            columns[language] = column, examples
        return columns


def title_row() -> None:
    """Lay out the name of the page and the button of its settings."""
    with gr.Row(equal_height=True, elem_id="header"):
        gr.Markdown("# seq2seq", elem_id="name")
        gr.Markdown(say("tagline"), elem_id="tagline")
        settings = gr.Button(say("settings"), size="sm", scale=0, min_width=180, elem_id="settings")
    settings.click(None, js=SETTINGS)


def status(message: str, detail: str = "") -> str:
    """Return the status line of a message or a label, with untranslated detail in brackets.

    At most one label: of several markers in a text the browser would translate the first only.
    """
    text = say(message) if message in LABELS["en"] else escape(message)
    return f"{text} ({escape(detail)})" if detail else text


def done_status(route: tuple[str, ...], label: str = "way") -> str:
    """Return the status line of a finished translation, with the route if detected or pivoted."""
    return status(label, " → ".join(map(native_name, route))) if route else status("done")


def direction_name(source: str, target: str) -> str:
    """Return a pair of languages in their own names, English → Deutsch, whatever the page's language is."""
    first = say("detect") if source == AUTO else native_name(source)
    return f"{first} → {native_name(target)}"
