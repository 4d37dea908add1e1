"""The text of a PDF: lines are joined to paragraphs, and what cannot be read is refused in bounded time."""

import time

import pytest
from sample_files import pdf
from word_models import identity, upper

from seq2seq.documents import pdf as module
from seq2seq.documents import translate_document

LINES = [
    "Two dogs play in the snow near a house that",
    "stands in the mid-",
    "dle of the old town and is red.",
    "",
    "- A man sits on a bench.",
    "- A woman reads.",
]


def test_lines_become_paragraphs() -> None:
    """Lines of a paragraph are joined, divided words made whole, items of a list kept apart."""
    written = translate_document("a.pdf", pdf(LINES, ["A second page."]), identity, target="de")
    assert (written.name, written.media_type) == ("a.de.txt", "text/plain")
    assert written.content.decode().split("\n") == [
        "Two dogs play in the snow near a house that stands in the middle of the old town and is red.",
        "- A man sits on a bench.",
        "- A woman reads.",
        "",
        "A second page.",
        "",
    ]
    assert b"A SECOND PAGE." in translate_document("a.pdf", pdf(LINES, ["A second page."]), upper).content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x", "is not a PDF"),
        (b"%PDF-1.4\nx", "is damaged"),
        (pdf([]), "has no text, only pictures of it"),
        (pdf(*[["a"]] * 3), "has 3 pages, but at most 2 are read"),
        (pdf(["a" * 200]), "has too many characters"),
    ],
)
def test_what_cannot_be_read(content: bytes, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage, scans and books that are too large are refused in one sentence."""
    monkeypatch.setattr(module, "MOST_PAGES", 2)
    monkeypatch.setattr(module, "MOST_CHARACTERS", 100)
    with pytest.raises(ValueError, match=sentence) as caught:
        translate_document("a.pdf", content, identity)
    assert "\n" not in str(caught.value)


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading ends at the limit of time, whatever the file makes the reader do."""
    monkeypatch.setattr(module, "SECONDS", 0.01)
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"to read; send it|damaged, or too large"):
        translate_document("a.pdf", pdf(["a dog"]), identity)
    assert time.monotonic() - started < 10
