"""The base of all drawings: a value of plain data, drawn by a script of ours.

    data (a dict of plain values) ─> value of gr.HTML ─> watch ─> our script ─> elements, text as text

Gradio runs the template of an HTML component as code. Ours is an empty box without the value, so that no
text is ever read as markup or code. The script has the labels of every language; it uses the language that
the component names or, where it names none, the page's.
"""

from abc import ABCMeta
from typing import Any, ClassVar, Literal

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable

from .script import script_of

PageLanguage = Literal["en", "zh", "de"]

# The host of a drawing in Gradio: its value, how to watch it, and how to send an event to Python.
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
    """Gradio's metaclass without its stub files, which would be written beside the source."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> type:
        """Create a component class as Gradio does."""
        if "__init__" in attributes:
            attributes["__init__"] = updateable(attributes["__init__"])  # type: ignore[no-untyped-call]
        return ABCMeta.__new__(cls, name, bases, attributes)


class View(gr.HTML, metaclass=NoStubMeta):
    """A drawing as a component; its value is that of the `*_data` function beside it, or None."""

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
        """Return the value as the browser sent it."""
        return payload

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:  # type: ignore[override]
        """Return the value as it is drawn."""
        return value

    def api_info(self) -> dict[str, Any]:
        """Describe the value for clients of Gradio's API: any JSON object."""
        return {"type": {}, "description": "the data that is drawn"}
