"""Paragraphs of runs, as Word and PowerPoint write text: formats move with the words.

    <w:p> <w:r>Two </w:r> <w:r>[bold] dogs</w:r> <w:r> play</w:r> </w:p>
     ->   Text "Two "     Open [bold] Text Close  Text " play"

The most used format of a paragraph is its base format; runs of other formats are inline tags. Pictures and
marks of notes move as points, and their alternative texts are slots. Tabs, line breaks and fields end a unit.
A run with several children is written as several runs. In a translated paragraph spelling marks are dropped,
and bookmarks widened to the whole.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from itertools import groupby
from typing import TYPE_CHECKING

from seq2seq.documents.archive import Archive
from seq2seq.documents.inline import (
    Break,
    Close,
    InlineToken,
    InlineUnit,
    Open,
    Point,
    TextToken,
    gather,
    is_identifier,
    is_language,
)
from seq2seq.documents.template import Markup, Part, Template, expand, inner_parts
from seq2seq.documents.xml_parts import XmlParts, XmlText, checked_xml, escape_xml, read_elements

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_TYPES = "[Content_Types].xml"
_RUN = "run "  # prefix of the name of a tag that stands for a format
# Marks of the spelling checker, by which PowerPoint splits words of one format into runs.
_CHECKED = re.compile(r'\s(?:dirty|err|smtClean)="[^"]*"')
_PICTURE = re.compile(r"<[\w-]+:(?:docPr|cNvPr)\s[^<>]*>")
_ALTERNATIVE = re.compile(r"(?<=\s)(?:descr|title)=(\"[^\"]*\"|'[^']*')")
_CORE = r"package\.core-properties\+xml"
_CORE_TEXTS = frozenset({"dc:title", "dc:subject"})


@dataclass(frozen=True)
class Dialect:
    """The names of an XML language of runs, without prefix unless it is another language's.

    Attributes:
        namespace: a regular expression of the end of its address.
        wrappers: tags around runs, which move with their words.
        starts: of stretches such as bookmarks; in a translation they come first.
        ends: of such stretches; in a translation they come last.
        breaks: children of a run that end a unit.
        untouched: elements that are not translated, and move as points.
        dropped: marks that a translation does not have.
        properties: of a paragraph, kept before its text.
        space: the attribute by which a text keeps its blanks.
    """

    namespace: str
    wrappers: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    breaks: frozenset[str] = frozenset()
    untouched: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset({"pPr"})
    space: str = ""
    whole: frozenset[str] = field(init=False)  # one token with all their content

    def __post_init__(self) -> None:
        whole = self.starts | self.ends | self.untouched | self.dropped | self.properties
        object.__setattr__(self, "whole", whole)


ReadPart = Callable[[str], Template]


def read_package(
    content: bytes, name: str, kind: str, main: str, readers: Iterable[tuple[str, ReadPart]]
) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read an archive of Office: a template for each part with text, and a function from texts to bytes.

    Args:
        content: the archive's bytes.
        name: the document's name, for errors.
        kind: the document's kind and suffix, for errors.
        main: a regular expression of the content type that makes an archive such a document.
        readers: regular expressions of content types, with the readers of such parts.

    Raises:
        ValueError: the bytes are not such a document.
    """
    archive = Archive(content, name)
    types = _part_types(archive.contents.get(_TYPES, b"<Types/>"), name)
    known: list[tuple[str, ReadPart]] = [*readers, (_CORE, partial(read_elements, names=_CORE_TEXTS))]
    parts: dict[str, ReadPart] = {}
    for part, content_type in types:
        read = next((reader for pattern, reader in known if re.search(pattern, content_type)), None)
        if read and part in archive.contents:
            parts[part] = read
    if not any(re.search(main, content_type) and part in archive.contents for part, content_type in types):
        raise ValueError(f"{name!r} is not a {kind}")
    templates = [read(checked_xml(archive.contents[part], name)) for part, read in parts.items()]
    return templates, lambda filled: archive.write(dict(zip(parts, filled, strict=True)))


def read_runs(dialect: Dialect, xml: str) -> Template:
    """Read an XML part into its untouched parts and the slots of its paragraphs."""
    pattern = rf"xmlns(?::([\w.-]+))?\s*=\s*[\"'][^\"']*{dialect.namespace}[\"']"
    space = re.search(pattern, xml)
    prefix = f"{space[1]}:" if space and space[1] else ""
    return list(_RunsReader(xml, prefix, dialect).read())


@dataclass(frozen=True)
class Paragraph:
    """A slot for a paragraph, or for the text between two tabs or line breaks in it."""

    unit: InlineUnit
    base: str  # properties of a run outside of any tag
    prefix: str  # of the namespace, with its colon
    dialect: Dialect

    @property
    def text(self) -> str:
        """The text to be translated."""
        return self.unit.text

    @property
    def inner(self) -> Template:
        """The parts of tags that hold slots."""
        return inner_parts(self.unit.raws)

    def write(self, translation: "Translation") -> Template:
        """Return the translated runs; the runs of the source if the translation equals its text."""
        if translation.text == self.unit.text:
            return expand(_raw(token) for token in self.unit.place(translation))
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
        return expand([*first, *self._runs(middle), *last])

    def _runs(self, parts: list[str | tuple[str, str]]) -> Iterator[str]:
        """Yield the XML of the parts; adjacent words of one format share a run."""
        for run, group in groupby(parts, key=lambda part: part if isinstance(part, str) else part[:1]):
            if isinstance(run, str):
                yield from (part for part in group if isinstance(part, str))
            else:
                yield self._run(run[0], "".join(part[1] for part in group))

    def _run(self, properties: str, text: str) -> str:
        prefix, text = self.prefix, escape_xml(text)
        if not text:
            return ""
        return f"<{prefix}r>{properties}<{prefix}t{self.dialect.space}>{text}</{prefix}t></{prefix}r>"


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


