r"""Lines of a string: translated one by one, or together where a paragraph is wrapped by hand.

"Usage: x\n  a   list\n"        two lines
"This sentence goes on\nhere."   one paragraph, which is wrapped again at the same width
"""

import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from seq2seq.text.normalization import UNSPACED

_BREAK = re.compile(r"(\r\n|\n|\r)")
_INDENT = re.compile(r"[ \t]*")
_UNSPACED = re.compile(f"[{UNSPACED}]")
LEAST_WIDTH = 40  # characters of a line that is wrapped by hand; shorter ones are lines of their own
_ENDED = re.compile(r"[.:!?。：！？…)\]>]\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+•·]|\d{1,3}[.)]|-{1,2}\w)")


class StringLine(NamedTuple):
    """A line or a wrapped paragraph.

    Attributes:
        text: Its text; of a paragraph with blanks in place of the line breaks.
        end: The line break after it, empty at the end of the string.
        width: Characters at which a paragraph is wrapped again; 0 for a single line.
        indent: The indent of a paragraph's further lines.
        line_break: The line break within a paragraph.
    """

    text: str
    end: str
    width: int = 0
    indent: str = ""
    line_break: str = "\n"


def split_lines(text: str) -> list[StringLine]:
    """Split a string at its line breaks, except where a sentence goes on in the next line."""
    parts = _BREAK.split(text)
    lines, breaks = parts[::2], [*parts[1::2], ""]
    result, start = [], 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and _goes_on(lines[end - 1], lines[end]):
            end += 1
        group = lines[start:end]
        if len(group) == 1:
            result.append(StringLine(group[0], breaks[start]))
        else:
            joined = " ".join([group[0].rstrip(), *(line.strip() for line in group[1:])])
            trailing = group[-1][len(group[-1].rstrip()) :]
            width, indent = max(map(len, group)), _indent(group[1])
            result.append(StringLine(joined + trailing, breaks[end - 1], width, indent, breaks[start]))
        start = end
    return result


def join_lines(lines: Sequence[StringLine], translations: Sequence[str]) -> str:
    """Return a string with translated lines; paragraphs are wrapped as the source's are."""
    written = [_wrapped(line, text) + line.end for line, text in zip(lines, translations, strict=True)]
    return "".join(written)


def _goes_on(line: str, following: str) -> bool:
    """Return whether a sentence is broken between two lines."""
    if len(line.rstrip()) < LEAST_WIDTH or _ENDED.search(line) or _ITEM.match(following):
        return False
    words = following.strip()
    return bool(words) and not words[0].isupper() and _indent(line) == _indent(following)


def _indent(line: str) -> str:
    found = _INDENT.match(line)
    return found[0] if found else ""


def _wrapped(line: StringLine, text: str) -> str:
    if not line.width or _UNSPACED.search(text):
        return text
    body = text.rstrip()
    first = _indent(body)
    wrapped = textwrap.wrap(
        body.strip(),
        max(line.width, LEAST_WIDTH),
        initial_indent=first,
        subsequent_indent=line.indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return line.line_break.join(wrapped) + text[len(body) :]
