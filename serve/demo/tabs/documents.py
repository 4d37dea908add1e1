"""A panel that translates a document, with a progress bar.

    upload ─> bytes, the upload deleted ─> translate_document, as for the REST routes ─> a file to download

Its texts are queued with all others, a few at a time; the work stops when the visitor leaves.
"""

import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from seq2seq.documents import SUPPORTED, TranslatedDocument, translate_document

from ...engine.documents import file_limits
from ...engine.routing import Route
from ..backend import Backend, Message, failure_message, route_to_show
from ..header import done_status, status
from ..labels import say


class DocumentPanel:
    """The components, and the function of their button."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
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
            self.status = gr.HTML(
                html_template='<p class="status" role="status">${value}</p>', elem_id="document-status"
            )

    def connect(self, direction: gr.Dropdown) -> None:
        """Connect the button."""
        self.go.click(
            self.translate,
            [direction, self.file, self.column],
            [self.file, self.done, self.status],
            show_progress_on=self.done,
            api_visibility="private",
        )

    async def translate(
        self,
        direction: int,
        path: str | None,
        column: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio hands it over
    ) -> AsyncIterator[list[Any]]:
        """Yield the uploaded file (which is removed), the translated file, and the status."""
        if path is None:
            yield [None, gr.skip(), status("no_file")]
            return
        yield [gr.skip(), gr.File(None, visible=True), status("writing")]
        try:
            document, route = await DocumentJob(self.backend, direction, progress).run(path, column)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / document.name
                file.write_bytes(document.content)
                line = done_status(route_to_show(route), "way" if route.served else "not_served")
                yield [None, gr.File(str(file), visible=True), line]
        except Exception as error:
            yield [None, gr.File(None, visible=False), status(*_failure_message(error))]


class DocumentJob:
    """One document that goes through the service as a file sent to the REST routes does."""

    def __init__(self, backend: Backend, direction: int, progress: gr.Progress) -> None:
        self.backend = backend
        self.direction = direction
        self.progress = progress

    async def run(self, path: str, column: str) -> tuple[TranslatedDocument, Route]:
        """Return the translated document and its route; delete the uploaded file.

        Raises:
            ValueError: a document that cannot be read or is too large.
            HTTPException: the server is full or stops, the document takes too long, or there are too many.
        """
        file = Path(path)
        try:
            content = file.read_bytes()
        finally:
            file.unlink(missing_ok=True)
        client = self.backend.admit()
        source, target = self.backend.directions[self.direction]
        read = partial(translate_document, file.name, content, column=column.strip() or None, target=target)
        return await self.backend.documents.run(
            lambda translate: read(translate=translate, progress=self._report),
            source,
            target,
            client,
            file_limits(self.backend.limits),
        )

    def _report(self, done: int, total: int) -> None:
        self.progress((done, total))


def _failure_message(error: Exception) -> Message:
    """Return the message for a document that was not translated; faults inside it are told in English."""
    message = failure_message(error)
    return Message("file_unread", message.text) if type(error) is ValueError else message