def _part_types(types: bytes, name: str) -> list[tuple[str, str]]:
    """Return the parts of a document with their content types."""
    parts: list[tuple[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "Override":
            part = attributes.get("PartName", "").removeprefix("/")
            parts.append((part, attributes.get("ContentType", "")))

    checked_xml(types, name, start)
    return list(dict.fromkeys(parts))


class _RunsReader:
    """The parts of an XML text, and which of its elements hold paragraphs."""

    def __init__(self, xml: str, prefix: str, dialect: Dialect) -> None:
        self.prefix, self.dialect = prefix, dialect
        self.xml = XmlParts(xml, lambda name: name.removeprefix(prefix))
        self.parts, self.names, self.ends = self.xml.parts, self.xml.names, self.xml.ends
        self.holds_paragraph = [False] * len(self.parts)
        stack: list[int] = []
        for number, part in enumerate(self.parts):
            if self.ends[number] > number:
                stack.append(number)
            elif part.startswith("</"):
                start = stack.pop()
                if stack and (self.holds_paragraph[start] or self.names[start] == "p"):
                    self.holds_paragraph[stack[-1]] = True

    def read(self) -> Iterator[Part]:
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
            if closed in self.dialect.wrappers:
                return Close(closed, part), number + 1
            return (Break(part) if closed else TextToken("", part)), number + 1
        if name in self.dialect.wrappers:
            return (Open(name, part), number + 1) if after > number + 1 else (Point(part), after)
        if name not in self.dialect.whole or self.holds_paragraph[number]:
            return Break(_with_alternatives(part)), number + 1
        raw = _with_alternatives(self.xml.raw(number, after))
        if name in self.dialect.starts or name in self.dialect.ends:
            return (_Start(raw) if name in self.dialect.starts else _End(raw)), after
        if name in self.dialect.dropped:
            return TextToken("", raw), after
        return (Break(raw) if name in self.dialect.properties else Point(raw)), after

    def _run(self, number: int, end: int) -> Iterator[InlineToken | _TextRun]:
        """Yield the children of a run, each in a run of its own."""
        start, properties = self.parts[number], ""
        children: list[tuple[str | None, int, int]] = []
        child = number + 1
        while child < end:
            if self.names[child] == "rPr":
                properties = _CHECKED.sub("", self.xml.raw(child, self.ends[child] + 1))
            elif self.names[child]:
                children.append((self.names[child], child, self.ends[child] + 1))
            child = self.ends[child] + 1
        for name, first, after in children:
            raw: str = f"{start}{properties}{''.join(self.parts[first:after])}</{self.prefix}r>"
            if len(children) == 1:
                raw = "".join(self.parts[number : end + 1])
            if name == "t":
                yield _TextRun(properties, self.xml.characters(first + 1, after - 1), raw)
            elif name == "noBreakHyphen":
                yield _TextRun(properties, "-", raw)
            elif name in self.dialect.breaks:
                yield Break(raw)
            else:
                yield TextToken("", raw) if name in self.dialect.dropped else Point(_with_alternatives(raw))
        if not children:
            yield TextToken("", "".join(self.parts[number : end + 1]))

    def _paragraphs(self, stretch: list[InlineToken | _TextRun]) -> Iterator[Part]:
        """Yield the slots between two paragraph tags, and the untouched parts between them."""
        lengths: Counter[str] = Counter()
        for item in stretch:
            if isinstance(item, _TextRun):
                lengths[item.properties] += len(item.text)
        base = lengths.most_common(1)[0][0] if lengths else ""
        for part in gather(_with_format_tags(stretch, base)):
            if isinstance(part, InlineUnit):
                yield Paragraph(part, base, self.prefix, self.dialect)
            else:
                yield from expand([_raw(part)])


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


def _with_alternatives(raw: str) -> str:
    """Return a source as `Markup` if it holds a picture with an alternative text or a title."""
    if "descr=" not in raw and "title=" not in raw:
        return raw
    parts: Template = []
    position = 0
    for picture in _PICTURE.finditer(raw):
        for match in _ALTERNATIVE.finditer(raw, picture.start(), picture.end()):
            value = match[1][1:-1]
            text = " ".join(unescape(value).split())
            if is_language(text) and not is_identifier(text):
                parts += [raw[position : match.start(1) + 1], XmlText(text, value)]
                position = match.end(1) - 1
    return Markup(raw, [*parts, raw[position:]]) if parts else raw


def _raw(token: InlineToken) -> str:
    return (token.raw or "") if isinstance(token, TextToken) else token.raw
