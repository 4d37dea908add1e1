"""The application: middleware, REST routes, their documentation, and the demo.

    AccessLog ─ CORS ─ Security ─┬─ /translate /detect /languages        libretranslate
                                 ├─ /translate_file /download_file       files
                                 ├─ /spec /frontend/settings /suggest    frontend
                                 ├─ /v2/translate /v2/languages          deepl
                                 ├─ /v1/translate /v1/stream             translations
                                 ├─ /v1/completions                      completions
                                 ├─ /v1/score /v1/align /v1/attention    scoring
                                 ├─ /health /ready /metrics /v1/models   status
                                 ├─ /docs /openapi.json                  Swagger UI from an installed package
                                 └─ /                                    demo (Gradio)

Every error of a route has the shape {"error": sentence}; under /v2 it is {"message": sentence}.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from openapi_ui_bundles import swagger_ui
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles

from seq2seq import __version__
from seq2seq.inference.decoding import decode_sources

from .demo.late_page import LatePage
from .demo.page_folder import open_page_folder
from .engine.batcher import BUDGET, PATIENCE, Batcher
from .engine.documents import DocumentExecutor
from .engine.executor import Executor, lanes
from .engine.process_pool import ProcessPool
from .engine.project import Project
from .engine.registry import ModelRegistry
from .engine.service import Service
from .http.access_log import AccessLog
from .http.auth import Admission, Authenticator
from .http.cors import CORSMiddleware
from .http.keys import KeyMiddleware
from .http.proxies import TrustedProxies
from .http.security import SecurityMiddleware, describe, http_error, value_error
from .limits import Limits
from .metrics import Metrics
from .routes import completions, deepl, files, frontend, libretranslate, scoring, status, translations

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
SAME_ORIGIN = ("/metrics",)  # the only routes that web pages of other origins may not read


@dataclass(frozen=True)
class ServerOptions:
    """Options of a server.

    Attributes:
        rate: texts a minute that a client may send; None for any number.
        keys: API keys, one of which a client must send; without keys everybody is admitted.
        access_log: whether each request is logged as a line of JSON.
        budget: tokens that run together; 1 switches batching off.
        patience: seconds that an idle model waits for more requests.
        processes: whether batches that run side by side have processes of their own, not only threads.
        mcp: whether the page's functions are offered as tools.
        allowed_hosts: names under which the server answers, beside loopback's; without them any name on an
            address that is not loopback.
        proxies: addresses of proxies whose X-Forwarded headers are believed.
        project: terms and earlier translations that go before the models.
    """

    rate: int | None = None
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    access_log: bool = False
    budget: int = BUDGET
    patience: float = PATIENCE
    processes: bool = False
    mcp: bool = False
    allowed_hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    project: Project | None = field(default=None, repr=False)


def make_app(
    registry: ModelRegistry,
    limits: Limits | None = None,
    *,
    host: str = "127.0.0.1",
    stopping: asyncio.Event | None = None,
    options: ServerOptions | None = None,
) -> FastAPI:
    """Return the whole application for the models of a registry.

    Args:
        registry: the models to serve.
        limits: what a request may cost; the defaults where there are none.
        host: the address that the server is bound to.
        stopping: set by the server when it is about to stop.
        options: options of the server; the defaults where there are none.
    """
    limits, options = limits or Limits(), options or ServerOptions()
    stopping = stopping or asyncio.Event()
    metrics, lane_count = Metrics(), lanes()
    cores = torch.get_num_threads() // lane_count  # of each batch
    # One place more than lanes, so that the next step of a stream need not wait for a whole batch.
    executor = Executor(lane_count + 1, cores)
    batcher = Batcher(
        executor, limits, metrics, budget=options.budget, patience=options.patience, lanes=lane_count
    )
    needs_pool = options.processes and lane_count > 1 and not registry.is_fast
    pool = ProcessPool(lane_count, cores) if needs_pool else None
    decode = pool.decode if pool else decode_sources
    service = Service(registry, batcher, limits, metrics, decode, options.project)
    authenticator = Authenticator(options.rate, options.keys)
    documents = DocumentExecutor(service)
    # The page has no field for a key, so it would let everybody in.
    page = None if options.keys else _page(service, authenticator, documents, stopping, options.mcp)
    app = _bare_app(_lifespan(batcher, pool, page, stopping))
    routers = _routers(service, authenticator, documents, pool)
    for router in routers:
        app.include_router(router)
    _add_documentation(app)
    rest = _methods([route for router in routers for route in router.routes])
    methods = _methods(app.routes) | rest
    cross_origin = {path: ", ".join(sorted(rest[path])) for path in rest if path not in SAME_ORIGIN}
    # Starlette puts what is added last outside: the access log sees also what the others refuse.
    if options.keys:
        app.add_middleware(KeyMiddleware, authenticator=authenticator, admitting=_admitting(routers))
    app.add_middleware(
        SecurityMiddleware,
        limits=limits,
        host=host,
        stopping=stopping,
        get_paths=[path for path in methods if "HEAD" in methods[path]],
        allowed_hosts=options.allowed_hosts,
        proxies=TrustedProxies(options.proxies),
    )
    app.add_middleware(CORSMiddleware, methods=cross_origin)
    app.add_middleware(AccessLog, metrics=metrics, routes=methods, access_log=options.access_log)
    _refuse_other_methods(app, methods)
    if page:
        app.mount("/", page)
    return app


def _page(
    service: Service,
    authenticator: Authenticator,
    documents: DocumentExecutor,
    stopping: asyncio.Event,
    mcp: bool,
) -> LatePage:
    """Return the demo page, which is made when it is first asked for; its folder is opened now.

    Files that a killed server left are removed by that.
    """
    open_page_folder()

    def make() -> FastAPI:
        from .demo.backend import Backend
        from .demo.mount import make_demo
        from .demo.page import Page

        return make_demo(Page(Backend(service, authenticator, documents)), stopping, mcp=mcp)

    return LatePage(make)


def _bare_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """Return an application without routes, whose errors are sentences."""
    app = FastAPI(
        title="seq2seq",
        version=__version__,
        description="Translation: LibreTranslate's wire shapes; under /v1 scores, alignments and attention.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_exception_handler(StarletteHTTPException, http_error)
    app.add_exception_handler(ValueError, value_error)
    return app


def _routers(
    service: Service, authenticator: Authenticator, documents: DocumentExecutor, pool: ProcessPool | None
) -> list[APIRouter]:
    """Return the routes of every interface."""
    return [
        libretranslate.make_router(service, authenticator, documents),
        files.make_router(service, authenticator, documents),
        frontend.make_router(service, authenticator),
        deepl.make_router(service, authenticator, documents),
        translations.make_router(service, authenticator),
        completions.make_router(service, authenticator),
        scoring.make_router(service, authenticator),
        status.make_router(service, pool),
    ]


def _lifespan(
    batcher: Batcher, pool: ProcessPool | None, page: LatePage | None, stopping: asyncio.Event
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the lifespan: a stopping server refuses what has not begun, a stopped one ends its processes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async def stop_batcher() -> None:
            await stopping.wait()
            batcher.stop()

        asyncio.get_running_loop().set_exception_handler(_log_fault)
        task = asyncio.create_task(stop_batcher())
        yield
        task.cancel()
        if page:
            await page.close()
        if pool:
            pool.close()

    return lifespan


def _log_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log the failure of a task that nobody awaits by type and place; asyncio would print its message."""
    error = context.get("exception")
    describe(error if isinstance(error, Exception) else RuntimeError())


def _add_documentation(app: FastAPI) -> None:
    """Add GET /docs, its script and style from an installed package, without a call to any validator."""
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
    """Return the methods of each path; HEAD, where there is GET, is the affair of a middleware."""
    methods: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route):
            known = route.methods or set()
            methods.setdefault(route.path, set()).update(known, {"HEAD"} if "GET" in known else ())
    return methods


def _admitting(routers: Sequence[APIRouter]) -> list[str]:
    """Return the paths of the routes that read a key from their body."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [
        route.path
        for route in routes
        if any(isinstance(needed.call, Admission) for needed in route.dependant.dependencies)
    ]


def _refuse_other_methods(app: FastAPI, methods: dict[str, set[str]]) -> None:
    """Answer 405 for a known path with another method; otherwise the demo, mounted at /, would answer."""
    for path, known in methods.items():
        names = ", ".join(sorted(known))

        async def refuse(request: Request, names: str = names) -> Response:
            raise HTTPException(405, f"{request.method} is not allowed here; use {names}", {"allow": names})

        app.add_route(path, refuse, [method for method in METHODS if method not in known])
