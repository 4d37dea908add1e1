"""Inline syntax of Markdown: emphasis, links, code and the like as tokens.

    A **young [girl](x)** reads.
    Text "A ", Open **, Text "young ", Open [, Text "girl", Close ](x), Close **, Text " reads."

Delimiters are paired as in CommonMark, without its rule on sums that are multiples of three; unpaired ones
are text. Time is linear.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import unescape

from seq2seq.documents.html import BLOCKS, VOID
from seq2seq.documents.inline import Break, Close, InlineToken, Open, Point, TextToken

_PART = re.compile(
    r"""(?P<hard>(?:[ ]{2,}+|\\)\n) | (?P<soft>\n) | (?P<escape>\\[!-/:-@\[-`{-~]) | (?P<ticks>`++)
      | (?P<entity>&(?:\#\d{1,7}|\#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]*+);)
      | (?P<address><[A-Za-z][\w.+-]*:[^\s<>]*+>|<[\w.+-]++@[\w.-]++>|https?://[^\s<>]*[\w/=&\#%+~-])
      | (?P<html><!--.*?-->|</?(?P<name>[A-Za-z][\w-]*+)(?:\s[^<>]*+)?/?>)
      | (?P<note>\[\^[^\]\s]++\]) | (?P<task>\A\[[ xX]\](?=\s)) | (?P<image>!\[) | (?P<link>\[) | (?P<end>\])
      | (?P<run>\*++|_++|~~) | (?P<text>[^\\\n`&<\[\]!*_~h ]++|.)""",
    re.DOTALL | re.VERBOSE,
)
_TARGET = re.compile(
    r"""\(\s*(?:<[^<>\n]*+>|(?:[^\s()\\]|\\.|\([^\s()]*+\))*+)
        (?:\s+(?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)))?\s*\)""",
    re.DOTALL | re.VERBOSE,
)
LONGEST_LABEL = 1000  # characters, as CommonMark has it
_LABEL = re.compile(r"\[([^\[\]]{0,999})\]")


@dataclass
class _DelimiterRun:
    """A run of delimiters that may open emphasis: its sign, how many are unpaired, the sizes of pairs."""

    sign: str
    place: int  # in the list of tokens
    left: int
    uses: list[int] = field(default_factory=list)


def read_spans(text: str, separators: Sequence[str], labels: frozenset[str]) -> list[InlineToken]:
    """Return the tokens of a block.

    Args:
        text: the block's content.
        separators: its line ends, each with the marks that begin the next line.
        labels: the references that the document defines.
    """
    reader = _SpanReader(text, labels)
    reader.read()
    return list(_with_separators(reader.result(), iter(separators)))


class _SpanReader:
    """The tokens read so far, with the brackets and runs that may still be paired."""

    def __init__(self, text: str, labels: frozenset[str]) -> None:
        self.text, self.labels = text, labels
        self.items: list[InlineToken | _DelimiterRun] = []
        self.brackets: list[tuple[int, int, bool]] = []  # place in items, place in text, whether of an image
        self.openers: dict[str, list[_DelimiterRun]] = {"*": [], "_": [], "~": []}
        self.ticks: dict[int, list[int]] = defaultdict(list)
        for match in re.finditer("`+", text):  # by length, so that an end is found without a new search
            self.ticks[len(match[0])].append(match.start())

    def read(self) -> None:
        """Read the whole text."""
        position = 0
        while match := _PART.match(self.text, position):
            position = self._add(match, match.lastgroup if match.lastgroup != "name" else "html")

    def result(self) -> Iterator[InlineToken]:
        """Yield the tokens, runs split into what opens emphasis and what is text."""
        for item in self.items:
            if not isinstance(item, _DelimiterRun):
                yield item
                continue
            if item.left:
                yield TextToken(item.sign * item.left, item.sign * item.left)
            for use in reversed(item.uses):  # the first use is the innermost
                yield Open(item.sign * use, item.sign * use)

    def _add(self, match: re.Match[str], kind: str | None) -> int:
        """Add the token of a match, and return the position after it."""
        raw, end = match[0], match.end()
        match kind:
            case "hard":
                self.items.append(Break(raw))
            case "escape":
                self.items.append(TextToken(raw[1:], raw))
            case "entity":
                self.items.append(TextToken(unescape(raw), raw))
            case "ticks":
                return self._code(match.start(), end)
            case "address" | "note" | "task":
                self.items.append(Point(raw))
            case "html":
                self.items.append(_html(raw, (match["name"] or "").lower()))
            case "image" | "link":
                self.brackets.append((len(self.items), match.start(), kind == "image"))
                self.items.append(TextToken(raw, raw))
            case "end":
                return self._close(end)
            case "run":
                self._delimit(match.start(), end)
            case _:
                self.items.append(TextToken(raw, raw))
        return end

    def _code(self, start: int, end: int) -> int:
        """Add code up to the next run of as many backticks; without one they are text."""
        places = self.ticks[end - start]
        following = bisect_right(places, start)
        if following == len(places):
            self.items.append(TextToken(self.text[start:end], self.text[start:end]))
            return end
        last = places[following] + end - start
        self.items.append(Point(self.text[start:last], self.text[end : places[following]].strip()))
        return last

    def _close(self, end: int) -> int:
        """Add a closing bracket: the end of a link, an image or a reference, or text."""
        if not self.brackets:
            self.items.append(TextToken("]", "]"))
            return end
        place, start, is_image = self.brackets.pop()
        opening = end - 1
        target = _TARGET.match(self.text, end) or self._reference(end)
        named = opening - start < LONGEST_LABEL and self._is_label(self.text[start + 1 + is_image : opening])
        if target and not is_image:
            self.items[place] = Open("[", "[")
            self.items.append(Close("[", self.text[opening : target.end()]))
        elif target or named:
            after = target.end() if target else end + 2 * self.text.startswith("[]", end)
            point = Point(self.text[start:after], "" if is_image else self.text[start + 1 : opening])
            self.items[place:] = [point]
            end = after
        else:
            self.items.append(TextToken("]", "]"))
            return end
        for runs in self.openers.values():
            while runs and runs[-1].place > place:
                runs.pop()
        if not is_image and any(not bracket[2] for bracket in self.brackets[-1:]):  # no link inside a link
            self.brackets = [bracket for bracket in self.brackets if bracket[2]]
        return target.end() if target else end

    def _reference(self, end: int) -> re.Match[str] | None:
        match = _LABEL.match(self.text, end)
        return match if match and self._is_label(match[1]) else None

    def _is_label(self, label: str) -> bool:
        return " ".join(label.casefold().split()) in self.labels

    def _delimit(self, start: int, end: int) -> None:
        """Add a run of delimiters, which closes what it can and may then open."""
        sign, left = self.text[start], end - start
        opens, closes = _flanks(self.text, start, end)
        runs = self.openers[sign]
        while closes and left and runs:
            opener = runs[-1]
            use = 2 if sign == "~" or (left >= 2 and opener.left >= 2) else 1
            for others in self.openers.values():  # what opened inside and did not close is text
                while others and others[-1].place > opener.place:
                    others.pop()
            opener.uses.append(use)
            opener.left -= use
            left -= use
            self.items.append(Close(sign * use, sign * use))
            if not opener.left:
                runs.pop()
        if left and opens:
            run = _DelimiterRun(sign, len(self.items), left)
            self.items.append(run)
            runs.append(run)
        elif left:
            self.items.append(TextToken(sign * left, sign * left))


def _flanks(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Return whether a run of delimiters may open and may close emphasis, by the characters beside it."""
    before, after = text[start - 1 : start] or " ", text[end : end + 1] or " "
    left = not after.isspace() and (after.isalnum() or not before.isalnum())
    right = not before.isspace() and (before.isalnum() or not after.isalnum())
    if text[start] == "_":
        return left and not (right and before.isalnum()), right and not (left and after.isalnum())
    return left, right


def _html(raw: str, name: str) -> InlineToken:
    if name in BLOCKS:
        return Break(raw)
    if not name or name in VOID or raw.endswith("/>"):
        return Point(raw)
    return Close(name, raw) if raw.startswith("</") else Open(name, raw)


def _with_separators(tokens: Iterator[InlineToken], separators: Iterator[str]) -> Iterator[InlineToken]:
    """Yield the tokens with their line ends as in the source."""
    for token in tokens:
        count = (token.raw or "").count("\n")
        if not count:
            yield token
            continue
        first, *others = (token.raw or "").split("\n")
        raw = first + "".join(next(separators) + other for other in others)
        if isinstance(token, TextToken) and raw.startswith("  "):  # then Markdown breaks the line
            yield Break(raw)
        else:
            yield replace(token, raw=raw)
