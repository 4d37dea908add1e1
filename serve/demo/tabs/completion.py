"""Where a language model writes on: a beginning, how to choose among what may follow, the text as it comes.

    beginning ─> Generator.steps in the worker ─> text

The controls are made from the fields of `DecodeOptions`, as those of the translation are.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from seq2seq import DecodeOptions
from seq2seq.options import option_fields

from ..backend import Backend, explain_failure
from ..controls import make_slider
from ..header import status
from ..labels import say

OFFERED = (
    "max_length",
    "sampling_temperature",
    "sampling_topk",
    "sampling_topp",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "seed",
)
LARGEST = {
    "max_length": 2000.0,
    "sampling_temperature": 2.0,
    "sampling_topk": 200.0,
    "no_repeat_ngram_size": 50.0,
}
FIRST: dict[str, float] = {"max_length": 400, "sampling_temperature": 0.8, "sampling_topk": 0}
EXAMPLES = ["ROMEO:", "First Citizen:\n", "To be, or not to be"]


class CompletionPanel:
    """The components, connected to their one event."""

    def __init__(self, desk: Backend) -> None:
        self.desk = desk
        names = [writer.name for writer in desk.service.catalog.writers]
        self.writer = gr.Dropdown(names, value=names[0], label=say("writer"), visible=len(names) > 1)
        prompt = gr.Textbox(
            label=say("prompt"), placeholder=say("prompt_hint"), lines=2, max_lines=8, elem_id="prompt"
        )
        with gr.Row():
            write = gr.Button(say("write"), variant="primary", size="md", elem_id="write")
            stop = gr.Button(say("stop"), size="md")
            told = gr.HTML(
                "", html_template='<p class="status" role="status">${value}</p>', apply_default_css=False
            )
        written = gr.Textbox(
            label=say("written"),
            lines=8,
            max_lines=24,
            interactive=False,
            buttons=["copy"],
            elem_id="written",
        )
        gr.Examples(EXAMPLES, prompt, label=say("examples"))
        with gr.Accordion(say("options"), open=False), gr.Row():
            controls = [_control(name, desk.limits.tokens) for name in OFFERED]
        inputs = [self.writer, prompt, *controls]
        hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        events = [
            start(self.write, inputs, [written, told], **hidden) for start in (write.click, prompt.submit)
        ]
        stop.click(None, cancels=list[Any](events))

    async def write(self, name: str, prompt: str, *values: Any) -> AsyncIterator[list[str]]:
        """Streams (what follows the prompt, status)."""
        written = ""
        yield [written, status("writing")]
        try:
            service, limits = self.desk.service, self.desk.limits
            self.desk.admit()
            limits.check_texts([prompt])
            options = read_options(values)
            generator = await asyncio.to_thread(service.catalog.writer(name).generator)
            cost = len(generator.read(prompt)) + (options.max_length or 0)
            limits.check_token_count(cost)
            end = time.monotonic() + limits.seconds
            with service.batcher.admit(cost):
                async for text, _ in service.batcher.worker.stream(generator.steps(prompt, options)):
                    written += text
                    yield [written, status("writing")]
                    if time.monotonic() > end:
                        break
            yield [written, status("done")]
        except Exception as error:
            yield [written, status(*explain_failure(error))]


def read_options(values: tuple[Any, ...]) -> DecodeOptions:
    """The options that the controls stand for; where nothing is drawn, what concerns drawing is left out."""
    given = dict(zip(OFFERED, values, strict=True))
    given["seed"] = None if given["seed"] is None else int(given["seed"])
    if given["sampling_topk"] == 1:
        for name in ("sampling_temperature", "sampling_topp"):
            del given[name]
    return DecodeOptions(beam_size=1, **given)


def _control(name: str, most: int) -> gr.Slider | gr.Number:
    field = next(field for field in option_fields() if field.name == name)
    if name == "seed":
        return gr.Number(
            None, label=say("option_seed"), info=say("option_seed_hint"), precision=0, min_width=260
        )
    largest = min(LARGEST[name], most) if name == "max_length" else LARGEST.get(name)
    return make_slider(field, largest, FIRST.get(name))
