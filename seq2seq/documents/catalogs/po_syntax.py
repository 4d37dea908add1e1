r"""Syntax of PO files: messages with the places of their parts, and the escapes of their strings.

    #, c-format
    msgid "%d file"
    msgid_plural "%d files"
    msgstr[0] "%d Datei"
    msgstr[1] ""

A message keeps where its comments and its msgstr lie, so that these alone are replaced. Obsolete messages
(`#~`) are comments that belong to none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from seq2seq.documents.catalogs.entry import CatalogError

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f\v]++) | (?P<comment>\#[^\n]*+) | (?P<string>"(?:[^"\\\n]|\\[^\n])*+")
    | (?P<keyword>(?:msgctxt|msgid_plural|msgid|msgstr|domain)\b) | \[[ \t]*(?P<index>\d{1,3})[ \t]*\]""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))")
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_NAMES = {sign: f"\\{name}" for name, sign in _NAMED.items()} | {'"': '\\"', "\\": "\\\\"}


class PoComment(NamedTuple):
    """A comment line without its line end."""

    start: int
    end: int
    text: str


class PoString(NamedTuple):
    """A string after a keyword: the places of the keyword, of the first quote and after the last one."""

    start: int
    quote: int
    end: int
    value: str


@dataclass(eq=False)
class PoMessage:
    """A message: its parts as strings, and its comments.

    Attributes:
        start: where its first keyword lies.
        line: the same as a line, from 1.
        forms: strings of msgstr by their number; the one without a number has 0.
        numbered: whether its msgstr has numbers.
    """

    start: int
    line: int
    comments: list[PoComment]
    context: PoString | None = None
    source: PoString | None = None
    plural: PoString | None = None
    forms: dict[int, PoString] = field(default_factory=dict)
    numbered: bool = False

    @property
    def flags(self) -> list[str]:
        """The flags of all its `#,` comments."""
        found = [comment.text[2:].split(",") for comment in self.comments if comment.text.startswith("#,")]
        return [flag.strip() for flags in found for flag in flags if flag.strip()]


class PoFile(NamedTuple):
    """The messages of a PO file, and the width at which its strings are broken, None if at line ends only."""

    messages: list[PoMessage]
    width: int | None


def escape_po(value: str) -> str:
    """Return a text as it stands between quotes."""
    escaped = re.sub(r'[\n\t\r\a\b\f\v"\\]', lambda match: _NAMES[match[0]], value)
    return re.sub(r"[\0-\x1f\x7f]", lambda match: f"\\{ord(match[0]):03o}", escaped)


def unescape_po(raw: str, encoding: str) -> str:
    """Return the text of a string; its octal and hexadecimal escapes are bytes in the file's encoding."""
    if "\\" not in raw:
        return raw
    if not re.search(r"(?<!\\)(?:\\\\)*\\[0-7x]", raw):
        return _ESCAPE.sub(lambda match: _NAMED.get(match[3], match[3] or ""), raw)
    parts: list[bytes] = []
    position = 0
    for match in _ESCAPE.finditer(raw):
        parts.append(raw[position : match.start()].encode(encoding))
        if match[3]:
            parts.append(_NAMED.get(match[3], match[3]).encode(encoding))
        else:
            parts.append(bytes([(int(match[1], 8) if match[1] else int(match[2], 16)) & 255]))
        position = match.end()
    return b"".join([*parts, raw[position:].encode(encoding)]).decode(encoding, "replace")


def read_po(text: str, name: str, encoding: str) -> PoFile:
    """Read the messages of a PO file.

    Raises:
        CatalogError: the text is not a PO file.
    """
    reader = _PoReader(text, name, encoding)
    reader.read()
    longest = max(reader.broken, default=0)
    if longest:
        return PoFile(reader.messages, max(longest, 79))
    return PoFile(reader.messages, None if reader.has_long else 79)


