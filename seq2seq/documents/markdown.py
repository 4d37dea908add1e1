"""Markdown: paragraphs, headings, list items and table cells are units; everything else is kept.

Blocks are parsed by markdown-it (CommonMark with tables), inline syntax by `spans`. Not translated: code,
formulas, link targets, tags of templates (Hugo, Jinja, Liquid), front matter and footnote marks; blocks of
HTML are translated as HTML. Marks at the beginning of a line that are not CommonMark are kept, and what
follows is a unit: definitions (": ..."), callouts ("> [!NOTE]", "::: warning", "!!! note"), abbreviations. A
paragraph is translated as a whole and wrapped to as many lines as it had. In a translation, characters that
would be Markdown are escaped. A block whose content markdown-it does not give as it is written (indented by
half a tab, an escaped | in a table) is kept.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference

from seq2seq.documents.html import read_html
from seq2seq.documents.inline import Close, Inline, InlineUnit, Open, TextToken, gather, wrap
from seq2seq.documents.lines import whole_lines
from seq2seq.documents.markdown_blocks import NOTE, add_rules, split_mark
from seq2seq.documents.spans import read_spans, title_parts
from seq2seq.documents.template import Part, Slot, Template, expand, inner_parts

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\r?\n.*?^(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_DEFINITION = re.compile(r"\[[^\]\n^][^\]\n]*\]:")
_LABEL = re.compile(r"^ {0,3}\[([^\]\n]+)\]:", re.MULTILINE)
_SIGNS = re.compile(r"[\\`*\[\]<]|(?<![=])==(?!=)|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|~(?=~)")
_FIRST_SIGNS = re.compile(r"(\s*)([#>+=|-]|\d{1,9}(?=[.)])|:(?=[ :])|!(?=!!)|\?(?=\?\?))")
_REFERENCE_TITLE = re.compile(r"""\s("[^"\n]*"|'[^'\n]*'|\([^()\n]*\))[ \t]*$""")


@dataclass(frozen=True)
class MarkdownBlock:
    """A slot for a paragraph, a heading or a cell."""

    unit: InlineUnit
    is_cell: bool

    @property
    def text(self) -> str:
        """The text to be translated."""
        return self.unit.text

    @property
    def inner(self) -> Template:
        """The parts of tags that hold slots."""
        return inner_parts(self.unit.raws)

    def write(self, translation: "Translation") -> Template:
        """Return the translation in Markdown, on as many lines as the source."""
        tokens = self.unit.place(translation)
        ends = [text.raw for text in self.unit.texts if text.text == "\n" and text.raw]
        parts: list[str] = []
        is_first = True
        for token in _without_empty(wrap(tokens, 1 + len(ends))):
            raw = token.raw
            if isinstance(token, TextToken) and raw is None:
                raw = self._escaped(token.text, is_first, ends)
            parts.append(raw or "")
            is_first = is_first and not parts[-1].strip()
        return expand(parts)

    def _escaped(self, text: str, is_first: bool, ends: list[str]) -> str:
        lines = [_SIGNS.sub(r"\\\g<0>", line) for line in text.split("\n")]
        if self.is_cell:
            lines = [line.replace("|", "\\|") for line in lines]
        else:
            lines = [_escape_first(line) if number or is_first else line for number, line in enumerate(lines)]
        return (ends[0] if ends else " ").join(lines)


