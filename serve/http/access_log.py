"""Counts every request and, where it is wanted, writes one line of JSON about it. Never a text.

    {"time": "2026-01-31T12:00:00Z", "client": "127.0.0.1", "method": "POST", "route": "/translate",
     "status": 200, "seconds": 0.041, "bytes_in": 60, "bytes_out": 42}

A path that is no route of ours is written as "other", for a path can hold a text, too.
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
LEFT = 499  # no answer was begun: the client had gone


class AccessLog:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Collection[str], access_log: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.routes = frozenset(routes)
        self.access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        status, taken, given = LEFT, 0, 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal status, given
            if message["type"] == "http.response.start":
                status = message["status"]
            given += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive_counted, send_counted)
        finally:
            self._record(scope, status, time.monotonic() - began, taken, given)

    def _record(self, scope: Scope, status: int, seconds: float, taken: int, given: int) -> None:
        found = (
            getattr(scope.get("route"), "path", None) or scope["path"]
        )  # /download_file/{key}, not the key
        route = found if found in self.routes else "other"
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
                "bytes_in": taken,
                "bytes_out": given,
            }
            log.info(json.dumps(line))
