"""Guards around Gradio's files: nothing is read or fetched that no visitor uploaded.

    {"path": "/tmp/gradio/.../note.txt", "meta": {"_type": "gradio.FileData"}}    an upload: accepted
    {"path": "/home/anna/diary.txt", ...}                                         refused by Gradio
    {"path": "https://...", ...}  and  GET /gradio_api/file=https://...           refused here
    POST /gradio_api/process_recording    would store a file for ever; refused, the page records nothing

Gradio looks for such objects in the inputs of all events, not only in those that are files. It checks that a
path is an upload's only where the page was launched, which a mounted page never is.
"""

from typing import Any

import gradio as gr
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse

REFUSAL = "this server fetches nothing from other addresses; download the file and upload it here"


class HardenedBlocks(gr.Blocks):
    """Blocks whose events accept uploaded files only."""

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Return the inputs of an event as its function takes them.

        Raises:
            gr.Error: an input names an address to fetch.
        """
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        values: list[Any] = await super().preprocess_data(block_fn, inputs, state, explicit_call)
        return values


def close(app: FastAPI, blocks: gr.Blocks) -> None:
    """Close the routes of Gradio that fetch or store files for strangers.

    To be called before the page is mounted, so that these routes come before Gradio's own.
    """
    blocks.has_launched = True  # `launch` sets it, mounting does not
    for address in ("/gradio_api/file=http{rest:path}", "/gradio_api/file/http{rest:path}"):
        app.add_route(address, _refuse_fetch, ["GET", "HEAD"], include_in_schema=False)
    app.add_route("/gradio_api/process_recording", _refuse_recording, ["POST"], include_in_schema=False)


def _refuse_address(file: dict[str, Any]) -> dict[str, Any]:
    if is_http_url_like(file["path"]):
        raise gr.Error(REFUSAL, print_exception=False)
    return file


async def _refuse_fetch(request: Request) -> Response:
    raise HTTPException(403, REFUSAL)


async def _refuse_recording(request: Request) -> Response:
    raise HTTPException(403, "this page records nothing")
