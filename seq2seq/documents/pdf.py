"""Portable documents (pdf): their text, one paragraph a line; the translation is a plain text.

A page says where its glyphs are, not what a paragraph is, so that nothing could be put back in its place.
Lines are joined to paragraphs until one ends early or ends a sentence; words divided at the end of a line
are made whole. The text is read by pypdf in a process of its own with limits of memory and time, since a
small file may unfold to any size.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from seq2seq.documents.lines import read_lines
from seq2seq.documents.template import Template

MOST_PAGES = 2_000
MOST_CHARACTERS = 8_000_000
SECONDS = 60
MEMORY = 2 * 2**30  # bytes
_READER = Path(__file__).with_name("pdf_text.py")
_REFUSED = 3  # exit code: the last line of standard error says why
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’»)\]]*\Z")
_ITEM = re.compile(r"(?:[•‣▪◦●*–-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_DIVIDED = re.compile(r"[^\W\d_]-\Z")
SHORT = 0.75  # of the longest line of a page: a line below it ends a paragraph


def read_pdf(content: bytes, name: str) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read the text of a document: its template, and a function from its text to bytes.

    Raises:
        ValueError: the bytes are not such a document, it is protected or too large, or has no text.
    """
    if b"%PDF-" not in content[:1024]:
        raise ValueError(f"{name!r} is not a PDF; save it again")
    pages = _pages(content, name)
    text = "\n\n".join("\n".join(_paragraphs(page)) for page in pages if page.strip())
    if not text:
        raise ValueError(f"{name!r} has no text, only pictures of it; recognise its text (OCR) first")
    return [read_lines(text + "\n")], lambda filled: filled[0].encode()


def _pages(content: bytes, name: str) -> list[str]:
    """Return the text of each page, read in another process."""
    limits = [str(number) for number in (MOST_PAGES, MOST_CHARACTERS, MEMORY, SECONDS)]
    try:
        result = subprocess.run(
            [sys.executable, "-I", str(_READER), *limits],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={key: value for key, value in os.environ.items() if key in ("PATH", "SYSTEMROOT")},
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"{name!r} takes over {SECONDS} s to read; send it in smaller parts") from error
    if result.returncode == _REFUSED:
        reason = result.stderr.decode("utf-8", "replace").strip().splitlines()[-1]
        raise ValueError(f"{name!r} {reason}")
    if result.returncode:
        raise ValueError(f"{name!r} is damaged, or too large to read; save it again, or in smaller parts")
    return result.stdout.decode("utf-8", "replace").split("\f")


def _paragraphs(page: str) -> Iterator[str]:
    """Yield the paragraphs of a page, each on one line."""
    lines = [" ".join(line.split()) for line in page.splitlines()]
    longest = max(map(len, lines), default=0)
    paragraph = ""
    for line in lines:
        if paragraph and (not line or _ITEM.match(line)):
            yield paragraph
            paragraph = ""
        if _DIVIDED.search(paragraph) and line[:1].islower():
            paragraph = paragraph[:-1] + line
        else:
            paragraph = f"{paragraph} {line}".strip()
        is_short = len(line) < SHORT * longest
        if _DIVIDED.search(paragraph):
            continue
        if paragraph and (is_short or (_SENTENCE_END.search(line) and len(line) < 0.9 * longest)):
            yield paragraph
            paragraph = ""
    if paragraph:
        yield paragraph
