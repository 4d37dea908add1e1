"""The HTML tokenizer: nothing is lost, and its tags are those of a browser."""

from html import unescape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import identity, mirror, saying

from seq2seq.documents.html import translate_html
from seq2seq.documents.html_tokenizer import Characters, read_tags

if TYPE_CHECKING:
    from playwright.sync_api import Browser

soup = st.text(alphabet="<>/!-?=\"' \n&;ab中1", max_size=60)
pieces = st.sampled_from(
    [
        "<b>",
        "</b>",
        "<p>",
        "<br>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "two dogs",
        "&amp;",
        "<title>",
        "<a b='",
    ]
)
soups = st.lists(pieces | soup, max_size=12).map("".join)


@given(soups)
def test_any_text_comes_back(html: str) -> None:
    """The parts of any text, joined, are the text."""
    assert "".join(part.raw for part in read_tags(html)) == html
    assert translate_html(html, identity) == html
    translate_html(html, mirror)
    translate_html(html, saying("ein Hund"))


@pytest.mark.browser
def test_tags_are_those_of_a_browser(browser: "Browser") -> None:
    """The text between tags is the text that a browser finds."""
    page = browser.new_page()
    compared = 0

    @given(soups)
    def compare(html: str) -> None:
        nonlocal compared
        if "<title>" in html.lower() or "\x00" in html:
            return  # a title inside a body is read, but written by other rules
        seen = page.evaluate(_SEEN, f"<body>{html}")
        assert _texts(html) == seen
        compared += bool(seen)

    compare()
    assert compared
    page.close()


_SEEN = "html => [new DOMParser().parseFromString(html, 'text/html').body.textContent]"


def _texts(html: str) -> list[str]:
    """Return what a browser shows of the parts, but for line ends, as the content of the body."""
    parts = read_tags(html)
    return ["".join(p.raw if p.is_raw else unescape(p.raw) for p in parts if isinstance(p, Characters))]