class _PoReader:
    """The messages read so far, the comments that wait for one, and what the lines tell about wrapping."""

    def __init__(self, text: str, name: str, encoding: str) -> None:
        self.text, self.name, self.encoding = text, name, encoding
        self.messages: list[PoMessage] = []
        self.comments: list[PoComment] = []
        self.broken: list[int] = []  # lengths of lines that end inside a sentence
        self.has_long = False
        self.line = 1
        self.current: PoMessage | None = None
        self.keyword = ""

    def read(self) -> None:
        """Read the whole text."""
        tokens = self._tokens()
        token = next(tokens, None)
        while token:
            if token.lastgroup == "keyword":
                token = self._part(token, tokens)
                continue
            if token.lastgroup == "comment":
                self._comment(token)
            else:
                self._refuse(f"{token[0][:40]} has no keyword before it; write msgid or msgstr in front")
            token = next(tokens, None)
        self._finish()

    def _tokens(self) -> Iterator[re.Match[str]]:
        """Yield all tokens but blanks, `line` being that of the token."""
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if not match:
                self._refuse_sign(position)
                return
            if match.lastgroup != "blank":
                yield match
            self.line += match[0].count("\n")
            position = match.end()

    def _comment(self, token: re.Match[str]) -> None:
        text = token[0].rstrip("\r")
        if text.startswith("#~"):  # comments before an obsolete message are its own
            self.comments = []
        else:
            self.comments.append(PoComment(token.start(), token.start() + len(text), text))

    def _part(self, token: re.Match[str], tokens: Iterator[re.Match[str]]) -> re.Match[str] | None:
        """Read a keyword with its strings, and return the token after them."""
        keyword, start, line = token["keyword"], token.start(), self.line
        following = next(tokens, None)
        number = None
        if following and following["index"] is not None:
            number, following = int(following["index"]), next(tokens, None)
        pieces: list[re.Match[str]] = []
        while following and following.lastgroup == "string":
            pieces.append(following)
            following = next(tokens, None)
        if not pieces:
            self._refuse(f'{keyword} has no string; write "" for an empty one', line)
        self._look_at_lines(pieces)
        raw = "".join(piece[0][1:-1] for piece in pieces)
        value = unescape_po(raw, self.encoding)
        self._add(keyword, number, PoString(start, pieces[0].start(), pieces[-1].end(), value), line)
        return following

    def _look_at_lines(self, pieces: list[re.Match[str]]) -> None:
        for piece in pieces[:-1]:
            if len(piece[0]) > 2 and not piece[0].endswith('\\n"'):
                self.broken.append(len(piece[0]))
        self.has_long |= any(len(piece[0]) > 100 for piece in pieces)

    def _add(self, keyword: str, number: int | None, string: PoString, line: int) -> None:
        if keyword == "domain":
            self._finish()
            return
        if keyword == "msgctxt" or (keyword == "msgid" and (not self.current or self.current.source)):
            self._finish()
            self.current = PoMessage(string.start, line, self.comments)
            self.comments = []
        message = self.current
        if not message or (keyword != "msgctxt" and keyword != "msgid" and not message.source):
            raise CatalogError(self.name, f"{keyword} has no msgid before it; write one", line)
        match keyword:
            case "msgctxt":
                message.context = string
            case "msgid":
                message.source = string
            case "msgid_plural":
                message.plural = string
            case _:
                if (number or 0) in message.forms:
                    raise CatalogError(self.name, "this msgstr stands there twice; delete one", line)
                message.forms[number or 0] = string
                message.numbered |= number is not None

    def _finish(self) -> None:
        message, self.current = self.current, None
        if message is None:
            return
        if not message.source:
            raise CatalogError(self.name, "msgctxt has no msgid after it; write one", message.line)
        if not message.forms and not message.plural:
            raise CatalogError(self.name, 'msgid has no msgstr; write msgstr ""', message.line)
        self.messages.append(message)

    def _refuse_sign(self, position: int) -> None:
        if self.text[position] == '"':
            self._refuse("a string is not closed; end it with a quotation mark on the same line")
        shown = self.text[position : position + 20].split("\n")[0].strip()
        self._refuse(f"{shown!r} is not PO syntax; correct it")

    def _refuse(self, sentence: str, line: int | None = None) -> None:
        raise CatalogError(self.name, sentence, line or self.line)
