"""API keys on the routes that use no model: lists, settings, metrics, documentation and downloads.

    Authorization: Bearer KEY, DeepL-Auth-Key KEY or Basic (key as password)     or ?api_key=KEY
    or the field api_key of a body, as LibreTranslate's Python client sends it even with GET

Only the health of the server and its languages are told to everybody. Routes that use a model ask for the
key themselves (`auth.Admission`), since they read it from their body. Where there are no keys, none of this
is there.
"""

import base64
import binascii
from collections.abc import Collection

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .auth import Authenticator
from .parsing import BodyReader, LenientBody, query_fields, replay
from .security import error_body

# Weblate asks for the languages without its key, as LibreTranslate allows.
OPEN = ("/health", "/ready", "/languages")
# Paths that browsers and Prometheus open, which send a key only when they are asked for it.
CHALLENGED = ("/docs", "/openapi.json", "/metrics")
CHALLENGE = {"www-authenticate": 'Basic realm="seq2seq: the key is the password"'}
BODY = BodyReader(LenientBody, forms=True)


class KeyMiddleware:
    """ASGI middleware that asks for a key wherever a route does not do so itself."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, admitting: Collection[str]) -> None:
        """Take the paths of the routes that ask for the key themselves, with POST."""
        self.app = app
        self.authenticator = authenticator
        self.admitting = frozenset(admitting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on where its key is known."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path in OPEN or (scope["method"] == "POST" and path in self.admitting):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        key = key_of_header(request.headers.get("authorization", "")) or _text(
            query_fields(request).get("api_key")
        )
        if key is None and request.headers.get("content-length", "0") != "0":
            key, receive = await _key_of_body(request)
        address = request.client.host if request.client else ""
        try:
            self.authenticator.check_key(address, key, path)
        except HTTPException as error:
            await _refuse(path, error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def key_of_header(authorization: str) -> str | None:
    """Return the key of an Authorization header of any known scheme, None without one."""
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer" | "deepl-auth-key":
            return credentials.strip() or None
        case "basic":
            try:
                user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return password or user or None
    return None


async def _key_of_body(request: Request) -> tuple[str | None, Receive]:
    """Return the key in a body, None without one, and a `receive` that gives the body once more."""
    receive = replay(await request.body(), request.receive)
    try:
        fields = await BODY.read_fields(request)
    except HTTPException:  # a body that the route refuses, or that it does not read
        return None, receive
    return _text(fields.get("api_key")), receive


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _refuse(path: str, error: HTTPException) -> JSONResponse:
    body = error_body(path, str(error.detail))
    if path.startswith(CHALLENGED) and error.status_code != 429:
        return JSONResponse(body, 401, CHALLENGE)
    return JSONResponse(body, error.status_code, error.headers)
