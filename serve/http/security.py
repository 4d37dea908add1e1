"""What stands before every route, the demo's included: host names, the size of bodies, and faults.

    request ─> host known? ─> body small enough? ─> routes ─> headers for browsers
                  400              413                └─ fault: 500 and one line in the log, no traceback

A server bound to loopback answers only to loopback names, so that a web page whose name points at
127.0.0.1 cannot read it. Bodies are counted as they come, so one without a length is cut off too, and
one that does not come to its end in time. What is still being sent of a refused one is thrown away for
a while: a connection that is closed on a client in the middle of sending is reset, and the answer lost.
"""

import asyncio
import json
import logging
import time
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

FILES = ("/translate_file", "/gradio_api/upload")  # paths whose bodies hold files
TAKEN = 10  # times the allowed size: so much is still taken of what was refused
LOOPBACK = ("127.0.0.1", "localhost", "::1")
log = logging.getLogger("seq2seq.serve")

# The page may load what this server gives it and nothing else; Gradio needs inline scripts and eval.
BROWSER_HEADERS = {
    "content-security-policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class SecurityMiddleware:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, limits: Limits, host: str, stopping: asyncio.Event) -> None:
        """Takes the address that the server is bound to; a loopback one allows loopback names only."""
        self.app = app
        self.stopping = stopping
        self.limits = limits
        self.only_loopback = host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
                await send({**message, "more_body": True})
                await body.discard()
                message = {"type": message["type"]}
            await send(message)

        try:
            self._check(scope, body)
            await self.app(scope, body.receive, send_guarded)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
            if not started:
                await _send_error(send_guarded, 503, "the server is stopping; ask again when it is back")
        except Exception as error:
            status, sentence = describe(error)
            if not started:
                await _send_error(send_guarded, status, sentence)

    def _check(self, scope: Scope, body: "_CountedBody") -> None:
        headers = Headers(scope=scope)
        for name in ("host", "x-forwarded-host"):
            if self.only_loopback and name in headers and _host_name(headers[name]) not in LOOPBACK:
                raise HTTPException(400, f"this server answers to localhost only; check the header {name}")
        length = headers.get("content-length", "0")
        body.check_size(int(length) if length.isdecimal() else 0)


class _CountedBody:
    """The body of a request: counted as it comes, and what is left of it thrown away."""

    def __init__(self, path: str, receive: Receive, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        is_file = path in FILES
        self._check = limits.check_file if is_file else limits.check_body
        self._most = TAKEN * (limits.file_bytes if is_file else limits.body_bytes)
        self._size, self._whole = 0, False
        self._end = time.monotonic() + limits.body_seconds

    def check_size(self, size: int) -> None:
        """Refuse (413) a body of a size that is beyond the limit."""
        try:
            self._check(size)
        except ValueError as error:
            raise HTTPException(413, str(error), {"connection": "close"}) from None

    async def receive(self) -> Message:
        """The next part of the body; refused where it is too late, or one part too many."""
        if self._whole:  # what is waited for now is that the client leaves
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
        """Takes what still comes in its time and keeps none of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._end - time.monotonic()):
                while not self._whole and self._size < self._most:
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._whole = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        return message


async def http_error(request: Request, error: Exception) -> JSONResponse:
    """Gives an HTTPException the shape that all our errors have."""
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)


async def value_error(request: Request, error: Exception) -> JSONResponse:
    """A ValueError of ours is the user's fault and says what to do; other kinds (UnicodeError) are not."""
    if type(error) not in (ValueError, RefusalError, TooLongError):
        raise error
    return JSONResponse({"error": str(error)}, 400)


def _host_name(header: str) -> str:
    """The name in a Host header without its port: [::1]:7860 -> ::1."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def describe(error: Exception) -> tuple[int, str]:
    """Status and sentence of a failure; a fault of ours is logged by kind and place, without its text."""
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name} line {trace.tb_lineno}" if trace else "unknown"
    log.error("a request failed: %s in %s", type(error).__name__, place)
    return 500, "the server failed at this request; it is not your fault, and others are still served"


async def _send_error(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
