"""Web pages of other origins may use the REST routes, and nothing else of the server (CORS).

    OPTIONS with Origin and Access-Control-Request-Method -> 204, what is allowed
    any answer of these routes to a request with Origin   -> Access-Control-Allow-Origin: *

Never with credentials: a browser sends no cookie along, and no key that the page does not have, so a page
gets nothing that it could not get by itself. The demo and the metrics stay closed to other origins.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DAY = 86_400  # seconds that a browser may remember the answer


class CORSMiddleware:
    """ASGI middleware that opens some paths to other origins."""

    def __init__(self, app: ASGIApp, methods: Mapping[str, str]) -> None:
        """Takes the open paths as routes have them, each with its methods as they are written in a header."""
        self.app = app
        self.methods = [(compile_path(path)[0], allowed) for path, allowed in methods.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        methods = next((allowed for pattern, allowed in self.methods if pattern.match(path)), None)
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        if methods is None or "origin" not in headers:
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _allow(send, methods)
            return

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["access-control-allow-origin"] = "*"
            await send(message)

        await self.app(scope, receive, send_open)


async def _allow(send: Send, methods: str) -> None:
    headers = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": methods,
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": str(DAY),
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": raw})
    await send({"type": "http.response.body", "body": b""})
