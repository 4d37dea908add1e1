"""ICU messages: the texts of plural and select branches, and what around them stays as it is.

    {count, plural, one {# dog} other {# dogs}}     branches "# dog" and "# dogs"; # is copied
    {who, select, she {Her dog} other {{n, plural, other {# dogs}}}}    a message in a branch

A message that is malformed, too deep or too large is no message, and is read like any other text.
"""

import re
from typing import NamedTuple

NUMBER_SIGN = "#"  # stands for a number in the branches of a plural
# Bounds of the work: characters and branches of a message, messages within branches, and tries in a text.
LONGEST, MOST_BRANCHES, DEEPEST, MOST_MALFORMED = 20_000, 60, 4, 20

_HEAD = re.compile(r"\{\s{0,20}[\w.-]{1,100}\s{0,20},\s{0,20}(plural|selectordinal|select)\s{0,20},\s{0,100}")
_OFFSET = re.compile(r"offset:\d{1,9}\s{1,100}")
_SELECTOR = re.compile(r"(=\d{1,9}|[\w-]{1,100})\s{0,100}\{")
_QUOTED = re.compile(r"''|'[{}#|][^']*+(?:''[^']*+)*+'")  # an apostrophe elsewhere is only an apostrophe
_QUOTABLE = re.compile(r"(?<!')'(?=[{}#])")


class IcuMessage(NamedTuple):
    """Characters [start, end) of a text that are copied, but for the texts of the branches."""

    start: int
    end: int
    branches: tuple["Branch", ...] = ()


class Branch(NamedTuple):
    """A text [start, end) in the braces of a message; messages, # and quotations in it are copied."""

    start: int
    end: int
    copied: tuple[IcuMessage, ...]


class _MalformedError(Exception):
    """An error of a message that is none."""


def may_have_messages(text: str) -> bool:
    """Return whether a text has the head of a message."""
    return _HEAD.search(text) is not None


def find_messages(text: str) -> list[IcuMessage]:
    """Return the messages of a text that have branches, in order, without those inside others."""
    found, at, malformed = [], 0, 0
    while malformed < MOST_MALFORMED and (head := _HEAD.search(text, at)):
        try:
            message = _MessageParser(text, head.start() + LONGEST).message(head, is_counted=False, depth=1)
        except _MalformedError:
            malformed += 1
            at = head.end()
        else:
            found.append(message)
            at = message.end
    return found


def escape_apostrophes(text: str) -> str:
    """Double the apostrophes before braces and #, which they would quote: d'{name} -> d''{name}."""
    return _QUOTABLE.sub("''", text)


class _MessageParser:
    """A parser of one message, by recursive descent; every character is read once."""

    def __init__(self, text: str, limit: int) -> None:
        self.text, self.limit = text, min(len(text), limit)
        self.branches = 0

    def message(self, head: re.Match[str], *, is_counted: bool, depth: int) -> IcuMessage:
        """Parse the message that begins with a head; `is_counted`: it is in a branch in which # is a number.

        Raises:
            _MalformedError: It is malformed, too deep or too large.
        """
        if depth > DEEPEST:
            raise _MalformedError
        is_counted = is_counted or head[1] != "select"
        at = head.end()
        if head[1] != "select" and (offset := _OFFSET.match(self.text, at, self.limit)):
            at = offset.end()
        branches: list[Branch] = []
        while selector := _SELECTOR.match(self.text, at, self.limit):
            self.branches += 1
            if self.branches > MOST_BRANCHES:
                raise _MalformedError
            copied, end = self._branch(selector.end(), is_counted, depth)
            inner = self.text[selector.end() : end]
            start = selector.end() + len(inner) - len(inner.lstrip())
            branches.append(Branch(start, start + len(inner.strip()), copied))
            at = end + 1
            while at < self.limit and self.text[at].isspace():
                at += 1
        if not branches or at >= self.limit or self.text[at] != "}":
            raise _MalformedError
        return IcuMessage(head.start(), at + 1, tuple(branches))

    def _branch(self, start: int, is_counted: bool, depth: int) -> tuple[tuple[IcuMessage, ...], int]:
        """Return what is copied in a branch that begins at `start`, and where its closing brace stands."""
        text, at, braces = self.text, start, 0
        copied: list[IcuMessage] = []
        while at < self.limit:
            sign = text[at]
            if sign == "'" and (quoted := _QUOTED.match(text, at, self.limit)):
                if len(quoted[0]) > 2:  # else an apostrophe written twice
                    copied.append(IcuMessage(at, quoted.end()))
                at = quoted.end()
                continue
            if sign == "{" and not braces and (head := _HEAD.match(text, at, self.limit)):
                copied.append(self.message(head, is_counted=is_counted, depth=depth + 1))
                at = copied[-1].end
                continue
            if sign == "}" and not braces:
                return tuple(copied), at
            if sign == NUMBER_SIGN and is_counted and not braces:
                copied.append(IcuMessage(at, at + 1))
            braces += (sign == "{") - (sign == "}")
            at += 1
        raise _MalformedError