def read_markdown(text: str) -> Template:
    """Read a Markdown text into its untouched parts and the slots of its blocks."""
    match = _FRONT_MATTER.match(text)
    front = match[0] if match else ""
    return [front, *_MarkdownReader(text[len(front) :]).read()]


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a link reference definition, unless it is a footnote.

    CommonMark, without footnotes, takes a footnote of one word for a definition with the word as its target.
    """
    first = state.bMarks[start] + state.tShift[start]
    return not NOTE.match(state.src, first) and reference(state, start, end, silent)


def _without_empty(tokens: Sequence[Inline]) -> list[Inline]:
    """Remove emphasis around nothing, which would be shown as text: ** and ** are four asterisks."""
    result: list[Inline] = []
    for token in tokens:
        before = result[-1] if result else None
        if isinstance(token, Close) and isinstance(before, Open) and token.raw == before.raw:
            result.pop()
        else:
            result.append(token)
    return result


class _MarkdownReader:
    """The lines of a text, and the position up to which it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[str] = whole_lines(text)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.labels = frozenset(" ".join(label.casefold().split()) for label in _LABEL.findall(text))
        self.position = 0
        self.titles: deque[tuple[int, int]] = deque()  # spans of titles that have not been read

    def read(self) -> Iterator[Part]:
        """Yield the untouched parts and the slots, in order."""
        parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
        parser.block.ruler.at("reference", _reference)
        add_rules(parser)
        # Blocks only: markdown-it's inline tokens have no positions in the source.
        parser.core.ruler.enableOnly(["normalize", "block"])
        environment: dict[str, Any] = {}
        tokens = parser.parse(self.text, environment)
        self.titles = deque(self._titles(environment.get("references", {})))
        for before, token in pairwise([tokens[0], *tokens] if tokens else []):
            if token.type == "html_block" and token.level == 0 and token.map:
                start, end = self.starts[token.map[0]], self.starts[token.map[1]]
                yield from self._untouched(start)
                yield from read_html(self.text[start:end])
                self.position = end
            elif token.type == "inline" and token.map and token.content.strip():
                is_cell = before.type in ("th_open", "td_open")
                yield from self._block(token.content, token.map[0], is_cell)
        yield from self._untouched(len(self.text))

    def _untouched(self, end: int) -> Template:
        """Return the text up to a position, with slots for the titles of link definitions in it."""
        parts: Template = []
        while self.titles and self.titles[0][1] <= end:
            start, after = self.titles.popleft()
            if start >= self.position:
                parts.extend([self.text[self.position : start], *title_parts(self.text[start:after])])
                self.position = after
        parts.append(self.text[self.position : end])
        self.position = end
        return parts

    def _titles(self, references: dict[str, Any]) -> list[tuple[int, int]]:
        """Return the spans of the titles of link definitions, with their quotes, in order."""
        spans: list[tuple[int, int]] = []
        for definition in references.values():
            number = definition["map"][1] - 1
            match = _REFERENCE_TITLE.search(self.lines[number].rstrip("\r\n"))
            if definition["title"] and match:
                spans.append((self.starts[number] + match.start(1), self.starts[number] + match.end(1)))
        return sorted(spans)

    def _block(self, content: str, first: int, is_cell: bool) -> Iterator[Part]:
        stretches = self._stretches(content, first, is_cell)
        if not stretches:
            return

        def make_slot(unit: InlineUnit) -> Slot:
            return MarkdownBlock(unit, is_cell)

        for lines in self._groups(stretches):
            yield from self._untouched(lines[0][0])
            separators = [self.text[a[1] : b[0]] for a, b in pairwise(lines)]
            logical = "\n".join(self.text[a:b] for a, b in lines)
            for part in gather(read_spans(logical, separators, self.labels, make_slot)):
                if isinstance(part, InlineUnit):
                    yield make_slot(part)
                else:
                    yield from expand([part.raw or ""])
            self.position = lines[-1][1]

    def _groups(self, stretches: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Split the lines of a block before each mark, and leave out the marks.

        So are link definitions below a footnote: CommonMark, without footnotes, takes them for text.
        """
        groups: list[list[tuple[int, int]]] = [[]]
        in_notes = False
        for start, end in stretches:
            mark = split_mark(self.text, start, end)
            in_notes = in_notes or bool(NOTE.match(self.text, start, end))
            defines = in_notes and _DEFINITION.match(self.text, start, end)
            if mark or defines:
                groups.append([])
            if not defines:
                groups[-1].append((mark.start, mark.end) if mark else (start, end))
            if mark and mark.is_title:
                groups.append([])
        return [lines for lines in groups if lines]

    def _stretches(self, content: str, first: int, is_cell: bool) -> list[tuple[int, int]]:
        """Return where each line of a block's content is in the text; an empty list if one is not found."""
        stretches: list[tuple[int, int]] = []
        for number, line in enumerate(content.split("\n"), first):
            stripped, source = line.strip(), self.lines[number].rstrip()
            after = max(self.position - self.starts[number], 0)
            # The next match for a cell, since cells of one line may be equal; else the last one, which is
            # behind the marks of quotations and lists.
            offset = source.find(stripped, after) if is_cell else source.rfind(stripped)
            if offset < after:
                return []
            start = self.starts[number] + offset
            stretches.append((start, start + len(stripped)))
        return stretches


def _escape_first(line: str) -> str:
    """Escape a line so that it begins no list, heading, quotation or table."""
    match = _FIRST_SIGNS.match(line)
    if not match:
        return line
    if match[2].isdecimal():
        return f"{match[0]}\\{line[match.end() :]}"
    return f"{match[1]}\\{line[match.start(2) :]}"
