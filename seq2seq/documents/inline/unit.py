"""Units of text with inline tags, and the tags put back around the translated words.

    tokens   <p> | <b> Two dogs </b> play <br> ...    Break | Open Text Close Text Break ...
    unit     "Two dogs play"                the text between two breaks, blanks collapsed
    marks    <b> [0, 8)                     each pair of tags, each point, in characters of the unit

Formats read their syntax into tokens and write tokens again; what happens in between is the same for all.
Every tag is written once, well nested. Tags and blanks around a whole unit are kept. A tag that is opened or
closed in another unit (`<b>one<br>two</b>`) reaches to that end of this unit. Nothing is recursive, since
pages may nest deeper than Python's stack.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seq2seq.documents.inline.atoms import CharacterSpan
from seq2seq.documents.inline.nesting import nest, without_frame
from seq2seq.documents.inline.placement import Mark, place_marks
from seq2seq.documents.inline.tokens import (
    BLANKS,
    Blank,
    Break,
    Close,
    Inline,
    InlineToken,
    Open,
    Point,
    TextToken,
    is_language,
    is_read,
)

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_OPENING = tuple("([{«„‚“‘¿¡")
_CLOSING = ".,;:!?)]}»”’…。，、！？：；"
_BLANKS = re.compile(f"[{BLANKS}]+")


def gather(tokens: Iterable[InlineToken]) -> list["InlineToken | InlineUnit"]:
    """Replace the tokens between two breaks by a unit, if they hold anything to translate."""
    parts: list[InlineToken | InlineUnit] = []
    run: list[Inline] = []
    open_elsewhere: Counter[str] = Counter()
    for token in tokens:
        if isinstance(token, Break):
            parts.extend(_unit(run, open_elsewhere))
            parts.append(token)
            run = []
        else:
            run.append(token)
    parts.extend(_unit(run, open_elsewhere))
    return parts


def _unit(run: list[Inline], open_elsewhere: Counter[str]) -> "list[Inline] | list[InlineUnit]":
    tokens, partners = nest(run, open_elsewhere)
    if any(isinstance(token, TextToken) and is_language(token.text) for token in run):
        return [InlineUnit(tokens, partners)]
    return run


class InlineUnit:
    """A text to be translated with its tags; `tokens` are well nested, `partners` pairs them by index."""

    def __init__(self, tokens: list[Inline], partners: list[int]) -> None:
        self._tokens = tokens
        self._low, self._high = without_frame(tokens, partners)
        reader = _UnitReader()
        for token in tokens[self._low : self._high]:
            reader.read(token)
        self.text = "".join(reader.parts).rstrip(" ")
        self._items = reader.items
        self._marks = [item.mark(len(self.text)) for item in reader.items]

    @property
    def raws(self) -> list[str | None]:
        """The sources of the unit's tokens."""
        return [token.raw for token in self._tokens]

    @property
    def texts(self) -> list[TextToken]:
        """The texts of the unit as the source has them."""
        return [token for token in self._tokens[self._low : self._high] if isinstance(token, TextToken)]

    def place(self, translation: "Translation") -> list[Inline]:
        """Return the tokens of the translated unit; those of the source if the text is the same."""
        if translation.text == self.text:
            return self._tokens
        inner: list[Inline] = [TextToken(translation.text)]
        if self._marks:
            inner = _arrange(
                self._items, self._marks, place_marks(translation, self._marks), translation.text
            )
        return [*self._tokens[: self._low], *inner, *self._tokens[self._high :]]


@dataclass(eq=False)
class _Item:
    """A mark while its unit is read: its tokens, its span, and the blanks beside it.

    `spaced`: empty between two blanks, of which the text has one. `after_blank`, `before_blank`: empty
    between a blank and a punctuation mark; the text has no blank there.
    """

    first: Open | Point
    start: int
    parent: int
    end: int = -1
    last: Close | None = None
    spaced: bool = False
    after_blank: bool = False
    before_blank: bool = False

    def mark(self, length: int) -> Mark:
        left = isinstance(self.first, Open) and self.first.elsewhere
        right = self.last is not None and self.last.elsewhere
        start, end = min(self.start, length), min(self.end, length)
        if self.spaced:  # placed behind the word before its blank
            start = end = start - 1 if self.start <= length else length
        return Mark(start, end, self.parent, left, right)


