"""The page on the server, with everything off that a page of texts does not need.

Sharing, monitoring and run history are off, and errors show no details. Nothing is loaded from other hosts:
fonts are those of the system, style and scripts are ours or Gradio's own.
"""

import asyncio
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App as GradioApp
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Mount

from ..http.security import http_error
from .hardening import close, harden
from .labels import translations
from .page import Page

FONTS = ["system-ui", "Noto Sans", "Noto Sans CJK SC", "Segoe UI", "Helvetica", "Arial", "sans-serif"]
MONOSPACED = ["ui-monospace", "Noto Sans Mono", "Consolas", "monospace"]
STYLE, STATES, SCRIPT = (
    (Path(__file__).parent / name).read_text(encoding="utf-8")
    for name in ("page.css", "states.css", "page.js")
)


def make_demo(page: Page, stopping: asyncio.Event, *, mcp: bool = False) -> FastAPI:
    """Return an application with a page at /.

    Args:
        page: The page.
        stopping: Ends the connections that open pages keep, which a stopping server would wait for.
        mcp: Offer the page's named functions as tools, too; needs the extra of that name.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(StarletteHTTPException, http_error)
    blocks = page.build()
    close(app, blocks)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=_theme(),
        css=STYLE,
        head=f"<style>{STATES}</style><script>{SCRIPT}</script>",
        i18n=translations(),
        footer_links=["api", "settings"],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=page.backend.limits.file_bytes,
        pwa=False,
        mcp_server=mcp,
        ssr_mode=False,
    )
    mounts = [route for route in app.routes if isinstance(route, Mount)]
    mounted = next(mount.app for mount in mounts if isinstance(mount.app, GradioApp))
    mounted.stop_event = stopping
    harden(mounted, blocks, page.backend)
    return app


def _theme() -> gr.themes.Base:
    """Return Gradio's own theme with the contrast that small letters need (WCAG 1.4.3: 4.5 to 1)."""
    theme = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=FONTS, font_mono=MONOSPACED)
    return theme.set(
        body_text_color_subdued="*neutral_600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
    )
