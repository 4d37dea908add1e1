"""A document in, the same document translated out, with a bar that shows how far it is.

    upload ─> bytes, the upload deleted ─> translate_document in a thread ─> a file to download

Its texts go to the worker a few at a time, so that others have their turn; who leaves stops the work.
"""

import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio.from_thread
import anyio.to_thread
import gradio as gr

from seq2seq import DecodeOptions, Translator
from seq2seq.translation import Translation

from ..documents import SUPPORTED, Translated, translate_document
from .controls import Controls
from .desk import Desk, explain_failure
from .labels import say
from .top import status

TURN = 16  # texts that are translated side by side before others have their turn


class DocumentPanel:
    """The components, and what their button does."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        with gr.Accordion(say("documents"), open=False, elem_id="documents"):
            self.file = gr.File(
                label=f"{say('document')}: {', '.join(ending[1:] for ending in SUPPORTED)}",
                file_types=list(SUPPORTED),
                height=140,
            )
            with gr.Row(equal_height=True):
                self.column = gr.Textbox(label=say("column"), max_lines=1, scale=2, min_width=220)
                self.go = gr.Button(say("document_go"), min_width=160)
            self.done = gr.File(
                label=say("document_done"), interactive=False, visible=False, elem_id="translated"
            )
            self.told = gr.HTML(html_template='<p class="status" role="status">${value}</p>', elem_id="told")

    def connect(self, pair: gr.Dropdown, sliders: list[gr.Slider]) -> None:
        """Makes the button work."""
        self.go.click(
            self.translate,
            [pair, self.file, self.column, *sliders],
            [self.file, self.done, self.told],
            show_progress_on=self.done,
            api_visibility="private",
        )

    async def translate(
        self,
        pair: int,
        path: str | None,
        column: str,
        *values: Any,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio hands it over
    ) -> AsyncIterator[list[Any]]:
        """The upload (taken away), the translated file, and what there is to be said."""
        if path is None:
            yield [None, gr.skip(), status("no_file")]
            return
        yield [gr.skip(), gr.File(None, visible=True), status("writing")]
        try:
            work = Work(self.desk, await self.desk.find(pair), Controls.read(values), progress)
            made = await work.run(path, column)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / made.name
                file.write_bytes(made.content)
                yield [None, gr.File(str(file), visible=True), status("done")]
        except Exception as error:
            yield [None, gr.File(None, visible=False), status(explain_failure(error))]


class Work:
    """One document on its way: it ends when it is done, takes too long, or nobody waits for it."""

    def __init__(
        self, desk: Desk, translator: Translator, options: DecodeOptions, progress: gr.Progress
    ) -> None:
        self.desk = desk
        self.translator = translator
        self.options = options
        self.progress = progress
        self.end = time.monotonic() + desk.limits.file_seconds
        self.left = threading.Event()

    async def run(self, path: str, column: str) -> Translated:
        """The translated document; the uploaded file is deleted.

        Raises:
            ValueError: a document that cannot be read, is too large, or takes too long.
        """
        file = Path(path)
        try:
            content = file.read_bytes()
        finally:
            file.unlink(missing_ok=True)
        try:
            return await anyio.to_thread.run_sync(
                lambda: translate_document(
                    file.name, content, self._translate, column=column.strip() or None, progress=self._report
                )
            )
        finally:
            self.left.set()

    def _translate(self, texts: list[str]) -> Iterator[Translation]:
        """The translations of texts, asked for in another thread than the worker's."""
        self.desk.limits.check_file_texts(texts)
        for start in range(0, len(texts), TURN):
            if self.left.is_set() or time.monotonic() > self.end:
                seconds = self.desk.limits.file_seconds
                raise ValueError(f"the file took longer than {seconds} seconds; send it in smaller parts")
            turn = texts[start : start + TURN]
            yield from anyio.from_thread.run(self.desk.run, partial(self._turn, turn))

    def _turn(self, texts: list[str]) -> list[Translation]:
        return list(self.translator.translate(iter(texts), self.options))

    def _report(self, done: int, every: int) -> None:
        self.progress((done, every))
