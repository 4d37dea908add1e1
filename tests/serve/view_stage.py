"""A page of Gradio's with one drawing on it and little else, and a browser's visit to it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from open_page import OpenPage

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Browser, Locator

LAST_EVENT = "last event"  # the label of the field that shows the data of the last event


def stage(view: Any, values: dict[str, Callable[..., Any]]) -> "FastAPI":
    """Return an application with one drawing, a button for each value, and a field for its events.

    A value is what a function returns: data or an update. It takes the last event's data (None before).
    """
    import gradio as gr
    from fastapi import FastAPI

    from serve.demo.page import READY

    app = FastAPI()
    with gr.Blocks(analytics_enabled=False) as blocks:
        component = view(elem_id="view")
        last_event = gr.Textbox(label=LAST_EVENT)
        state = gr.State(None)

        def note(event: gr.EventData) -> tuple[str, dict[str, Any]]:
            return json.dumps(event._data), event._data

        component.select(note, None, [last_event, state])
        if hasattr(component, "missing"):
            component.missing(note, None, [last_event, state])
        for name, make in values.items():
            gr.Button(name).click(make, state, component)
        blocks.load(None, js=READY)
    gr.mount_gradio_app(app, blocks, path="/", ssr_mode=False)
    return app


class Visit(OpenPage):
    """A page with one drawing, and the buttons that change its value."""

    def show(self, name: str) -> None:
        """Click the button of a value."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def view(self, selector: str) -> "Locator":
        """Return a part of the drawing."""
        return self.page.locator(f".drawing {selector}")

    def readout(self) -> str:
        """Return the line that says what is pointed at."""
        return str(self.view(".readout").text_content())

    def wait_for_readout(self, expected: str) -> None:
        """Wait until the line says this, in full."""
        self.page.wait_for_function(
            "expected => document.querySelector('.drawing .readout').textContent === expected", arg=expected
        )

    def wait_for_event(self, expected: dict[str, Any]) -> None:
        """Wait until the last event that reached Python had this data."""
        field = self.page.get_by_label(LAST_EVENT, exact=True)
        self.page.wait_for_function(
            "([field, expected]) => field.value === expected",
            arg=[field.element_handle(), json.dumps(expected)],
        )


def open_file(browser: "Browser", path: Path, page: str, **options: Any) -> Visit:
    """Return a visit to a page that lies on disk."""
    path.write_text(page, encoding="utf-8")
    return Visit(browser, path.as_uri(), **options)
