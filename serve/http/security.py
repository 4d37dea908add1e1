"""Middleware before every route, the demo included: host names, sizes of bodies, browser headers, and faults.

    request ─> host allowed? ─> body small enough? ─> routes ─> headers for browsers
                   400               413                └─ fault: 500 and one line in the log, no traceback

A server bound to loopback answers to loopback names only. Otherwise a web page could point its own name at
127.0.0.1 and read the server through the user's browser (DNS rebinding).

Bodies are counted as they arrive, so that one without a length, or one that never ends, is cut off too. The
rest of a refused body is discarded for a while: a connection that is closed while its client is still sending
is reset, and the client never reads the answer.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seq2seq.inference.forced_decoding import TooLongError

from ..errors import RefusalError
from ..limits import Limits
from .head import HeadMiddleware

FILES = ("/translate_file", "/gradio_api/upload")  # paths whose bodies hold files
DISCARDED = 10  # times the allowed size: how much of a refused body is still received
LOOPBACK = ("127.0.0.1", "localhost", "::1")
log = logging.getLogger("seq2seq.serve")

# The page may load what this server serves and nothing else; Gradio needs inline scripts and eval.
BROWSER_HEADERS = {
    "content-security-policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class SecurityMiddleware:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        host: str,
        stopping: asyncio.Event,
        get_paths: Iterable[str] = (),
    ) -> None:
        """Take the address that the server is bound to, and the event that says that it is stopping.

        `get_paths` are those of the routes that know GET; HEAD is answered for these.
        """
        self.app = app
        self.head = HeadMiddleware(app, get_paths)
        self.stopping = stopping
        self.limits = limits
        self.only_loopback = host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, pass it on, and answer for what fails before its answer has begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = closes = False
        body = _CountedBody(scope["path"], receive, self.limits)

        async def send_guarded(message: Message) -> None:
            nonlocal started, closes
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in BROWSER_HEADERS.items():
                    headers.setdefault(name, value)
                closes = headers.get("connection") == "close" and not self.stopping.is_set()
            elif closes and not message.get("more_body", False):
                # The answer goes out first and ends only when the client has had its time to send.
                await send({**message, "more_body": True})
                await body.discard()
                message = {"type": message["type"]}
            await send(message)

        try:
            self._check(scope, body)
            app = self.head if scope["method"] == "HEAD" else self.app
            await app(scope, body.receive, send_guarded)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
            if not started:
                sentence = "the server is stopping; ask again when it is back"
                await _send_error(send_guarded, scope["path"], 503, sentence)
        except Exception as error:
            status, sentence = describe(error)
            if not started:
                await _send_error(send_guarded, scope["path"], status, sentence)

    def _check(self, scope: Scope, body: "_CountedBody") -> None:
        """Refuse a foreign host name (400) and a body that announces too many bytes (413)."""
        headers = Headers(scope=scope)
        for name in ("host", "x-forwarded-host"):
            if self.only_loopback and name in headers and _host_name(headers[name]) not in LOOPBACK:
                raise HTTPException(400, f"this server answers to localhost only; check the header {name}")
        length = headers.get("content-length", "0")
        body.check_size(int(length) if length.isdecimal() else 0)


class _CountedBody:
    """The body of a request, counted as it arrives."""

    def __init__(self, path: str, receive: Receive, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        is_file = path in FILES
        self._allowed = limits.file_bytes if is_file else limits.body_bytes
        self._refuse = limits.check_file if is_file else limits.check_body
        self._size, self._complete = 0, False
        self._end = time.monotonic() + limits.body_seconds

    def check_size(self, size: int) -> None:
        """Refuse (413) a body of a size that is beyond the limit."""
        if size > self._allowed:
            try:
                self._refuse(size)
            except ValueError as error:
                raise HTTPException(413, str(error), {"connection": "close"}) from None

    async def receive(self) -> Message:
        """Return the next part of the body; HTTPException 408 when it is late, 413 when it is too much."""
        if self._complete:  # what is awaited now is that the client leaves, which may take any time
            return await self._receive()
        try:
            async with asyncio.timeout(self._end - time.monotonic()):
                message = await self._next()
        except TimeoutError:
            sentence = f"the body did not come within {self._limits.body_seconds} seconds; send it faster"
            raise HTTPException(408, sentence, {"connection": "close"}) from None
        self.check_size(self._size)
        return message

    async def discard(self) -> None:
        """Receive the rest of the body, within its time and up to a size, and keep none of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._end - time.monotonic()):
                while not self._complete and self._size < DISCARDED * self._allowed:
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._complete = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        return message


async def http_error(request: Request, error: Exception) -> JSONResponse:
    """Return the answer for an HTTPException, in the shape of all errors."""
    assert isinstance(error, StarletteHTTPException)
    body = error_body(request.url.path, str(error.detail))
    return JSONResponse(body, error.status_code, error.headers)


async def value_error(request: Request, error: Exception) -> JSONResponse:
    """Return 400 for a ValueError of ours, whose sentence tells the user what to do."""
    # Its subclasses (UnicodeError, JSONDecodeError) are faults, and their sentences may quote a user's text.
    if type(error) not in (ValueError, RefusalError, TooLongError):
        raise error
    return JSONResponse(error_body(request.url.path, str(error)), 400)


def error_body(path: str, sentence: str) -> dict[str, str]:
    """Return an error as the clients of a path read it: DeepL's under /v2, LibreTranslate's elsewhere."""
    return {"message" if path.startswith("/v2/") else "error": sentence}


def _host_name(header: str) -> str:
    """Return the name in a Host header without its port: [::1]:7860 -> ::1."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def describe(error: Exception) -> tuple[int, str]:
    """Return status and sentence of an error; a fault is logged by type and place only.

    Neither its message nor a traceback is logged: both may hold the text of a user.
    """
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name} line {trace.tb_lineno}" if trace else "unknown"
    log.error("a request failed: %s in %s", type(error).__name__, place)
    return 500, "the server failed at this request; it is not your fault, and others are still served"


async def _send_error(send: Send, path: str, status: int, sentence: str) -> None:
    """Answer with an error, and close the connection: the body may not have been read."""
    body = json.dumps(error_body(path, sentence)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
