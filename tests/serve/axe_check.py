"""What axe, the checker of accessibility, finds on a page that is open in a browser."""

from typing import Any

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]  # level A and AA


def violations(page: Any, context: str = "html") -> list[str]:
    """Every violation inside a part of the page: the rule, the element and what is wrong with it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=context, options={"runOnly": {"type": "tag", "values": LEVELS}})
    return [
        f"{each['id']}: {node['html'][:200]} {node['any'][0]['message'] if node['any'] else ''}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]
