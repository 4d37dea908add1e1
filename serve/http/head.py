"""HEAD for every GET route: the same status and headers, without the body.

FastAPI's routes know GET only, but clients and monitors look with HEAD whether a server is there.
"""

from collections.abc import Iterable

from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """ASGI middleware that answers HEAD as GET."""

    def __init__(self, app: ASGIApp, paths: Iterable[str]) -> None:
        """Take the paths (patterns of routes) that have GET."""
        self.app = app
        self.patterns = [compile_path(path)[0] for path in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HEAD on as GET, and drop the body of its answer."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not self._is_known(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        as_get = {**scope, "method": "GET"}
        try:
            await self.app(as_get, receive, send_without_body)
        finally:
            # The access log names the route by its pattern, never by the path.
            scope.update({"route": as_get["route"]} if "route" in as_get else {})

    def _is_known(self, path: str) -> bool:
        return any(pattern.match(path) for pattern in self.patterns)
