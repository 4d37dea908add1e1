"""A drawing as one HTML file: opens from disk, pointing works, nothing is asked of any other host."""

import re
from html import escape
from typing import Any

from .script import as_script, script_of, shell


def standalone_page(drawing: str, data: dict[str, Any], title: str = "", language: str = "en") -> str:
    """The page of one drawing ("pair", "attention", "tree", "candidates", "step") with its data.

    `data` is what the drawing's `*_data` function gave.
    """
    filled = {
        "LANGUAGE": escape(language),
        "TITLE": escape(title or drawing),
        "SCRIPT": script_of(drawing),
        "DATA": as_script(data),
    }
    return re.sub("%([A-Z]+)%", lambda gap: filled[gap[1]], shell())
