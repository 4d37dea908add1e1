"""Metrics of every request and, where it is switched on, one line of JSON about it. Texts are never logged.

    {"time": "2026-01-31T12:00:00Z", "client": "127.0.0.1", "method": "POST", "route": "/translate",
     "status": 200, "seconds": 0.041, "bytes_in": 60, "bytes_out": 42}

A path that is no route of ours is logged as "other": a path can hold a text, too.
"""

import json
import logging
import time
from collections.abc import Collection
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..metrics import Metrics

log = logging.getLogger("seq2seq.access")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CLIENT_LEFT = 499  # no answer was begun: the client had gone


class AccessLog:
    """The outermost ASGI middleware: it sees every request and the end of every answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Collection[str], access_log: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.routes = frozenset(routes)
        self.access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and record it when its answer has ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        status, bytes_in, bytes_out = CLIENT_LEFT, 0, 0

        async def receive_counted() -> Message:
            nonlocal bytes_in
            message = await receive()
            bytes_in += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal status, bytes_out
            if message["type"] == "http.response.start":
                status = message["status"]
            bytes_out += len(message.get("body", b""))
            await send(message)

        try:
            # The size of a body is only logged; without a log nothing needs to stand between its parts.
            await self.app(scope, receive_counted if self.access_log else receive, send_counted)
        finally:
            self._record(scope, status, time.monotonic() - began, bytes_in, bytes_out)

    def _record(self, scope: Scope, status: int, seconds: float, bytes_in: int, bytes_out: int) -> None:
        # The route's own pattern: /download_file/{key}, not the key, which opens the file.
        path = getattr(scope.get("route"), "path", None) or scope["path"]
        route = path if path in self.routes else "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.requests.labels(route, method, status).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        if self.access_log:
            line = {
                "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "client": (scope.get("client") or ("",))[0],
                "method": method,
                "route": route,
                "status": status,
                "seconds": round(seconds, 4),
                "bytes_in": bytes_in,
                "bytes_out": bytes_out,
            }
            log.info(json.dumps(line))
