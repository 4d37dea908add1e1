"""Markdown: paragraphs, headings, list items and table cells are units; all that is not words stays.

Blocks are found by markdown-it (CommonMark with tables), what stands inside a line by spans.py. Code, link
targets, images with their texts, reference definitions, front matter and footnote marks are not touched;
blocks of HTML are translated as HTML. A paragraph is translated as a whole and wrapped to as many lines as it
had. Signs of a translation that would be Markdown are escaped. A block whose lines are not found as they
stand in the file (one indented by half a tab, an escaped | in a table) stays as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference

from seq2seq.documents.html import read_html
from seq2seq.documents.inline import Close, Inline, InlineUnit, Open, TextToken, gather, wrap
from seq2seq.documents.lines import whole_lines
from seq2seq.documents.spans import read_spans
from seq2seq.documents.template import Slot, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\r?\n.*?^(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_NOTE = re.compile(r"\[\^[^\]\s]+\]:[ \t]*")
_DEFINITION = re.compile(r"\[[^\]\n^][^\]\n]*\]:")
_LABEL = re.compile(r"^ {0,3}\[([^\]\n]+)\]:", re.MULTILINE)
_SIGNS = re.compile(r"[\\`*\[\]<]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|~(?=~)")
_FIRST_SIGNS = re.compile(r"(\s*)([#>+=|-]|\d{1,9}(?=[.)]))")


@dataclass(frozen=True)
class MarkdownBlock:
    """A paragraph, a heading, a cell."""

    unit: InlineUnit
    is_cell: bool

    @property
    def text(self) -> str:
        """What the translator reads."""
        return self.unit.text

    def write(self, translation: "Translation") -> str:
        """The translation in Markdown, on as many lines as the source."""
        tokens = self.unit.place(translation)
        ends = [text.raw for text in self.unit.texts if text.text == "\n" and text.raw]
        written: list[str] = []
        for token in _without_empty(wrap(tokens, 1 + len(ends))):
            if isinstance(token, TextToken) and token.raw is None:
                written.append(self._escaped(token.text, not "".join(written).strip(), ends))
            else:
                written.append(token.raw or "")
        return "".join(written)

    def _escaped(self, text: str, is_first: bool, ends: list[str]) -> str:
        lines = [_SIGNS.sub(r"\\\g<0>", line) for line in text.split("\n")]
        if self.is_cell:
            lines = [line.replace("|", "\\|") for line in lines]
        else:
            lines = [_unlike_block(line) if number or is_first else line for number, line in enumerate(lines)]
        return (ends[0] if ends else " ").join(lines)


def read_markdown(text: str) -> Template:
    """A Markdown text as its untouched parts and the slots of its blocks."""
    found = _FRONT_MATTER.match(text)
    front = found[0] if found else ""
    return [front, *_MarkdownReader(text[len(front) :]).read()]


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """CommonMark's definition of a link, which a footnote of one word would be, its word the target."""
    first = state.bMarks[start] + state.tShift[start]
    return not _NOTE.match(state.src, first) and reference(state, start, end, silent)


def _without_empty(tokens: Sequence[Inline]) -> list[Inline]:
    """The tokens without emphasis of nothing, whose signs a reader would see: ** and ** are four stars."""
    kept: list[Inline] = []
    for token in tokens:
        before = kept[-1] if kept else None
        if isinstance(token, Close) and isinstance(before, Open) and token.raw == before.raw:
            kept.pop()
        else:
            kept.append(token)
    return kept


class _MarkdownReader:
    """The lines of a text, and how far they have been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[str] = whole_lines(text)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.labels = frozenset(" ".join(label.casefold().split()) for label in _LABEL.findall(text))
        self.at = 0

    def read(self) -> Iterator[str | Slot]:
        """The untouched parts and the slots, in order."""
        parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
        parser.block.ruler.at("reference", _reference)
        parser.core.ruler.enableOnly(["normalize", "block"])
        tokens = parser.parse(self.text)
        for before, token in pairwise([tokens[0], *tokens] if tokens else []):
            if token.type == "html_block" and token.level == 0 and token.map:
                start, end = self.starts[token.map[0]], self.starts[token.map[1]]
                yield self.text[self.at : start]
                yield from read_html(self.text[start:end])
                self.at = end
            elif token.type == "inline" and token.map and token.content.strip():
                is_cell = before.type in ("th_open", "td_open")
                yield from self._block(token.content, token.map[0], is_cell)
        yield self.text[self.at :]

    def _block(self, content: str, first: int, is_cell: bool) -> Iterator[str | Slot]:
        stretches = self._stretches(content, first, is_cell)
        if not stretches:
            return
        for lines in self._notes(stretches):
            yield self.text[self.at : lines[0][0]]
            separators = [self.text[a[1] : b[0]] for a, b in pairwise(lines)]
            logical = "\n".join(self.text[a:b] for a, b in lines)
            for piece in gather(read_spans(logical, separators, self.labels)):
                yield MarkdownBlock(piece, is_cell) if isinstance(piece, InlineUnit) else (piece.raw or "")
            self.at = lines[-1][1]

    def _notes(self, stretches: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """The lines of a block, parted where the text of a footnote begins; its mark is in none of them.

        Nor is a link's definition below a footnote, which CommonMark, without footnotes, takes for its text.
        """
        parted: list[list[tuple[int, int]]] = [[]]
        in_notes = False
        for start, end in stretches:
            mark = _NOTE.match(self.text, start, end)
            in_notes = in_notes or bool(mark)
            defines = in_notes and _DEFINITION.match(self.text, start, end)
            if mark or defines:
                parted.append([])
            if not defines:
                parted[-1].append((mark.end() if mark else start, end))
        return [lines for lines in parted if lines]

    def _stretches(self, content: str, first: int, is_cell: bool) -> list[tuple[int, int]]:
        """Where each line of a block's content stands in the text; none where one is not found."""
        found: list[tuple[int, int]] = []
        for number, line in enumerate(content.split("\n"), first):
            wanted, given = line.strip(), self.lines[number].rstrip()
            after = max(self.at - self.starts[number], 0)
            at = given.find(wanted, after) if is_cell else given.rfind(wanted)
            if at < after:
                return []
            start = self.starts[number] + at
            found.append((start, start + len(wanted)))
        return found


def _unlike_block(line: str) -> str:
    """A line that begins no list, heading, quotation or table."""
    found = _FIRST_SIGNS.match(line)
    if not found:
        return line
    if found[2].isdecimal():
        return f"{found[0]}\\{line[found.end() :]}"
    return f"{found[1]}\\{line[found.start(2) :]}"
