"""A drawing as one interactive HTML file, which opens from disk and fetches nothing from other hosts."""

import re
from html import escape
from typing import Any

from .script import as_script, script_of, shell


def standalone_page(drawing: str, data: dict[str, Any], title: str = "", language: str = "en") -> str:
    """Return the HTML page of one drawing.

    Args:
        drawing: "pair", "attention", "tree", "candidates" or "step".
        data: The value that the drawing's `*_data` function returned.
        title: The title of the page; by default the drawing's name.
        language: The language of its labels.
    """
    values = {
        "LANGUAGE": escape(language),
        "TITLE": escape(title or drawing),
        "SCRIPT": script_of(drawing),
        "DATA": as_script(data),
    }
    return re.sub("%([A-Z]+)%", lambda gap: values[gap[1]], shell())
