"""What stands inside a line of Markdown: emphasis, links, code and the like as tokens.

    A **young [girl](x)** reads.
    Text "A ", Open **, Text "young ", Open [, Text "girl", Close ](x), Close **, Text " reads."

Delimiters are paired as CommonMark does it, but for its rule on sums that are multiples of three; what finds
no partner is text. Time is linear.
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
class _Run:
    """A run of delimiters that may open: its sign, how many are not used, how many each use took."""

    sign: str
    place: int  # in the list of tokens
    left: int
    uses: list[int] = field(default_factory=list)


def read_spans(text: str, separators: Sequence[str], labels: frozenset[str]) -> list[InlineToken]:
    """The tokens of a block; `separators` are the line ends in it with what begins the next line.

    `labels` are the references that the document defines.
    """
    reader = _SpanReader(text, labels)
    reader.read()
    return list(_with_separators(reader.result(), iter(separators)))


class _SpanReader:
    """Tokens read so far, with the brackets and runs that may still open something."""

    def __init__(self, text: str, labels: frozenset[str]) -> None:
        self.text, self.labels = text, labels
        self.items: list[InlineToken | _Run] = []
        self.brackets: list[tuple[int, int, bool]] = []  # place in items, place in text, whether of an image
        self.openers: dict[str, list[_Run]] = {"*": [], "_": [], "~": []}
        self.ticks: dict[int, list[int]] = defaultdict(list)
        for found in re.finditer("`+", text):
            self.ticks[len(found[0])].append(found.start())

    def read(self) -> None:
        """Reads the whole text."""
        at = 0
        while found := _PART.match(self.text, at):
            at = self._take(found, found.lastgroup if found.lastgroup != "name" else "html")

    def result(self) -> Iterator[InlineToken]:
        """The tokens, runs taken apart into what opens and what is left."""
        for item in self.items:
            if not isinstance(item, _Run):
                yield item
                continue
            if item.left:
                yield TextToken(item.sign * item.left, item.sign * item.left)
            for use in reversed(item.uses):  # the first use is the innermost
                yield Open(item.sign * use, item.sign * use)

    def _take(self, found: re.Match[str], kind: str | None) -> int:
        """Adds what was found, and gives the place after it."""
        raw, end = found[0], found.end()
        match kind:
            case "hard":
                self.items.append(Break(raw))
            case "escape":
                self.items.append(TextToken(raw[1:], raw))
            case "entity":
                self.items.append(TextToken(unescape(raw), raw))
            case "ticks":
                return self._code(found.start(), end)
            case "address" | "note" | "task":
                self.items.append(Point(raw))
            case "html":
                self.items.append(_html(raw, (found["name"] or "").lower()))
            case "image" | "link":
                self.brackets.append((len(self.items), found.start(), kind == "image"))
                self.items.append(TextToken(raw, raw))
            case "end":
                return self._close(end)
            case "run":
                self._delimit(found.start(), end)
            case _:
                self.items.append(TextToken(raw, raw))
        return end

    def _code(self, start: int, end: int) -> int:
        """Code up to the next run of as many backticks; without one they are text."""
        places = self.ticks[end - start]
        following = bisect_right(places, start)
        if following == len(places):
            self.items.append(TextToken(self.text[start:end], self.text[start:end]))
            return end
        last = places[following] + end - start
        self.items.append(Point(self.text[start:last], self.text[end : places[following]].strip()))
        return last

    def _close(self, end: int) -> int:
        """A bracket that closes: a link, an image, a reference, or text."""
        if not self.brackets:
            self.items.append(TextToken("]", "]"))
            return end
        place, start, is_image = self.brackets.pop()
        opening = end - 1
        found = _TARGET.match(self.text, end) or self._reference(end)
        named = opening - start < LONGEST_LABEL and self._is_label(self.text[start + 1 + is_image : opening])
        if found and not is_image:
            self.items[place] = Open("[", "[")
            self.items.append(Close("[", self.text[opening : found.end()]))
        elif found or named:
            after = found.end() if found else end + 2 * self.text.startswith("[]", end)
            kept = Point(self.text[start:after], "" if is_image else self.text[start + 1 : opening])
            self.items[place:] = [kept]
            end = after
        else:
            self.items.append(TextToken("]", "]"))
            return end
        for runs in self.openers.values():
            while runs and runs[-1].place > place:
                runs.pop()
        if not is_image and any(not bracket[2] for bracket in self.brackets[-1:]):  # no link inside a link
            self.brackets = [bracket for bracket in self.brackets if bracket[2]]
        return found.end() if found else end

    def _reference(self, end: int) -> re.Match[str] | None:
        found = _LABEL.match(self.text, end)
        return found if found and self._is_label(found[1]) else None

    def _is_label(self, label: str) -> bool:
        return " ".join(label.casefold().split()) in self.labels

    def _delimit(self, start: int, end: int) -> None:
        """A run of signs that closes what it can and then may open."""
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
            run = _Run(sign, len(self.items), left)
            self.items.append(run)
            runs.append(run)
        elif left:
            self.items.append(TextToken(sign * left, sign * left))


def _flanks(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Whether a run of signs may open and may close emphasis, by the characters beside it."""
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
    """The tokens with their line ends as the source has them."""
    for token in tokens:
        count = (token.raw or "").count("\n")
        if not count:
            yield token
            continue
        first, *others = (token.raw or "").split("\n")
        raw = first + "".join(next(separators) + other for other in others)
        if isinstance(token, TextToken) and raw.startswith(
            "  "
        ):  # two blanks before a line end break the line
            yield Break(raw)
        else:
            yield replace(token, raw=raw)
