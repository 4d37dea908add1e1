"""Word documents (docx): paragraphs are units, and the formats of their runs move with the words.

    <w:p> <w:r>Two </w:r> <w:r>[bold] dogs</w:r> <w:r> play</w:r> </w:p>
     ->   Text "Two "     Open [bold] Text Close  Text " play"

Body, tables, text boxes, headers, footers, footnotes and endnotes are translated; all other parts of the
file, and what is not text, are kept byte for byte. The most used format of a paragraph is its base format;
runs of other formats are inline tags, as are links and insertions. Pictures and note marks move as points.
Tabs, line breaks and fields end a unit. A run with several children is written as several runs. In a
translated paragraph spelling marks are dropped, and bookmarks widened to the whole. Tracked deletions and
formulas are not translated.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import groupby
from typing import TYPE_CHECKING
from xml.parsers import expat

from seq2seq.documents.archive import Archive
from seq2seq.documents.html import escape
from seq2seq.documents.inline import Break, Close, InlineToken, InlineUnit, Open, Point, TextToken, gather
from seq2seq.documents.template import Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_PART = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|</[^>]*+>"
    r"""|<(?P<name>[^\s/>]++)(?:[^"'>/]|/(?!>)|"[^"]*"|'[^']*')*+(?P<empty>/?)>|[^<]++""",
    re.DOTALL,
)
_NAMESPACE = re.compile(r'xmlns(?::([\w.-]+))?\s*=\s*["\'][^"\']*wordprocessingml/(?:2006/)?main["\']')
_TRANSLATED = re.compile(r"\.wordprocessingml\.(?:document\.main|header|footer|footnotes|endnotes)\+xml")
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TYPES = "[Content_Types].xml"
_WRAPPERS = frozenset({"hyperlink", "ins", "moveTo", "smartTag", "bdo", "dir"})
_STARTS = frozenset({"bookmarkStart", "commentRangeStart", "moveToRangeStart"})
_ENDS = frozenset({"bookmarkEnd", "commentRangeEnd", "moveToRangeEnd"})
_BREAKS = frozenset({"tab", "br", "cr", "ptab", "fldChar", "instrText", "pgNum"})
_UNTOUCHED = frozenset({"del", "moveFrom", "m:oMath", "m:oMathPara"})
_RUN = "run "  # prefix of the name of a tag that stands for a format
MOST_XML = 16 * 2**20  # bytes of one part
_DROPPED = frozenset({"proofErr", "lastRenderedPageBreak", "softHyphen"})
_WHOLE = _STARTS | _ENDS | _UNTOUCHED | _DROPPED | {"pPr"}  # one token with all their content


def read_word(content: bytes, name: str) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read a Word document: a template for each part with text, and a function from their texts to bytes.

    Raises:
        ValueError: the bytes are not a Word document.
    """
    archive = Archive(content, name)
    names = _text_parts(archive.contents.get(_TYPES, b"<Types/>"), name)
    names = [part for part in dict.fromkeys(names) if part in archive.contents]
    if not names:
        raise ValueError(f"{name!r} is not a Word document; save it as .docx")
    templates = [_read_part(_checked_xml(archive.contents[part], name)) for part in names]
    return templates, lambda filled: archive.write(dict(zip(names, filled, strict=True)))


@dataclass(frozen=True)
class Paragraph:
    """A slot for a paragraph, or for the text between two tabs or line breaks in it."""

    unit: InlineUnit
    base: str  # properties of a run outside of any tag
    prefix: str  # of the namespace, with its colon

    @property
    def text(self) -> str:
        """The text to be translated."""
        return self.unit.text

    def write(self, translation: "Translation") -> str:
        """Return the translated runs; the runs of the source if the translation equals its text."""
        if translation.text == self.unit.text:
            return "".join(_raw(token) for token in self.unit.place(translation))
        source = "".join(text.text for text in self.unit.texts)
        before = source[: len(source) - len(source.lstrip())]
        after = source[len(source.rstrip()) :]
        tokens = [TextToken(before), *self.unit.place(translation), TextToken(after)]
        first: list[str] = []
        middle: list[str | tuple[str, str]] = []  # XML, or words with the properties of their run
        last: list[str] = []
        run = self.base
        for token in tokens:
            if isinstance(token, Open) and token.name.startswith(_RUN):
                run = token.name.removeprefix(_RUN)
            elif isinstance(token, Close) and token.name.startswith(_RUN):
                run = self.base
            elif isinstance(token, TextToken) and token.raw is None:
                middle.append((run, token.text))
            elif isinstance(token, _Start | _End):
                (first if isinstance(token, _Start) else last).append(token.raw)
            else:
                middle.append(_raw(token))
        return "".join([*first, *self._runs(middle), *last])

    def _runs(self, parts: list[str | tuple[str, str]]) -> Iterator[str]:
        """Yield the XML of the parts; adjacent words of one format share a run."""
        for run, group in groupby(parts, key=lambda part: part if isinstance(part, str) else part[:1]):
            if isinstance(run, str):
                yield from (part for part in group if isinstance(part, str))
            else:
                yield self._run(run[0], "".join(part[1] for part in group))

    def _run(self, properties: str, text: str) -> str:
        w, text = self.prefix, _FORBIDDEN.sub("", text)
        if not text:
            return ""
        return f'<{w}r>{properties}<{w}t xml:space="preserve">{escape(text)}</{w}t></{w}r>'


class _Start(Point):
    """The start of a bookmark or a comment."""


class _End(Point):
    """The end of a bookmark or a comment."""


@dataclass(frozen=True)
class _TextRun:
    """The text of a run, its properties, and its XML."""

    properties: str
    text: str
    raw: str


def _text_parts(types: bytes, name: str) -> list[str]:
    """Return the names of the parts that hold text, from the content types of a document."""
    names: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "Override" and _TRANSLATED.search(attributes.get("ContentType", "")):
            names.append(attributes.get("PartName", "").removeprefix("/"))

    _checked_xml(types, name, start)
    return names


def _checked_xml(
    content: bytes, name: str, start: Callable[[str, dict[str, str]], None] | None = None
) -> str:
    """Return the text of a part; `start` is called with each start tag.

    Raises:
        ValueError: the part is not well-formed XML in UTF-8, or has a document type.
    """
    if len(content) > MOST_XML:
        raise ValueError(f"a text in {name!r} has over {MOST_XML >> 20} MiB; split the document")

    # Entities that a document type defines can grow without bound ("billion laughs").
    def refuse(*_: object) -> None:
        raise ValueError(f"{name!r} holds a document type, which Word never writes; save it again")

    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    try:
        text = content.decode("utf-8-sig")
        parser.Parse(content, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise ValueError(f"{name!r} holds XML that is damaged ({error}); save it again") from error
    return text


def _read_part(xml: str) -> Template:
    """Read an XML part into its untouched parts and the slots of its paragraphs."""
    space = _NAMESPACE.search(xml)
    return list(_WordReader(xml, f"{space[1]}:" if space and space[1] else "").read())


class _WordReader:
    """The tags and characters of an XML text, each start tag with its end tag."""

    def __init__(self, xml: str, prefix: str) -> None:
        self.prefix = prefix
        self.parts: list[str] = []
        self.names: list[str | None] = []  # of start tags, in the namespace without prefix
        self.ends: list[int] = []  # of a start tag the index of its end tag; else the part's own index
        self.holds_paragraph: list[bool] = []
        stack: list[int] = []
        for number, match in enumerate(_PART.finditer(xml)):
            self.parts.append(match[0])
            self.ends.append(number)
            self.holds_paragraph.append(False)
            self.names.append(match["name"] and match["name"].removeprefix(prefix))
            if match["name"] and not match["empty"]:
                stack.append(number)
            elif match[0].startswith("</"):
                start = stack.pop()
                self.ends[start] = number
                if stack and (self.holds_paragraph[start] or self.names[start] == "p"):
                    self.holds_paragraph[stack[-1]] = True

    def read(self) -> Iterator[str | Paragraph]:
        """Yield the untouched parts and the slots, in order."""
        stretch: list[InlineToken | _TextRun] = []
        number = 0
        while number < len(self.parts):
            name, end = self.names[number], self.ends[number]
            if name == "p" or self.parts[number].startswith(f"</{self.prefix}p>"):
                yield from self._paragraphs(stretch)
                yield self.parts[number]
                stretch = []
                number += 1
            elif name == "r" and not self.holds_paragraph[number]:  # a run with a text box holds paragraphs
                stretch.extend(self._run(number, end))
                number = end + 1
            else:
                token, number = self._token(number)
                stretch.append(token)
        yield from self._paragraphs(stretch)

    def _token(self, number: int) -> tuple[InlineToken, int]:
        """Return the token of a part between runs, and the index of the part after it."""
        part, name, after = self.parts[number], self.names[number], self.ends[number] + 1
        if name is None:
            closed = part[2:-1].strip().removeprefix(self.prefix) if part.startswith("</") else ""
            if closed in _WRAPPERS:
                return Close(closed, part), number + 1
            return (Break(part) if closed else TextToken("", part)), number + 1
        if name in _WRAPPERS:
            return (Open(name, part), number + 1) if after > number + 1 else (Point(part), after)
        if name not in _WHOLE or self.holds_paragraph[number]:
            return Break(part), number + 1
        raw = "".join(self.parts[number:after])
        if name in _STARTS or name in _ENDS:
            return (_Start(raw) if name in _STARTS else _End(raw)), after
        if name in _DROPPED:
            return TextToken("", raw), after
        return (Break(raw) if name == "pPr" else Point(raw)), after

    def _run(self, number: int, end: int) -> Iterator[InlineToken | _TextRun]:
        """Yield the children of a run, each in a run of its own."""
        start, properties = self.parts[number], ""
        children: list[tuple[str | None, int, int]] = []
        child = number + 1
        while child < end:
            if self.names[child] == "rPr":
                properties = "".join(self.parts[child : self.ends[child] + 1])
            elif self.names[child]:
                children.append((self.names[child], child, self.ends[child] + 1))
            child = self.ends[child] + 1
        for name, first, after in children:
            raw = f"{start}{properties}{''.join(self.parts[first:after])}</{self.prefix}r>"
            if len(children) == 1:
                raw = "".join(self.parts[number : end + 1])
            if name == "t":
                yield _TextRun(properties, _characters(self.parts[first + 1 : after - 1]), raw)
            elif name == "noBreakHyphen":
                yield _TextRun(properties, "-", raw)
            elif name in _BREAKS:
                yield Break(raw)
            else:
                yield TextToken("", raw) if name in _DROPPED else Point(raw)
        if not children:
            yield TextToken("", "".join(self.parts[number : end + 1]))

    def _paragraphs(self, stretch: list[InlineToken | _TextRun]) -> Iterator[str | Paragraph]:
        """Yield the slots between two paragraph tags, and the untouched parts between them."""
        lengths: Counter[str] = Counter()
        for item in stretch:
            if isinstance(item, _TextRun):
                lengths[item.properties] += len(item.text)
        base = lengths.most_common(1)[0][0] if lengths else ""
        for part in gather(_with_format_tags(stretch, base)):
            yield Paragraph(part, base, self.prefix) if isinstance(part, InlineUnit) else _raw(part)


def _with_format_tags(stretch: list[InlineToken | _TextRun], base: str) -> Iterator[InlineToken]:
    """Yield the tokens of a paragraph, with two tags around adjacent runs of one format."""
    current = base
    for item in stretch:
        if isinstance(item, _TextRun):
            properties = item.properties
        else:  # a dropped mark does not end a format, any other token does
            properties = current if isinstance(item, TextToken) else base
        if properties != current:
            if current != base:
                yield Close(_RUN + current, "")
            if properties != base:
                yield Open(_RUN + properties, "")
            current = properties
        yield TextToken(item.text, item.raw) if isinstance(item, _TextRun) else item
    if current != base:
        yield Close(_RUN + current, "")


def _characters(parts: list[str]) -> str:
    return "".join(
        part[9:-3] if part.startswith("<![CDATA[") else unescape(part)
        for part in parts
        if not part.startswith("<") or part.startswith("<![CDATA[")
    )


def _raw(token: InlineToken) -> str:
    return (token.raw or "") if isinstance(token, TextToken) else token.raw
