"""The demo page, made with Gradio: `Page` lays it out, `mount_demo` puts it on the server."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

from .mount import mount_demo
from .page import Page

__all__ = ["Page", "mount_demo"]
