"""Late choices: the page takes a choice whose alternatives were renewed meanwhile."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import gradio as gr

    from seq2seq import Translator
    from serve.demo.page import Page
    from tests.serve.conftest import MakeBackend

ODD = [7, -1, None, "x", 1.5, [0], {}]  # a number that was there once, and what no page sends


@pytest.fixture(scope="module")
def page(translator: "Translator", make_backend: "MakeBackend") -> "Page":
    """A page of one model."""
    from serve.demo.page import Page

    return Page(make_backend({"tiny": translator}))


@pytest.fixture(scope="module")
def blocks(page: "Page") -> "gr.Blocks":
    """The page, laid out."""
    return page.build()


def call(blocks: "gr.Blocks", name: str, odd: Any) -> list[Any]:
    """Return what the browser is sent for an event whose every value is odd; a fault is an exception."""
    from gradio.state_holder import SessionState

    event = next(each for each in blocks.fns.values() if each.name == name)
    sent = [None if component.stateful else odd for component in event.inputs]
    sent_back: dict[str, Any] = asyncio.run(blocks.process_api(event, sent, state=SessionState(blocks)))
    return list(sent_back["data"])


@pytest.mark.parametrize("name", ["refresh", "choose", "compare", "grow"])
def test_events_take_any_value(blocks: "gr.Blocks", name: str) -> None:
    """Regression: a choice among segments, layers or translations that were renewed meanwhile was a fault."""
    for odd in ODD:
        assert call(blocks, name, odd), odd


def test_tabs_show_what_is_there(page: "Page", blocks: "gr.Blocks", translator: "Translator") -> None:
    """The learn tab and the comparison take a number that is gone for the nearest there is."""
    from serve.demo.state import read_part

    text = "two dogs sleeps."
    part = read_part(text, "", translator.translate(text))
    for odd in ODD:
        assert page.learn.show(translator, part, odd, odd, odd, odd)[-1], odd
        assert page.what_if.compare(translator, part, odd, odd)[0], odd
