"""A page of Gradio with the drawings on it and little else, and a browser's visit to it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from open_page import OpenPage

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Browser, Locator

TOLD = "told"  # the label of the field that shows the last event


def stage(view: Any, values: dict[str, Callable[..., Any]]) -> "FastAPI":
    """An application with one drawing, a button a value that shows it, and a field for its events.

    A value is what a function gives: data or an update; it gets the last event's data (None before).
    """
    import gradio as gr
    from fastapi import FastAPI

    app = FastAPI()
    with gr.Blocks(analytics_enabled=False) as blocks:
        component = view(elem_id="view")
        told = gr.Textbox(label=TOLD)
        state = gr.State(None)

        def tell(event: gr.EventData) -> tuple[str, dict[str, Any]]:
            return json.dumps(event._data), event._data

        component.select(tell, None, [told, state])
        if hasattr(component, "missing"):
            component.missing(tell, None, [told, state])
        for name, make in values.items():
            gr.Button(name).click(make, state, component)
    gr.mount_gradio_app(app, blocks, path="/", ssr_mode=False)
    return app


class Visit(OpenPage):
    """A page with one drawing, and the buttons that change its value."""

    def show(self, name: str) -> None:
        """Clicks the button of a value."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def view(self, selector: str) -> "Locator":
        """A part of the drawing."""
        return self.page.locator(f".drawing {selector}")

    def readout(self) -> str:
        """The line that says what is pointed at."""
        return str(self.view(".readout").text_content())

    def wait_for_readout(self, expected: str) -> None:
        """Waits until the line says this, in full."""
        self.page.wait_for_function(
            "expected => document.querySelector('.drawing .readout').textContent === expected", arg=expected
        )

    def wait_for_told(self, expected: dict[str, Any]) -> None:
        """Waits until the last event that reached Python had this data."""
        field = self.page.get_by_label(TOLD, exact=True)
        self.page.wait_for_function(
            "([field, expected]) => field.value === expected",
            arg=[field.element_handle(), json.dumps(expected)],
        )


def open_file(browser: "Browser", path: Path, page: str, **options: Any) -> Visit:
    """A visit to a page that lies on disk."""
    path.write_text(page, encoding="utf-8")
    return Visit(browser, path.as_uri(), **options)
