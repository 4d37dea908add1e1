"""Checks in front of Gradio's routes: their bodies, sessions and uploads, with our sentences.

    POST /gradio_api/queue/join, run/NAME, call/NAME    an object; a known event; as many inputs as it has
    POST /gradio_api/cancel, reset                      an object of texts and numbers
    POST /gradio_api/upload                             `uploads`
    session_hash, anywhere                              letters, digits, - and _

Gradio trusts what a browser sends: half a character in a session's name makes its bookkeeping fail at every
later event, and a wrong number of inputs is its fault, not the sender's. Routes that this page does not use
are closed.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import anyio.to_thread
import gradio as gr
from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..http.parsing import abbreviate, check_unicode, parse_json, refuse, replay
from ..http.security import FAULT
from .backend import Backend
from .page_folder import open_page_folder
from .uploads import KEPT_SECONDS, UploadStore, read_upload

API = "/gradio_api/"
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
# First parts of paths under API that fetch, record, reload or edit, or run functions of single components.
CLOSED = frozenset(
    [
        "component_server",
        "deep_link",
        "dev",
        "process_recording",
        "profiling",
        "run-history",
        "runs",
        "stream",
        "undo-vibe-edit",
        "vibe-code",
        "vibe-edit",
        "vibe-starter-queries",
    ]
)
DIRECT = (f"{API}run/", f"{API}api/")  # events that are answered at once
TEXTS = ("session_hash", "event_id", "oauth_token")
NUMBERS = ("fn_index", "trigger_id")


class PageGuard:
    """ASGI middleware of the mounted page."""

    def __init__(self, app: ASGIApp, blocks: gr.Blocks, backend: Backend) -> None:
        self.app = app
        self.blocks = blocks
        self.backend = backend
        self.uploads = UploadStore(open_page_folder(), backend.limits.file_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what Gradio must not see, and pass on the rest."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, scope["path"].removeprefix(API).strip("/"))
            if answer is None and scope["method"] == "POST":
                body = await request.body()
                self._check_body(scope["path"].removeprefix(API).strip("/"), body)
                receive = replay(body, receive)
        except StarletteHTTPException as error:
            answer = JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
        if answer is None and scope["path"].startswith(DIRECT):
            send = _as_refusals(send)
        await (answer or self.app)(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Response | None:
        """Return the answer to a request that is not Gradio's, None where it is.

        Raises:
            HTTPException: the route is closed, or a session has no possible name.
        """
        first, _, rest = path.partition("/")
        if first in CLOSED:
            raise HTTPException(404, f"this page has no {abbreviate(first)}")
        _check_session(request.query_params.get("session_hash"))
        if first == "heartbeat":
            _check_session(rest)
        if path == "upload" and request.method == "POST":
            return JSONResponse(await self._upload(request))
        if path == "upload_progress":  # an upload is answered when it is complete
            return Response('data: {"msg": "done"}\n\n', media_type="text/event-stream")
        return None

    async def _upload(self, request: Request) -> list[str]:
        """Keep the files of an upload and return their paths.

        Raises:
            HTTPException: 400, 413, 429 or 503.
        """
        address = request.client.host if request.client else ""
        client = self.backend.access.admit(address, None)
        paths = []
        for name, content in await read_upload(request):
            path = await anyio.to_thread.run_sync(self.uploads.put, client, name, content)
            paths.append(str(path))
        # Uploads that no event reads leave in time also where nobody uploads anything after them.
        asyncio.get_running_loop().call_later(KEPT_SECONDS + 1, self.uploads.sweep)
        return paths

    def _check_body(self, path: str, body: bytes) -> None:
        """Refuse (HTTPException 400 or 404) a body with which Gradio's route could not work."""
        first, _, name = path.partition("/")
        if first == "mcp":  # its own protocol, of functions that check their arguments
            return
        fields = parse_json(body)
        if not isinstance(fields, dict):
            refuse(f"the JSON is {abbreviate(fields)}; send an object")
        check_unicode(fields)
        if path.startswith("call/v2/"):  # its fields are the function's arguments, which the function checks
            self._event({}, path.removeprefix("call/v2/"))
            return
        _check_kinds(fields)
        if first in ("run", "api", "call") or path == "queue/join":
            if path == "queue/join" and fields.get("session_hash") is None:
                refuse("session_hash is missing; give a text of letters and digits")
            event = self._event(fields, "" if path == "queue/join" else name)
            self._check_inputs(fields, event, by_program=first == "call")

    def _event(self, fields: Mapping[str, Any], name: str) -> Any:
        """Return the event that a body names, by its number or in the path.

        Raises:
            HTTPException: 404; there is none.
        """
        number, events = fields.get("fn_index"), self.blocks.fns
        if number is not None:
            event = events.get(number)
        else:
            event = next((each for each in events.values() if name and each.api_name == name), None)
        if event is None:
            raise HTTPException(404, "this page has no such event; GET /gradio_api/info lists its functions")
        return event

    def _check_inputs(self, fields: Mapping[str, Any], event: Any, *, by_program: bool) -> None:
        data = fields.get("data")
        if not isinstance(data, list):
            refuse(f"data is {abbreviate(data)}; give a list with a value for each input")
        expected = len(event.inputs)
        # Programs may leave out the inputs that are no values of theirs, as the state of the page.
        own = sum(not block.skip_api for block in event.inputs) if by_program else expected
        if len(data) not in (expected, own) and not event.cancels:
            refuse(f"data has {len(data)} values, but the event has {own} inputs; give one for each")
        if fields.get("trigger_id") is not None and fields["trigger_id"] not in self.blocks.blocks:
            refuse(f"trigger_id is {fields['trigger_id']}; give the number of a component")


def _as_refusals(send: Send) -> Send:
    """Return a `send` that answers a user's mistake with 400 and a fault with 500, each with a sentence.

    Gradio answers both with 500, and with more fields than the sentence.
    """
    held: list[bytes] = []
    is_error = False

    async def send_refusal(message: Message) -> None:
        nonlocal is_error
        if message["type"] == "http.response.start" and message["status"] == 500:
            is_error = True
        elif not is_error:
            await send(message)
        else:
            held.append(message.get("body", b""))
            if not message.get("more_body", False):
                await _send_refusal(send, b"".join(held))

    return send_refusal


async def _send_refusal(send: Send, body: bytes) -> None:
    try:
        sentence = str(json.loads(body)["error"] or FAULT)
    except (ValueError, KeyError, TypeError):
        sentence = FAULT
    content = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    status = 500 if sentence == FAULT else 400
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _check_session(value: str | None) -> None:
    """Refuse (HTTPException 400) what no page calls its session."""
    if value is not None and not SESSION.fullmatch(value):
        refuse("session_hash is no name of a session; give up to 64 letters, digits, - and _")


def _check_kinds(fields: Mapping[str, Any]) -> None:
    """Refuse (HTTPException 400) a field of another kind than Gradio's pages send."""
    for name in TEXTS:
        if not isinstance(fields.get(name), str | None):
            refuse(f"{name} is {abbreviate(fields[name])}; give a text or leave it out")
    _check_session(fields.get("session_hash"))
    for name in NUMBERS:
        value = fields.get(name)
        if not isinstance(value, int | None) or isinstance(value, bool):
            refuse(f"{name} is {abbreviate(value)}; give a whole number or leave it out")
    if fields.get("batched"):
        refuse("batched is set, but no event of this page takes batches; leave it out")
    if not isinstance(fields.get("event_data"), dict | None):
        refuse(f"event_data is {abbreviate(fields['event_data'])}; give an object or leave it out")
