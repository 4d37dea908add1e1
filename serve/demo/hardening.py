"""Guards around Gradio: nothing is read or fetched that no visitor uploaded, nothing of a visitor is logged.

    {"path": "/tmp/gradio/.../note.txt", "meta": {"_type": "gradio.FileData"}}    an upload: accepted
    {"path": "/home/anna/diary.txt", ...}                                         refused by Gradio
    {"path": "https://...", ...}  and  GET /gradio_api/file=https://...           refused here
    POST /gradio_api/process_recording    would store a file for ever; refused, the page records nothing

Gradio looks for such objects in the inputs of all events, not only in those that are files. It checks that a
path is an upload's only where the page was launched, which a mounted page never is.

It prints tracebacks, which hold what a visitor wrote; here a fault is logged by type and place, as elsewhere.
`guard` checks the bodies of its routes, `uploads` keeps the files.
"""

import sys
from types import SimpleNamespace
from typing import Any

import gradio as gr
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from gradio import queueing, route_utils, routes
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse
from starlette.exceptions import HTTPException as StarletteHTTPException

from ..http.security import FAULT, describe, http_error
from .backend import Backend
from .guard import PageGuard
from .page_folder import open_page_folder

REFUSAL = "this server fetches nothing from other addresses; download the file and upload it here"


class HardenedBlocks(gr.Blocks):
    """Blocks whose events accept uploaded files only, and whose faults are sentences."""

    def __init__(self, **options: Any) -> None:
        open_page_folder()  # before Gradio looks where its files go
        super().__init__(**options)

    async def process_api(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Run an event.

        Raises:
            gr.Error: whatever goes wrong, with a sentence; Gradio logs nothing of it.
        """
        try:
            output: dict[str, Any] = await super().process_api(*arguments, **named)
            return output
        except gr.Error as error:
            error.print_exception = False
            raise
        except Exception as error:
            raise gr.Error(describe(error)[1], print_exception=False) from None

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


def harden(mounted: routes.App, blocks: gr.Blocks, backend: Backend) -> None:
    """Put the guard in front of a mounted page, and our sentences in place of its errors and tracebacks."""
    mounted.add_middleware(PageGuard, blocks=blocks, backend=backend)
    mounted.add_exception_handler(StarletteHTTPException, http_error)
    mounted.add_exception_handler(RequestValidationError, _refuse_values)
    mounted.add_exception_handler(TypeError, _refuse_arguments)
    mounted.add_exception_handler(Exception, _tell_fault)
    for module in (queueing, route_utils, routes):
        module.traceback = SimpleNamespace(print_exc=_log_fault)  # type: ignore[attr-defined]


def _log_fault() -> None:
    """Log the exception that is being handled by type and place, in place of `traceback.print_exc`."""
    error = sys.exception()
    if isinstance(error, Exception):
        describe(error)


async def _refuse_values(request: Request, error: Exception) -> JSONResponse:
    """Refuse fields of a request; FastAPI's own answer would repeat their values."""
    assert isinstance(error, RequestValidationError)
    names = sorted({str(problem["loc"][-1]) for problem in error.errors() if problem.get("loc")})
    known = ", ".join(name for name in names if name.isidentifier() and len(name) < 40) or "a field"
    return JSONResponse({"error": f"{known} is missing or of a wrong kind; GET /gradio_api/info"}, 400)


async def _tell_fault(request: Request, error: Exception) -> JSONResponse:
    """Return the answer for a fault, which is raised further and logged by SecurityMiddleware."""
    return JSONResponse({"error": FAULT}, 500)


async def _refuse_arguments(request: Request, error: Exception) -> JSONResponse:
    """Refuse arguments that are not a function's, which Gradio tells its own client by a TypeError."""
    if not request.url.path.startswith("/gradio_api/call/v2/"):
        raise error
    sentence = "the fields are not the function's arguments; GET /gradio_api/info lists them"
    return JSONResponse({"error": sentence}, 400)


def _refuse_address(file: dict[str, Any]) -> dict[str, Any]:
    if is_http_url_like(file["path"]):
        raise gr.Error(REFUSAL, print_exception=False)
    return file


async def _refuse_fetch(request: Request) -> Response:
    raise HTTPException(403, REFUSAL)


async def _refuse_recording(request: Request) -> Response:
    raise HTTPException(403, "this page records nothing")
