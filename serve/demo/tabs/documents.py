"""A document in, the same document translated out, with a bar that shows how far it is.

    upload ─> bytes, the upload deleted ─> translate_document, as for the REST routes ─> a file to download

Its texts wait in line with all others, a few at a time; who leaves stops the work.
"""

import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from seq2seq.documents import SUPPORTED, TranslatedDocument, translate_document

from ...engine.documents import file_terms
from ...engine.routing import Route
from ..backend import Backend, Message, explain_failure, way_of
from ..header import status, tell_way
from ..labels import say


class DocumentPanel:
    """The components, and what their button does."""

    def __init__(self, desk: Backend) -> None:
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

    def connect(self, way: gr.Dropdown) -> None:
        """Makes the button work."""
        self.go.click(
            self.translate,
            [way, self.file, self.column],
            [self.file, self.done, self.told],
            show_progress_on=self.done,
            api_visibility="private",
        )

    async def translate(
        self,
        way: int,
        path: str | None,
        column: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio hands it over
    ) -> AsyncIterator[list[Any]]:
        """The upload (taken away), the translated file, and what there is to be said."""
        if path is None:
            yield [None, gr.skip(), status("no_file")]
            return
        yield [gr.skip(), gr.File(None, visible=True), status("writing")]
        try:
            made, route = await DocumentJob(self.desk, way, progress).run(path, column)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / made.name
                file.write_bytes(made.content)
                yield [None, gr.File(str(file), visible=True), tell_way(way_of(route), "way")]
        except Exception as error:
            yield [None, gr.File(None, visible=False), status(*_explain(error))]


class DocumentJob:
    """One document on its way through the service, as a file that is sent to the REST routes."""

    def __init__(self, desk: Backend, way: int, progress: gr.Progress) -> None:
        self.desk = desk
        self.way = way
        self.progress = progress

    async def run(self, path: str, column: str) -> tuple[TranslatedDocument, Route]:
        """The translated document and its way; the uploaded file is deleted.

        Raises:
            ValueError: a document that cannot be read or is too large.
            HTTPException: the server is full or stops, the document takes too long, too many are sent.
        """
        file = Path(path)
        try:
            content = file.read_bytes()
        finally:
            file.unlink(missing_ok=True)
        client = self.desk.admit()
        read = partial(translate_document, file.name, content, column=column.strip() or None)
        return await self.desk.documents.run(
            lambda translate: read(translate=translate, progress=self._report),
            *self.desk.ways[self.way],
            client,
            file_terms(self.desk.limits),
        )

    def _report(self, done: int, every: int) -> None:
        self.progress((done, every))


def _explain(error: Exception) -> Message:
    """What is said of a document that was not translated; what is wrong inside it, in the words at hand."""
    told = explain_failure(error)
    return Message("file_unread", told.sentence) if type(error) is ValueError else told
