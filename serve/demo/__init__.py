"""The demo page, made with Gradio: `Backend` works, `Page` lays out, `mount_demo` puts it on the server."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported

from .backend import Backend
from .mount import mount_demo
from .page import Page

__all__ = ["Backend", "Page", "mount_demo"]
