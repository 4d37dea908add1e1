"""The scripts of the drawings, put together: labels and style, the shared tools, then the drawing itself.

    (function drawing(LABELS, STYLE, SHELL) { tools.js, ..., <drawing>.js; return mount; })({...}, "...", "...")

The result is one JavaScript expression whose value is `mount(root, host)`. It loads nothing and names no
address, so it runs in Gradio's page and in a file of its own alike; `drawing` can write itself into one.
"""

import json
from functools import cache
from pathlib import Path

from .labels import LABELS

HERE = Path(__file__).parent
# What each drawing is made of, in order; each part may use those before it.
PARTS = {
    "pair": ("tools", "pair"),
    "attention": ("tools", "maps", "matrix", "ribbons", "picture", "overview", "attention"),
    "tree": ("tools", "tree"),
    "candidates": ("tools", "candidates"),
    "step": ("tools", "step"),
}
STYLE = (HERE / "view.css").read_text(encoding="utf-8")
SHELL = (HERE / "page.html").read_text(encoding="utf-8")  # of a page of its own, with gaps like %DATA%


@cache
def script_of(drawing: str) -> str:
    """The JavaScript expression that is the `mount` function of a drawing."""
    body = "\n".join((HERE / f"{part}.js").read_text(encoding="utf-8") for part in PARTS[drawing])
    given = ",".join(as_script(each) for each in (LABELS, STYLE, SHELL))
    return f'(function drawing(LABELS, STYLE, SHELL) {{\n"use strict";\n{body}\nreturn mount;\n}})({given})'


def as_script(value: object) -> str:
    """A plain value as JavaScript that may stand in a page: no word in it can end the script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
