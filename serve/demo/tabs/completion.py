"""The text generation tab: a prompt, the settings of sampling, the text as it is generated.

    prompt ─> Generator.steps in the worker ─> text

The controls are made from the fields of `DecodeOptions`, as those of the translation are.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from seq2seq import DecodeOptions
from seq2seq.options import option_fields

from ..backend import Backend, failure_message
from ..controls import make_slider
from ..header import status
from ..labels import say
from ..visitor import Visitor, read_number

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
INITIAL: dict[str, float] = {"max_length": 400, "sampling_temperature": 0.8, "sampling_topk": 0}
EXAMPLES = ["ROMEO:", "First Citizen:\n", "To be, or not to be"]


class CompletionPanel:
    """The components, connected to their one event."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        names = [model.name for model in backend.service.registry.language_models]
        self.model = gr.Dropdown(names, value=names[0], label=say("language_model"), visible=len(names) > 1)
        prompt = gr.Textbox(
            label=say("prompt"), placeholder=say("prompt_hint"), lines=2, max_lines=8, elem_id="prompt"
        )
        with gr.Row():
            generate = gr.Button(say("generate"), variant="primary", size="md", elem_id="generate")
            stop = gr.Button(say("stop"), size="md")
            line = gr.HTML(
                "", html_template='<p class="status" role="status">${value}</p>', apply_default_css=False
            )
        generated = gr.Textbox(
            label=say("generated"),
            lines=8,
            max_lines=24,
            interactive=False,
            buttons=["copy"],
            elem_id="generated",
        )
        gr.Examples(EXAMPLES, prompt, label=say("examples"))
        with gr.Accordion(say("generation_options"), open=False), gr.Row():
            controls = [_control(name, backend.limits.tokens) for name in OFFERED]
        number, visitor = gr.Number(0, visible=False), gr.State(Visitor())
        inputs = [number, visitor, self.model, prompt, *controls]
        hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        hidden |= {"trigger_mode": "multiple", "js": "(...values) => seq2seq.count(...values)"}
        for listener in (generate.click, prompt.submit):
            listener(self.generate, inputs, [generated, line], **hidden)
        stop.click(self.stop, [number, visitor], None, queue=False, **hidden)

    async def generate(
        self, number: Any, visitor: Visitor, name: str, prompt: str, *values: Any
    ) -> AsyncIterator[list[Any]]:
        """Yield the text that follows the prompt, and the status, until the visitor clicks again."""
        is_writing = True
        updates = self._write(name, prompt, values)
        async with aclosing(visitor.translate(read_number(number), updates)) as newest:
            async for text, line in newest:
                is_writing = line == status("writing")
                yield [text, line]
        if is_writing and visitor.is_stopped():
            yield [gr.skip(), status("stopped_text")]

    def stop(self, number: Any, visitor: Visitor) -> None:
        """End the text that is being generated."""
        visitor.stop(read_number(number))

    async def _write(
        self, name: str, prompt: str, values: tuple[Any, ...]
    ) -> AsyncGenerator[list[Any], None]:
        text = ""
        yield [text, status("writing")]
        try:
            service, limits = self.backend.service, self.backend.limits
            client = self.backend.admit()
            limits.check_texts([prompt])
            options = read_options(values)
            # In a thread: the first use loads the model, which may take seconds.
            generator = await asyncio.to_thread(service.registry.language_model(name).generator)
            cost = len(generator.read(prompt)) + (options.max_length or 0)
            limits.check_token_count(cost)
            end = time.monotonic() + limits.seconds
            async with service.batcher.admit(cost, client):
                async for piece, _ in service.batcher.executor.stream(generator.steps(prompt, options)):
                    text += piece
                    yield [text, status("writing")]
                    if time.monotonic() > end:
                        break
            yield [text, status("done")]
        except Exception as error:
            yield [text, status(*failure_message(error))]


def read_options(values: tuple[Any, ...]) -> DecodeOptions:
    """Return the options that the controls stand for.

    With top-k 1 nothing is sampled, and `DecodeOptions` refuses a temperature or top-p: they are left out.
    """
    options = dict(zip(OFFERED, values, strict=True))
    options["seed"] = None if options["seed"] is None else int(options["seed"])
    if options["sampling_topk"] == 1:
        for name in ("sampling_temperature", "sampling_topp"):
            del options[name]
    return DecodeOptions(beam_size=1, **options)


def _control(name: str, most_tokens: int) -> gr.Slider | gr.Number:
    field = next(field for field in option_fields() if field.name == name)
    if name == "seed":
        return gr.Number(
            None, label=say("option_seed"), info=say("option_seed_hint"), precision=0, min_width=260
        )
    largest = min(LARGEST[name], most_tokens) if name == "max_length" else LARGEST.get(name)
    return make_slider(field, largest, INITIAL.get(name))
