r"""The frame of a label: blanks around it, and an ellipsis or a colon at its end.

    "  Save as…\n"   is   "  " + "Save as" + "…" + "\n"

The frame is taken off before a label is translated and put back as the target language writes it.
"""

import re
from typing import NamedTuple

from seq2seq.text.languages import base_language

_MARK = re.compile(r"\s?(?:…|\.{3})?\s?[:：]?\Z")


class Frame(NamedTuple):
    """The blanks before a label, its closing mark (ellipsis, colon or both), and the blanks after it."""

    before: str = ""
    mark: str = ""
    after: str = ""


def take_frame(text: str) -> tuple[str, Frame]:
    """Return a label without its frame, and the frame; a label that is nothing but frame is left alone."""
    body = text.strip()
    start = text.find(body)
    mark = _MARK.search(body, max(0, len(body) - 8))
    if not body or mark is None or not mark.start():
        return text, Frame()
    return body[: mark.start()], Frame(text[:start], mark[0].strip(), text[start + len(body) :])


def put_frame(text: str, frame: Frame, language: str | None = None) -> str:
    """Return a label in a frame, its mark as the language writes it.

    French has a no-break space before a colon, Chinese and Japanese a wide colon.
    """
    mark = frame.mark
    base = base_language(language or "")
    if mark.endswith((":", "：")):
        colon = {"fr": "\N{NO-BREAK SPACE}:", "zh": "：", "ja": "："}.get(base, ":")
        mark = mark[:-1].rstrip() + colon
    return f"{frame.before}{text}{mark}{frame.after}"
