"""The demo page, made with Gradio: `Backend` works, `Page` lays out, `make_demo` closes the rest of it.

Nothing of Gradio is imported before the page is asked for: `LatePage` is what the server mounts.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported
