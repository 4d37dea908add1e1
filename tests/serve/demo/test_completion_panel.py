"""The panel of text generation without a browser: the text as it is written, stopped, or begun anew."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from seq2seq import DecodeOptions

if TYPE_CHECKING:
    from seq2seq import Generator
    from serve.demo.tabs.completion import CompletionPanel
    from tests.serve.conftest import MakeBackend

PROMPT = "a dog"
VALUES = (12, 1.0, 1, 1.0, 1.0, 0, None)  # as the controls send them: 12 tokens, the most probable each time


@pytest.fixture(scope="module")
def panel(generator: "Generator", make_backend: "MakeBackend") -> "CompletionPanel":
    """The panel of the tiny language model."""
    import gradio as gr

    from serve.demo.tabs.completion import CompletionPanel
    from serve.engine.registry import ModelRegistry

    backend = make_backend({})
    backend.service.registry = ModelRegistry({}, language_models={"bard": generator})
    with gr.Blocks(analytics_enabled=False):
        return CompletionPanel(backend)


async def write(
    panel: "CompletionPanel", number: int, visitor: Any, shown: list[Any], stop_at: int = 99
) -> None:
    """Append the updates of a text to those shown, and stop after so many."""
    async with aclosing(panel.generate(number, visitor, "bard", PROMPT, *VALUES)) as updates:  # type: ignore[type-var]
        async for update in updates:
            shown.append(update)
            if len(shown) == stop_at:
                panel.stop(number + 1, visitor)


def test_text_is_the_generators_own(panel: "CompletionPanel", generator: "Generator") -> None:
    """The text grows to what the generator writes."""
    from serve.demo.labels import say
    from serve.demo.visitor import Visitor

    shown: list[Any] = []
    asyncio.run(write(panel, 1, Visitor(), shown))
    options = DecodeOptions(beam_size=1, max_length=12, sampling_topk=1)
    assert shown[-1] == [generator.generate(PROMPT, options).text, say("done")]
    texts = [text for text, _ in shown]
    assert len(texts) > 5 and all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_stop_keeps_what_is_written(panel: "CompletionPanel") -> None:
    """Regression: a stop was an error where it came early, and left "Working …" where it came late."""
    import gradio as gr

    from serve.demo.labels import say
    from serve.demo.visitor import Visitor

    async def run() -> None:
        visitor, shown = Visitor(), list[Any]()
        await write(panel, 1, visitor, shown, stop_at=4)
        assert shown[4:] == [[gr.skip(), say("stopped_text")]]
        await write(panel, 3, visitor, shown)
        assert shown[-1][1] == say("done")
        panel.stop(5, visitor)
        early: list[Any] = []
        await write(panel, 4, visitor, early)
        assert early == [[gr.skip(), say("stopped_text")]]

    asyncio.run(run())
