"""CORS: web pages of other origins may use the REST routes and nothing else of the server.

    OPTIONS with Origin and Access-Control-Request-Method -> 204, what is allowed
    any answer of these routes                            -> Access-Control-Allow-Origin: *

Every answer has the header, as LibreTranslate's have, so that a cache may hand it to any page.

Never with credentials: the browser then sends neither cookies nor stored passwords, so that a page reads
nothing that it could not fetch without the user's browser. Demo and metrics stay closed to other origins.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DAY = 86_400  # seconds that a browser may remember the answer
LIBRETRANSLATE_METHODS = "GET, POST"  # on its answers; only those to OPTIONS, which are exact, mean anything


class CORSMiddleware:
    """ASGI middleware that opens some paths to other origins."""

    def __init__(self, app: ASGIApp, methods: Mapping[str, str]) -> None:
        """Take the open paths (patterns of routes), each with its methods as the header lists them."""
        self.app = app
        self.methods = [(compile_path(path)[0], allowed) for path, allowed in methods.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, and add the header of CORS to answers of open paths."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        methods = self._methods(scope["path"]) if scope["type"] == "http" else None
        if methods is None:
            await self.app(scope, receive, send)
            return
        if (
            scope["method"] == "OPTIONS"
            and "origin" in headers
            and "access-control-request-method" in headers
        ):
            await _allow(send, methods)
            return

        # Errors get the header as well, so that a web page can read why it was refused.
        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["access-control-allow-origin"] = "*"
                answer["access-control-allow-methods"] = LIBRETRANSLATE_METHODS
            await send(message)

        await self.app(scope, receive, send_open)

    def _methods(self, path: str) -> str | None:
        """Return the methods of a path, None where it is closed to other origins."""
        return next((allowed for pattern, allowed in self.methods if pattern.match(path)), None)


async def _allow(send: Send, methods: str) -> None:
    """Answer a browser's preflight request."""
    headers = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": methods,
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": str(DAY),
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": raw})
    await send({"type": "http.response.body", "body": b""})
