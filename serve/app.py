"""The application: guard, REST routes, their documentation, and the demo, on one server.

    Guard ─┬─ /translate /languages /health      api
           ├─ /docs /openapi.json                Swagger UI from an installed package, nothing from outside
           └─ /                                  demo (Gradio)

Every error of a route has the shape {"error": sentence}.
"""

import asyncio
from collections.abc import Sequence

from fastapi import FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from openapi_ui_bundles import swagger_ui
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles

from seq2seq import __version__

from .api import make_router
from .catalog import Catalog
from .demo import Page, mount_demo
from .guard import Guard, http_error, value_error
from .limits import Limits
from .worker import Worker

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def make_app(
    catalog: Catalog,
    limits: Limits | None = None,
    *,
    host: str = "127.0.0.1",
    stopping: asyncio.Event | None = None,
) -> FastAPI:
    """The whole application for the translators of a catalog.

    `host` is the address it is bound to; `stopping` is set by the server when it is about to stop.
    """
    limits = limits or Limits()
    stopping = stopping or asyncio.Event()
    worker = Worker()
    app = FastAPI(
        title="seq2seq",
        version=__version__,
        description="Translation with the wire shapes of LibreTranslate.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Guard, limits=limits, host=host, stopping=stopping)
    app.add_exception_handler(StarletteHTTPException, http_error)
    app.add_exception_handler(ValueError, value_error)
    router = make_router(catalog, worker, limits)
    app.include_router(router)
    _add_documentation(app)
    _refuse_other_methods(app, [*router.routes, *app.routes])
    mount_demo(app, Page(catalog, worker, limits), stopping)
    return app


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


def _refuse_other_methods(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """405 for a known path with another method; without this the demo, mounted at /, would answer."""
    allowed: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route):
            allowed.setdefault(route.path, set()).update(route.methods or ())
    for path, methods in allowed.items():
        names = ", ".join(sorted(methods))

        async def refuse(request: Request, names: str = names) -> Response:
            raise HTTPException(405, f"{request.method} is not allowed here; use {names}", {"allow": names})

        app.add_route(path, refuse, [method for method in METHODS if method not in methods])
