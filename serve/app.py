"""The application: what stands before every route, the REST routes, their documentation, and the demo.

    Record ─ Origins ─ Guard ─┬─ /translate /detect /languages        api
                              ├─ /translate_file /download_file       files
                              ├─ /v1/translate /v1/stream             translations
                              ├─ /v1/completions                      completions
                              ├─ /v1/score /v1/align /v1/attention    pairs
                              ├─ /health /ready /metrics /v1/models   status
                              ├─ /docs /openapi.json                  Swagger UI from an installed package
                              └─ /                                    demo (Gradio)

Every error of a route has the shape {"error": sentence}.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from fastapi import FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from openapi_ui_bundles import swagger_ui
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles

from seq2seq import __version__
from seq2seq.inference.decoding import decode_sources

from .demo import Backend, Page, mount_demo
from .engine.batcher import BUDGET, PATIENCE, Batcher
from .engine.documents import DocumentExecutor
from .engine.executor import Executor, lanes
from .engine.process_pool import ProcessPool
from .engine.registry import ModelRegistry
from .engine.service import Service
from .http.access_log import AccessLog
from .http.auth import Authenticator
from .http.cors import CORSMiddleware
from .http.security import SecurityMiddleware, http_error, value_error
from .limits import Limits
from .metrics import Metrics
from .routes import completions, files, status, translations
from .routes import libretranslate as api
from .routes import scoring as pairs

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CLOSED = ("/metrics",)  # to web pages of other origins


@dataclass(frozen=True)
class ServerOptions:
    """How a server is run: who may ask (rate in requests a minute), and how requests are batched.

    `budget` is in tokens (1 switches batching off), `patience` in seconds. `processes` have batches that
    run side by side searched in processes of their own, not in threads. `mcp` offers the page's functions
    as tools.
    """

    rate: int | None = None
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    access_log: bool = False
    budget: int = BUDGET
    patience: float = PATIENCE
    processes: bool = False
    mcp: bool = False


def make_app(
    catalog: ModelRegistry,
    limits: Limits | None = None,
    *,
    host: str = "127.0.0.1",
    stopping: asyncio.Event | None = None,
    options: ServerOptions | None = None,
) -> FastAPI:
    """The whole application for the models of a catalog.

    `host` is the address it is bound to; `stopping` is set by the server when it is about to stop.
    """
    limits = limits or Limits()
    options = options or ServerOptions()
    stopping = stopping or asyncio.Event()
    metrics, side_by_side = Metrics(), lanes()
    cores = torch.get_num_threads() // side_by_side  # of each batch
    worker = Executor(side_by_side + 1, cores)  # batches, and a stream's step
    batcher = Batcher(
        worker, limits, metrics, budget=options.budget, patience=options.patience, lanes=side_by_side
    )
    searchers = ProcessPool(side_by_side, cores) if options.processes and side_by_side > 1 else None
    decode = searchers.decode if searchers else decode_sources
    service = Service(catalog, batcher, limits, metrics, decode)
    access = Authenticator(options.rate, options.keys)
    app = FastAPI(
        title="seq2seq",
        version=__version__,
        description="Translation: LibreTranslate's wire shapes, and under /v1 all that the models can say.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(batcher, searchers, stopping),
    )
    app.add_exception_handler(StarletteHTTPException, http_error)
    app.add_exception_handler(ValueError, value_error)
    documents = DocumentExecutor(service)
    routers = [
        api.make_router(service, access, documents),
        files.make_router(service, access, documents),
        translations.make_router(service, access),
        completions.make_router(service, access),
        pairs.make_router(service, access),
        status.make_router(service),
    ]
    for router in routers:
        app.include_router(router)
    _add_documentation(app)
    rest = _methods([route for router in routers for route in router.routes])
    allowed = {**_methods(app.routes), **rest}
    open_to_all = {path: ", ".join(sorted(rest[path])) for path in rest if path not in CLOSED}
    app.add_middleware(SecurityMiddleware, limits=limits, host=host, stopping=stopping)
    app.add_middleware(CORSMiddleware, methods=open_to_all)
    app.add_middleware(AccessLog, metrics=metrics, routes=allowed, access_log=options.access_log)
    _refuse_other_methods(app, allowed)
    if not options.keys:  # the page asks nobody for a key
        mount_demo(app, Page(Backend(service, access, documents)), stopping, mcp=options.mcp)
    return app


def _lifespan(batcher: Batcher, searchers: ProcessPool | None, stopping: asyncio.Event) -> Any:
    """Told to stop, a server turns away what has not begun; when it has stopped, its processes end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async def watch() -> None:
            await stopping.wait()
            batcher.stop()

        task = asyncio.create_task(watch())
        yield
        task.cancel()
        if searchers:
            searchers.close()

    return lifespan


def _add_documentation(app: FastAPI) -> None:
    """GET /docs, with script and style from the installed package and no question to any validator."""
    app.mount("/docs/assets", StaticFiles(directory=swagger_ui.static_path), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="seq2seq: the REST interface",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon-32x32.png",
            swagger_ui_parameters={"validatorUrl": None},
        )


def _methods(routes: Sequence[BaseRoute]) -> dict[str, set[str]]:
    """The methods of each path."""
    allowed: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route):
            allowed.setdefault(route.path, set()).update(route.methods or ())
    return allowed


def _refuse_other_methods(app: FastAPI, allowed: dict[str, set[str]]) -> None:
    """405 for a known path with another method; without this the demo, mounted at /, would answer."""
    for path, methods in allowed.items():
        names = ", ".join(sorted(methods))

        async def refuse(request: Request, names: str = names) -> Response:
            raise HTTPException(405, f"{request.method} is not allowed here; use {names}", {"allow": names})

        app.add_route(path, refuse, [method for method in METHODS if method not in methods])
