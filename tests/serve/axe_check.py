"""Violations that axe, the checker of accessibility, reports on a page that is open in a browser."""

from typing import Any

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]  # level A and AA
# Only violations are returned in full: with every check that passed, a tab's answer is megabytes.
OPTIONS = {"runOnly": {"type": "tag", "values": LEVELS}, "resultTypes": ["violations"]}
# Colours that are fading would be taken for those that stay. Endless animations are spinners.
STILL = """() => document.getAnimations().every((animation) =>
    animation.playState !== "running" || animation.effect?.getComputedTiming().endTime === Infinity)"""


def wait_until_still(page: Any) -> None:
    """Wait until no colour or place of the page is changing."""
    page.wait_for_function(STILL)


def violations(page: Any, context: str = "html") -> list[str]:
    """Return every violation inside a part of the page: the rule, the element and what is wrong with it."""
    from axe_playwright_python.sync_playwright import Axe

    wait_until_still(page)
    results = Axe().run(page, context=context, options=OPTIONS)
    return [
        f"{rule['id']}: {node['html'][:200]} {node['any'][0]['message'] if node['any'] else ''}"
        for rule in results.response["violations"]
        for node in rule["nodes"]
    ]
