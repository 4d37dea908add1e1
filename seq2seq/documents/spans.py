r"""Inline syntax of Markdown: emphasis, links, code and the like as tokens.

    A **young [girl](x)** reads.
    Text "A ", Open **, Text "young ", Open [, Text "girl", Close ](x), Close **, Text " reads."

Delimiters are paired as in CommonMark, without its rule on sums that are multiples of three; unpaired ones
are text. Time is linear. Formulas ($x$, \(x\)), tags of templates ({{< x >}}, {% x %}), :emoji: and escaped
signs are points; the alternative text of an image and the title of a link are slots inside their token.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING

from seq2seq.documents.html import inline_token
from seq2seq.documents.inline import (
    Break,
    Close,
    InlineToken,
    InlineUnit,
    Open,
    Point,
    TextToken,
    gather,
    is_language,
    reference_token,
)
from seq2seq.documents.inline.entities import REFERENCE
from seq2seq.documents.template import Markup, Slot, Template, expand

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

# Tags of Hugo, Jinja, Liquid and ERB. None holds the start of another, so that the search is linear.
TEMPLATE_TAG = r"""
    \{\{\{?(?:[^{}]|\{(?!\{)|\}(?!\}))*+\}\}\}? | \{%(?:[^%{]|%(?!\})|\{(?!%))*+%\}
    | \{\#(?:[^\#{]|\#(?!\}))*+\#\} | <%(?:[^%<]|%(?!>)|<(?!%))*+%>
"""
_PART = re.compile(
    rf"""(?P<hard>(?:[ ]{{2,}}+|\\)\n) | (?P<soft>\n)
      | (?P<math>\$\$(?:[^$\\]|\\.)++\$\$ | (?<![\\$\w])\$(?=[^\s$])(?:[^$\\]|\\.)++(?<=\S)\$(?![\w$])
        | \\\((?:[^\\]|\\(?![()]).)++\\\) | \\\[(?:[^\\]|\\(?![\[\]]).)++\\\])
      | (?P<escape>\\(?:[@\#]\w+|[!-/:-@\[-`{{-~])) | (?P<ticks>`++)
      | (?P<entity>{REFERENCE})
      | (?P<address><[A-Za-z][\w.+-]*:[^\s<>]*+>|<[\w.+-]++@[\w.-]++>|https?://[^\s<>]*[\w/=&\#%+~-])
      | (?P<template>{TEMPLATE_TAG} | \{{[\#.:][^{{}}\n]*+\}})
      | (?P<html><!--.*?-->|</?[A-Za-z][\w-]*+(?:\s[^<>]*+)?/?>)
      | (?P<note>\[\^[^\]\s]++\]|\[@[^\[\]\n]++\]|\[\[?_?TOC_?\]\]?) | (?P<task>\A\[[ xX]\](?=\s))
      | (?P<emoji>(?<![\w:]):[a-z][a-z\d_+-]*+:(?![\w:]) | \^[^\s^]++\^ | (?<!~)~(?!~)[^\s~]++~(?!~))
      | (?P<image>!\[) | (?P<link>\[) | (?P<end>\])
      | (?P<run>\*++|_++|(?<!~)~~(?!~)|(?<!=)==(?!=)|(?<!\+)\+\+(?!\+))
      | (?P<text>[^\\\n`&<\[\]!*_~=+$^:{{h ]++|.)""",
    re.DOTALL | re.VERBOSE,
)
_SIMPLE_PLACEHOLDER = re.compile(r"\{\{\s*[\w.]+\s*\}\}")
_TARGET = re.compile(
    r"""\(\s*(?:<[^<>\n]*+>|(?:[^\s()\\]|\\.|\([^\s()]*+\))*+)
        (?:\s+(?P<title>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)))?\s*\)""",
    re.DOTALL | re.VERBOSE,
)
_FORMULA_SIGNS = re.compile(r"[\\^_={}+<>|/*\d]")
_FORMULA_NAMES = re.compile(r"\\(?:text|mathrm|operatorname)\{[^{}]*\}|\\[A-Za-z]+")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_TEXT_ESCAPES = frozenset("!\"'(),.:;?-/")  # punctuation of sentences, which the model reads as such
LONGEST_LABEL = 1000  # characters, as CommonMark has it
_LABEL = re.compile(r"\[([^\[\]]{0,999})\]")


@dataclass
class _DelimiterRun:
    """A run of delimiters that may open emphasis: its sign, how many are unpaired, the sizes of pairs."""

    sign: str
    place: int  # in the list of tokens
    left: int
    uses: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class LinkTitle:
    """A slot for the title of a link or an image: its text, and the same as written, with its quotes."""

    text: str
    raw: str

    def write(self, translation: "Translation") -> str:
        """Return the translation in the quotes of the source."""
        if translation.text == self.text:
            return self.raw
        text = re.sub(r"[\\`*_\[\]<&\"'()]", r"\\\g<0>", " ".join(translation.text.split()))
        return self.raw[0] + text + self.raw[-1]


def title_parts(raw: str) -> Template:
    """Return a title with its quotes, as a slot if it is language."""
    text = " ".join(unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", raw[1:-1])).split())
    return [LinkTitle(text, raw) if is_language(text) and "\n" not in raw else raw]


def read_spans(
    text: str,
    separators: Sequence[str],
    labels: frozenset[str],
    make_slot: Callable[[InlineUnit], Slot],
) -> list[InlineToken]:
    """Return the tokens of a block.

    Args:
        text: the block's content.
        separators: its line ends, each with the marks that begin the next line.
        labels: the references that the document defines.
        make_slot: makes the slot of a text inside a token: the alternative text of an image.
    """
    reader = _SpanReader(text, labels, make_slot)
    reader.read()
    return list(_with_separators(reader.result(), iter(separators)))


class _SpanReader:
    """The tokens read so far, with the brackets and runs that may still be paired."""

    def __init__(self, text: str, labels: frozenset[str], make_slot: Callable[[InlineUnit], Slot]) -> None:
        self.text, self.labels, self.make_slot = text, labels, make_slot
        self.items: list[InlineToken | _DelimiterRun] = []
        self.brackets: list[tuple[int, int, bool]] = []  # place in items, place in text, whether of an image
        self.openers: dict[str, list[_DelimiterRun]] = {sign: [] for sign in "*_~=+"}
        self.ticks: dict[int, list[int]] = defaultdict(list)
        for match in re.finditer("`+", text):  # by length, so that an end is found without a new search
            self.ticks[len(match[0])].append(match.start())

    def read(self) -> None:
        """Read the whole text."""
        position = 0
        while match := _PART.match(self.text, position):
            position = self._add(match, match.lastgroup)

    def result(self, start: int = 0) -> Iterator[InlineToken]:
        """Yield the tokens from one on, runs split into what opens emphasis and what is text."""
        for item in self.items[start:]:
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
            case "math":
                return self._formula(match)
            case "escape":
                self.items.append(self._escaped(raw, match.start(), end))
            case "entity":
                self.items.append(reference_token(raw, *self._beside(match.start(), end)))
            case "ticks":
                return self._code(match.start(), end)
            case "address" | "note" | "task" | "emoji":
                self.items.append(Point(raw))
            case "template":
                self.items.append(self._template_tag(raw, match.start(), end))
            case "html":
                self.items.append(Point(raw) if raw.startswith("<!--") else inline_token(raw))
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
            raw = self.text[opening : target.end()]
            self.items.append(Close("[", _with_title(raw, opening, target)))
        elif target or named:
            after = target.end() if target else end + 2 * self.text.startswith("[]", end)
            raw = self.text[start:after]
            if is_image and target:
                raw = self._image(raw, place, start, opening, target)
            self.items[place:] = [Point(raw, "" if is_image else self.text[start + 1 : opening])]
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

    def _image(self, raw: str, place: int, start: int, opening: int, target: re.Match[str]) -> str:
        """Return the source of an image, with slots for its alternative text and its title."""
        closing = _with_title(raw[opening - start :], opening, target)
        parts: Template = ["!["]
        for part in gather(self.result(place + 1)):
            if isinstance(part, InlineUnit):
                parts.append(self.make_slot(part))
            else:
                parts.extend(expand([part.raw or ""]))
        parts.extend(expand([closing]))
        has_slots = any(not isinstance(part, str) for part in parts)
        # The lines of a block are separated by its marks, which a slot would lose.
        return Markup(raw, parts) if has_slots and "\n" not in raw else raw

    def _formula(self, match: re.Match[str]) -> int:
        """Add a formula; where it is none, as in "$5 or 6$", add its first sign."""
        raw = match[0]
        size = 2 if raw.startswith(("$$", "\\")) else 1
        inner = raw[size:-size]
        if is_formula(inner):
            self.items.append(Point(raw, inner.strip()))
            return match.end()
        if raw.startswith("\\"):
            self.items.append(Point(raw[:2]) if raw[1] == "[" else TextToken(raw[1], raw[:2]))
            return match.start() + 2
        self.items.append(TextToken("$", "$"))
        return match.start() + 1

    def _escaped(self, raw: str, start: int, end: int) -> InlineToken:
        """Return the token of an escape: text inside a word or a sentence, else a point."""
        before, after = self._beside(start, end)
        if raw[1:] in _TEXT_ESCAPES or (before.isalnum() and after.isalnum()):
            return TextToken(raw[1:], raw)
        return Point(raw)

    def _template_tag(self, raw: str, start: int, end: int) -> InlineToken:
        """Return the token of a template's tag; a line of its own ends a unit."""
        if _SIMPLE_PLACEHOLDER.fullmatch(raw):  # known to the translator, which keeps the grammar around it
            return TextToken(raw, raw)
        before = start
        while before and self.text[before - 1] in " \t":
            before -= 1
        is_alone = self.text[max(before - 1, 0) : before] in ("", "\n") and _LINE_END.match(self.text, end)
        return Break(raw) if is_alone else Point(raw)

    def _beside(self, start: int, end: int) -> tuple[str, str]:
        """Return the characters before and after a span."""
        return self.text[max(start - 1, 0) : start], self.text[end : end + 1]

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
            use = 2 if sign in "~=+" or (left >= 2 and opener.left >= 2) else 1
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


def is_formula(inner: str) -> bool:
    """Return whether what stands between the signs of a formula is one, and not prose with prices."""
    prose = len(_WORDS.findall(_FORMULA_NAMES.sub(" ", inner)))
    signs = len(_FORMULA_SIGNS.findall(inner))
    return not prose or (signs > 0 and not (inner[:1].isdigit() and prose) and prose <= 2 * signs)


def _with_title(raw: str, start: int, target: re.Match[str]) -> str:
    """Return the end of a link from `](` on, with a slot for its title."""
    if "title" not in target.re.groupindex or target["title"] is None:
        return raw
    low, high = target.start("title") - start, target.end("title") - start
    parts = title_parts(raw[low:high])
    if isinstance(parts[0], str):
        return raw
    return Markup(raw, [raw[:low], *parts, raw[high:]])


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