class _UnitReader:
    """A reader of tokens into one text with blanks collapsed, and items with their spans in it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.items: list[_Item] = []
        self._length = 0
        self._after_blank = True
        self._open: list[int] = []
        self._ended: list[_Item] = []  # since the last character

    def read(self, token: Inline) -> None:
        """Add one token."""
        if isinstance(token, TextToken):
            self._add(_BLANKS.sub(" ", token.text))
        elif isinstance(token, Open):
            self._open.append(len(self.items))
            parent = self._open[-2] if len(self._open) > 1 else -1
            self.items.append(_Item(token, self._length, parent))
        elif isinstance(token, Close):
            item = self.items[self._open.pop()]
            item.last = token
            self._end(item)
        elif isinstance(token, Blank):
            self._add(" ")
            start = max(self._length - 1, 0)  # before the blank, which it replaces
            self.items.append(_Item(token, start, self._open[-1] if self._open else -1, start))
        else:
            item = _Item(token, self._length, self._open[-1] if self._open else -1)
            self.items.append(item)
            if is_read(token):
                self._add(token.text)
            self._end(item)

    def _add(self, text: str) -> None:
        if self._after_blank and text.startswith(" "):
            text = text[1:]
            for item in self._empty():
                item.spaced = True
            self._ended = []  # or a thousand points in a row would be marked again at each
        elif self._ended and text:
            text = self._without_blank(text)
        if text:
            self.parts.append(text)
            self._length += len(text)
            self._after_blank = text.endswith(" ")
            self._ended = []

    def _without_blank(self, text: str) -> str:
        """Drop the blank between a point and punctuation, which would otherwise stand alone in the text.

        In "Visit <https://a.b>." the model reads "Visit." and not "Visit .".
        """
        opens_here = self._open and self.items[self._open[-1]].start == self._length
        if opens_here or not self._empty():
            return text
        last = self.parts[-1]
        if self._after_blank and text[0] in _CLOSING and self._length > 1:
            self.parts[-1] = last[:-1]
            self._length -= 1
            for item in self._empty():
                item.start, item.after_blank = self._length, True
            for item in self._ended:
                item.end = self._length
        elif text[0] == " " and last.endswith(_OPENING):
            text = text[1:]
            for item in self._empty():
                item.before_blank = True
        return text

    def _empty(self) -> list[_Item]:
        return [item for item in self._ended if item.start == item.end]

    def _end(self, item: _Item) -> None:
        item.end = self._length
        if self._length:
            self._ended.append(item)


def _arrange(items: list[_Item], marks: list[Mark], spans: list[CharacterSpan], target: str) -> list[Inline]:
    """Return the target text with the tokens of each item around, or at, its span."""
    children: list[list[int]] = [[] for _ in range(len(items) + 1)]  # of each item, of the whole text last
    for number, mark in enumerate(marks):
        children[mark.parent].append(number)
    for numbers in children:
        numbers.sort(key=lambda number: (*spans[number], number), reverse=True)  # popped from the end
    writer = _UnitWriter(target)
    stack: list[tuple[list[int], int, Close | None]] = [(children[-1], len(target), None)]
    while stack:
        waiting, end, close = stack[-1]
        if not waiting:
            writer.write_to(end)
            writer.tokens += [close] if close else []
            stack.pop()
            continue
        number = waiting.pop()
        item, (low, high) = items[number], spans[number]
        writer.write_to(low)
        if item.last is None:
            writer.put(item, item.spaced or (low == high and item.start < item.end))
            writer.position = max(writer.position, high)
        else:
            writer.tokens.append(item.first)
            stack.append((children[number], high, item.last))
    return writer.tokens


class _UnitWriter:
    """A writer of a translation's tokens; `position` is the end of the text that has been written."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.tokens: list[Inline] = []
        self.position = 0

    def write_to(self, end: int) -> None:
        """Write the text up to a position."""
        if self.position < end:
            self.tokens.append(TextToken(self.target[self.position : end]))
            self.position = end

    def put(self, item: _Item, spaced: bool) -> None:
        """Write a point, with a blank between it and the neighbouring word if its source had one."""
        place = self.position
        before, after = self.target[max(place - 1, 0) : place], self.target[place : place + 1]
        left = right = False
        if isinstance(item.first, Blank):
            self._drop_blank()
        elif spaced:
            left = bool(before) and not before.isspace()
            right = not left
        elif item.after_blank:
            left, right = bool(before) and not before.isspace(), after.isalnum()
        elif item.before_blank:
            left, right = before.isalnum(), bool(after) and not after.isspace()
        blank = [TextToken(" ")]
        self.tokens += [*(blank if left else []), item.first, *(blank if right else [])]

    def _drop_blank(self) -> None:
        """Drop the blank at the position; another one is written in its place."""
        last = self.tokens[-1] if self.tokens else None
        if self.target[self.position : self.position + 1] == " ":
            self.position += 1
        elif isinstance(last, TextToken) and last.text.endswith(" "):
            self.tokens[-1] = TextToken(last.text[:-1])
