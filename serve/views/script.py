"""Assembly of the drawings' scripts: labels and style, the shared tools, then the drawing itself.

    (function drawing(LABELS, STYLE, SHELL) { tools.js, ..., <drawing>.js; return mount; })(...)

The result is one JavaScript expression whose value is `mount(root, host)`. It loads nothing and contains no
address, so it runs in Gradio's page and in a file of its own alike; `drawing` can write itself into one.
"""

import json
import re
from functools import cache
from pathlib import Path

from .labels import LABELS

HERE = Path(__file__).parent
# The files of each drawing, in order: each may use those before it.
PARTS = {
    "pair": ("tools", "pair"),
    "attention": ("tools", "maps", "matrix", "ribbons", "picture", "overview", "attention"),
    "tree": ("tools", "tree"),
    "candidates": ("tools", "candidates"),
    "step": ("tools", "step"),
}


@cache
def script_of(drawing: str) -> str:
    """Return the JavaScript expression that is the `mount` function of a drawing."""
    body = "\n".join(_read(f"{part}.js") for part in PARTS[drawing])
    style = _read("view.css") + _read(f"{drawing}.css")
    arguments = ",".join(as_script(value) for value in (labels_in(body), style, shell()))
    return (
        f'(function drawing(LABELS, STYLE, SHELL) {{\n"use strict";\n{body}\nreturn mount;\n}})({arguments})'
    )


def labels_in(script: str) -> dict[str, dict[str, str]]:
    """Return the labels that a script names, whole ("hint_map") or by their beginning (`map_${...}`)."""
    whole = set(re.findall(r'"([a-z_]+)"', script))
    beginnings = tuple(re.findall(r"`([a-z_]+_)\$\{", script))
    return {
        language: {key: text for key, text in texts.items() if key in whole or key.startswith(beginnings)}
        for language, texts in LABELS.items()
    }


def shell() -> str:
    """Return the HTML of a page of one drawing, with gaps like %DATA%."""
    return _read("page.html")


def as_script(value: object) -> str:
    """Return a plain value as JavaScript for an HTML page: no text in it can end the script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
