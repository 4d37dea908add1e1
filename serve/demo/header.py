"""What stands above the tabs: the languages, the text and its translation, and how to search."""

from html import escape

import gradio as gr
from gradio.helpers import Examples

from ..engine.service import AUTO
from .backend import Backend
from .controls import Controls
from .labels import ENDONYMS, WORDS, say

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
# The text is saved by the browser itself: no file of it is made on the server.
SAVE = """(text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  Object.assign(document.createElement("a"), { href: address, download: "translation.txt" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}"""
# Gradio's own settings hold the language and the colours of the page.
SETTINGS = "() => setTimeout(() => document.querySelector('footer .settings')?.click())"


class Header:
    """The components above the tabs."""

    def __init__(self, desk: Backend) -> None:
        header()
        numbered = [(pair_name(*way), number) for number, way in enumerate(desk.ways)]
        with gr.Row(equal_height=True, elem_id="languages"):
            self.pair = gr.Dropdown(
                numbered, value=0, label=say("languages"), show_label=False, container=False, min_width=240
            )
            back = desk.reverse(0) is not None
            self.swap = gr.Button(say("swap"), size="md", min_width=120, visible=back, elem_id="swap")
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
                interactive=False,
                buttons=["copy"],
                elem_id="target",
            )
        with gr.Row(elem_id="buttons"):
            self.go = gr.Button(say("translate"), variant="primary", size="md", elem_id="go")
            self.stop = gr.Button(say("stop"), size="md", elem_id="stop")
            save = gr.Button(say("save_text"), size="md", elem_id="save")
            self.status = gr.HTML(
                "",
                html_template='<p class="status" role="status">${value}</p>',
                apply_default_css=False,
                elem_id="status",
            )
        save.click(None, self.target, None, js=SAVE)
        self.examples = self._examples(desk)
        with gr.Accordion(say("options"), open=False), gr.Row():
            self.controls = Controls(desk.limits).inputs
        self.segment = gr.Dropdown(
            [("1", 0)], value=0, label=say("segment"), visible=False, elem_id="segment"
        )

    def _examples(self, desk: Backend) -> dict[str, tuple[gr.Column, Examples]]:
        """Texts to click for each language that can be read; those of the chosen one are seen."""
        offered: dict[str, tuple[gr.Column, Examples]] = {}
        for language in dict.fromkeys(source for source, _ in desk.ways if source in EXAMPLES):
            with gr.Column(visible=not offered) as column:
                examples = gr.Examples(EXAMPLES[language], self.source, label=say("examples"))
            offered[language] = column, examples
        return offered


def header() -> None:
    """The name of the page and its settings."""
    with gr.Row(equal_height=True, elem_id="header"):
        gr.Markdown("# seq2seq", elem_id="name")
        gr.Markdown(say("tagline"), elem_id="tagline")
        settings = gr.Button(say("settings"), size="sm", scale=0, min_width=180, elem_id="settings")
    settings.click(None, js=SETTINGS)


def status(told: str, note: str = "") -> str:
    """What the line under the buttons says: a sentence, or the name of one of ours, and a note on it.

    One of ours and no more: of several in a text the browser would put in words the first.
    """
    sentence = say(told) if told in WORDS["en"] else escape(told)
    return f"{sentence} ({escape(note)})" if note else sentence


def tell_way(way: tuple[str, ...], told: str) -> str:
    """That it is done; in the words of `told`, with the languages, where there is a way to be told."""
    return status(told, " → ".join(ENDONYMS.get(code, code) for code in way)) if way else status("done")


def pair_name(source: str, target: str) -> str:
    """A pair of languages by their own names, English → Deutsch; one that is to be detected in words."""
    first = say("detect") if source == AUTO else ENDONYMS.get(source, source)
    return f"{first} → {ENDONYMS.get(target, target)}"
