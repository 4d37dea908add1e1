"""A drawing as one HTML file: opens from disk, hovers work, nothing is asked of any other host."""

from html import escape
from typing import Any

from .script import as_script, script_of

# The page's own colours; in Gradio's page its theme sets the same names.
COLOURS = """
:root { color-scheme: light dark; font-family: system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif;
  --body-text-color: #1c2733; --block-background-fill: #fff; --border-color-primary: #dfe5ec; }
:root.dark { --body-text-color: #e6ebf1; --block-background-fill: #161c24; --border-color-primary: #333d4a; }
body { background: var(--block-background-fill); color: var(--body-text-color); margin: 0 auto;
  max-width: 1200px; padding: 16px; }
"""
SHADE = (
    "document.documentElement.classList.toggle('dark', matchMedia('(prefers-color-scheme: dark)').matches);"
)


def standalone_page(drawing: str, data: dict[str, Any], title: str = "", language: str = "en") -> str:
    """The page of one drawing ("pair", "attention", "tree", "candidates", "step") with its data.

    `data` is what the drawing's `*_data` function gave.
    """
    host = f"{{data: () => ({as_script(data)}), language: () => {as_script(language)}}}"
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title or drawing)}</title>\n<style>{COLOURS}</style>\n<script>{SHADE}</script>\n"
        f'</head>\n<body>\n<main class="view"></main>\n<script>\n'
        f'{script_of(drawing)}(document.querySelector(".view"), {host});\n</script>\n</body>\n</html>\n'
    )
