"""Middleware before every route, the demo included: headers, sizes of bodies, browser headers, and faults.

    request ─> header sound? ─> host allowed? ─> body small enough? ─> routes ─> headers for browsers
                  400, 431           400               413               └─ fault: 500, one line in the log

A server bound to loopback answers to loopback names only, or to those of `--allowed-hosts`. Otherwise a web
page could point its own name at 127.0.0.1 and read the server through the user's browser (DNS rebinding).

Bodies are counted as they arrive, so that one without a length, or one that never ends, is cut off too. The
rest of a refused body is discarded for a while: a connection that is closed while its client is still sending
is reset, and the client never reads the answer.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seq2seq.inference.forced_decoding import TooLongError

from ..errors import Busy, RefusalError
from ..limits import Limits
from .head import HeadMiddleware
from .proxies import HOST, PROXY_HEADERS, TrustedProxies

FILES = ("/translate_file", "/gradio_api/upload")  # paths whose bodies hold files
FILES_AT_ONCE = 134_217_728  # bytes of all files that are received or translated, unless one may have more
DISCARDED = 10  # times the allowed size: how much of a refused body is still received
LOOPBACK = ("127.0.0.1", "localhost", "::1")
HEADER_BYTES = 32_768  # of all fields of a header; the request line, which may hold a text, is not among them
FAULT = "the server failed at this request; it is not your fault, and others are still served"
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
        *,
        allowed_hosts: Iterable[str] = (),
        proxies: TrustedProxies | None = None,
    ) -> None:
        """Take the address that the server is bound to, and the event that says that it is stopping.

        `get_paths` are those of the routes that know GET; HEAD is answered for these. Where there are
        `allowed_hosts`, or on loopback, the server answers to these names and to loopback's.
        """
        self.app = app
        self.head = HeadMiddleware(app, get_paths)
        self.stopping = stopping
        self.limits = limits
        self.proxies = proxies or TrustedProxies()
        self._file_bytes = 0  # announced by the requests with files that run
        names = [name.lower() for name in allowed_hosts]
        self.hosts = frozenset([*names, *LOOPBACK]) if names or host in LOOPBACK else None
        self._host_names = ", ".join(names or ["localhost"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, pass it on, and answer for what fails before its answer has begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = closes = False
        reserved = 0
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
            reserved = self._reserve(scope)
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
                headers = getattr(error, "headers", None)
                await _send_error(send_guarded, scope["path"], status, sentence, headers)
        finally:
            self._file_bytes -= reserved

    def _reserve(self, scope: Scope) -> int:
        """Reserve room for the file of a request and return its bytes; Busy (503) where there is none.

        One file is within its limit, but every connection may send one, and all would be on disk at once.
        """
        if scope["path"].rstrip("/") not in FILES:
            return 0
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        is_open = "transfer-encoding" in headers  # its size is not known
        size = self.limits.file_bytes if is_open else int(length) if length.isdecimal() else 0
        if self._file_bytes + size > max(FILES_AT_ONCE, self.limits.file_bytes):
            raise Busy("busy_full", "the server is busy with files; send this one again later", 5)
        self._file_bytes += size
        return size

    def _check(self, scope: Scope, body: "_CountedBody") -> None:
        """Refuse a header that is ambiguous (400) or too large (431), another host (400), a long body (413).

        The headers of a proxy count only where it is trusted.
        """
        fields = dict(scope["headers"])
        size = sum([len(name) + len(value) + 4 for name, value in scope["headers"]])  # ": " and a line end
        if size > HEADER_BYTES:
            raise HTTPException(
                431, f"the header has {size} bytes, but at most {HEADER_BYTES} are allowed; shorten it"
            )
        if b"content-length" in fields and b"transfer-encoding" in fields:
            # A proxy may believe the one and this server the other (request smuggling, RFC 9112, 6.1).
            raise HTTPException(
                400, "the header has both Content-Length and Transfer-Encoding; send one of them"
            )
        for field, value in scope["headers"]:  # one may come twice, and readers take the first or the last
            if field in (b"host", b"x-forwarded-host"):
                self._check_host(field.decode(), value.decode("latin-1"))
        if not PROXY_HEADERS.isdisjoint(fields):
            self.proxies.apply(scope)
        length = fields.get(b"content-length", b"0")
        body.check_size(int(length) if length.isdigit() else 0)

    def _check_host(self, field: str, value: str) -> None:
        """Refuse (400) what is no name of a host, and a name to which this server does not answer."""
        # Each of several proxies appends its own to X-Forwarded-Host; the first is the one that is used.
        match = HOST.fullmatch(value.partition(",")[0].strip())
        name = (match[1] or match[2]).lower() if match else ""
        if self.hosts is not None and name not in self.hosts:
            raise HTTPException(
                400, f"this server answers to {self._host_names} only; check the header {field}"
            )
        if not name:
            raise HTTPException(
                400, f"the header {field} is no name of a host; send a name and perhaps a port"
            )


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
    return 500, FAULT


async def _send_error(
    send: Send, path: str, status: int, sentence: str, more: Mapping[str, str] | None = None
) -> None:
    """Answer with an error, and close the connection: the body may not have been read."""
    body = json.dumps(error_body(path, sentence)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *((name.encode(), value.encode()) for name, value in (more or {}).items() if name != "connection"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
