"""What all drawings share: plain data in, a script of ours draws it.

    data (a dict of plain values) ─> value of gr.HTML ─> watch ─> our script ─> elements, text as text

Gradio fills the template of a component by running it as a program; ours is an empty box that says
nothing of the value, so no word of a text is ever read as markup or code. The labels come along in every
language; the script takes the one that the component names or, where it names none, the page's.
"""

from abc import ABCMeta
from typing import Any, ClassVar, Literal

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable

from .script import script_of

PageLanguage = Literal["en", "zh", "de"]

# Gradio's end of the wire: what a value is, when it changes, and how to tell Python of a click.
CONNECT = """((element, props, trigger, watch) => mount(element.firstElementChild, {
  data: () => props.value,
  language: () => props.language ?? document.documentElement.lang,
  watch: (draw) => {
    watch(["value", "language"], draw);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["lang"] });
  },
  trigger,
}))"""


class NoStubMeta(ComponentMeta):
    """Gradio's metaclass, which writes a stub file beside each component's source; this one writes none."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> type:
        if "__init__" in attributes:
            attributes["__init__"] = updateable(attributes["__init__"])  # type: ignore[no-untyped-call]
        return ABCMeta.__new__(cls, name, bases, attributes)


class View(gr.HTML, metaclass=NoStubMeta):
    """A drawing of ours as a component; its value is what the `*_data` function beside it gives, or None."""

    SCRIPT: ClassVar[str]  # the file that draws it

    def __init__(
        self,
        value: dict[str, Any] | None = None,
        *,
        language: PageLanguage | None = None,
        visible: bool | Literal["hidden"] = True,
        elem_id: str | None = None,
        elem_classes: list[str] | str | None = None,
        render: bool = True,
    ) -> None:
        super().__init__(
            value,
            html_template='<div class="view"></div>',
            js_on_load=f"const mount = {script_of(self.SCRIPT)};\n{CONNECT}(element, props, trigger, watch);",
            apply_default_css=False,
            visible=visible,
            elem_id=elem_id,
            elem_classes=elem_classes,
            render=render,
            language=language,
        )

    def preprocess(self, payload: dict[str, Any] | None) -> dict[str, Any] | None:  # type: ignore[override]
        """The data as it was given."""
        return payload

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:  # type: ignore[override]
        """The data as it is drawn."""
        return value

    def api_info(self) -> dict[str, Any]:
        """What a client of Gradio's API gets: any JSON object."""
        return {"type": {}, "description": "the data that is drawn"}
