"""The page is made at its first request, once, and again where that failed."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI

from serve.demo.late_page import LatePage


class MakeCounter:
    """A function that makes an application, the first `failures` times in vain; it notes what happens."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.events: list[str] = []

    def __call__(self) -> FastAPI:
        """Make an application, or raise an OSError."""
        self.events.append("made")
        if self.events.count("made") <= self.failures:
            raise OSError("no room")

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            self.events.append("begun")
            yield
            self.events.append("ended")

        app = FastAPI(lifespan=lifespan)
        app.add_api_route("/", lambda: "the page")
        return app


async def ask(page: LatePage) -> int:
    """Return the status of a request to a page."""
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page") as client:
        return (await client.get("/")).status_code


def test_page_is_made_once_when_it_is_asked_for() -> None:
    """Visitors who come together wait for one page; closing it ends its lifespan."""
    make = MakeCounter()

    async def visit() -> list[int]:
        page = LatePage(make)
        assert make.events == []
        statuses = await asyncio.gather(*(ask(page) for _ in range(5)))
        statuses.append(await ask(page))
        assert make.events == ["made", "begun"]
        await page.close()
        return statuses

    assert asyncio.run(visit()) == [200] * 6
    assert make.events == ["made", "begun", "ended"]


def test_page_that_nobody_asked_for_is_not_made() -> None:
    """A server that stops without a visitor makes no page."""
    make = MakeCounter()

    async def visit() -> None:
        await LatePage(make).close()

    asyncio.run(visit())
    assert make.events == []


def test_page_that_failed_is_tried_again() -> None:
    """Everybody who waits is told of the failure; the next visitor has the page."""
    make = MakeCounter(failures=1)

    async def visit() -> None:
        page = LatePage(make)
        outcomes = await asyncio.gather(ask(page), ask(page), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
        assert await ask(page) == 200
        await page.close()

    asyncio.run(visit())
    assert make.events == ["made", "made", "begun", "ended"]


def test_visitor_who_leaves_does_not_stop_it() -> None:
    """A request that is given up while the page is made leaves it to the others."""
    make = MakeCounter()

    async def visit() -> None:
        page = LatePage(make)
        leaving = asyncio.create_task(ask(page))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert await ask(page) == 200
        await page.close()

    asyncio.run(visit())
    assert make.events == ["made", "begun", "ended"]


def test_server_starts_without_gradio() -> None:
    """Whoever imports the application has not imported Gradio, which takes seconds."""
    program = "import sys, serve.app, serve.command; print('gradio' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
