"""The page, made when it is first asked for: clients of the REST routes never wait for Gradio.

    start ─> REST answers
    first GET / ─> thread: import, layout ─> the page answers until the server ends

Gradio takes longer to import than the rest of the server takes to start.
"""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send


class LatePage:
    """ASGI application that is made at its first request; its lifespan ends with `close`."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        """Take the function that makes the application; it runs in a thread, again where it has failed."""
        self._make = make
        self._app: ASGIApp | None = None
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[ASGIApp] | None = None
        self._run: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, the first ones when the application has been made."""
        app = self._app or await self._open()
        await app(scope, receive, send)

    async def close(self) -> None:
        """End the lifespan of the application, if it was made."""
        self._closing.set()
        if self._run:
            await self._run

    async def _open(self) -> ASGIApp:
        """Return the application as soon as it runs."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._run = asyncio.create_task(self._live(self._opened))
        return await asyncio.shield(self._opened)  # a visitor who leaves does not stop it for others

    async def _live(self, opened: "asyncio.Future[ASGIApp]") -> None:
        """Make the application and keep its lifespan, which has to end in the task that began it."""
        try:
            app = await asyncio.to_thread(self._make)
            async with app.router.lifespan_context(app):
                self._app = app
                opened.set_result(app)
                await self._closing.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)
            self._opened = None
