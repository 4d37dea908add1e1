"""Inline tags across the borders of units: every tag comes back once."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_models import Model, identity, mirror, saying, upper

from seq2seq.documents.html import translate_html
from seq2seq.documents.html_tokenizer import Characters, read_tags

ACROSS = [
    (
        "<p><i>Two dogs <b>play</b><br>in the snow.</i></p>",
        "<p><i>TWO DOGS <b>PLAY</b><br>IN THE SNOW.</i></p>",
    ),
    ("<i>One<br><b>Two dogs</b> play here.</i>", "<i>ONE<br><b>TWO DOGS</b> PLAY HERE.</i>"),
    (
        '<a href="/x">New: <span>Two dogs </span><div>A man</div></a>',
        '<a href="/x">NEW: <span>TWO DOGS</span><div>A MAN</div></a>',
    ),
]


@pytest.mark.parametrize(("source", "expected"), ACROSS)
def test_tags_reach_over_line_breaks(source: str, expected: str) -> None:
    """A tag that is opened in one unit and closed in another reaches to the border of each."""
    assert translate_html(source, upper) == expected


PIECES = ["<b>", "</b>", "<i>", "</i>", "<br>", "<img>", "two ", "dogs", " "]


@pytest.mark.parametrize("model", [identity, mirror, saying("x <b> & y"), saying("")])
@settings(max_examples=300, deadline=None)
@given(page=st.lists(st.sampled_from(PIECES), min_size=5, max_size=12).map("".join))
def test_any_order_of_tags_survives(model: Model, page: str) -> None:
    """Tags in any order come back, each once."""

    def tags(text: str) -> Counter[str]:
        return Counter(part.raw for part in read_tags(text) if not isinstance(part, Characters))

    assert tags(translate_html(page, model)) == tags(page)
