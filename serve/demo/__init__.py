"""The demo page, made with Gradio: `Desk` works, `Page` lays out, `mount_demo` puts it on the server."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

from .backend import Desk
from .mount import mount_demo
from .page import Page

__all__ = ["Desk", "Page", "mount_demo"]
