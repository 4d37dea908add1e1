"""XML of a catalog as elements that know where they lie in the text, so that only what is filled is replaced.

Document types are accepted, as Qt's files have one; entities that they declare are refused, since these can
grow without bound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from xml.parsers import expat

from seq2seq.documents.catalogs.entry import CatalogError, Replacement
from seq2seq.documents.encoding import Decoded, decode
from seq2seq.documents.xml_parts import XmlParts, escape_xml

MOST_CATALOG = 64 * 2**20  # bytes of one file
_ATTRIBUTE = re.compile(r"""\s([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')""")
_REFERENCE = re.compile(r"&(?:#x?[0-9A-Fa-f]{1,6}|quot|apos|gt);")


@dataclass(eq=False)
class XmlElement:
    """An element: its name, and the places of its tags.

    Attributes:
        name: without its prefix, if its namespace is that of the root; otherwise as written.
        tag: the start tag as written.
        parent: the element around it, None for the root.
        start: the place of its start tag.
        inner: the place after its start tag.
        close: the place of its end tag; that of `inner` for an empty-element tag.
        end: the place after its end tag.
        line: its line, from 1.
    """

    name: str
    tag: str
    parent: "XmlElement | None"
    start: int
    inner: int
    close: int
    end: int
    line: int
    children: "list[XmlElement]" = field(default_factory=list)

    @cached_property
    def raw_name(self) -> str:
        """The name with its prefix."""
        return re.split(r"[\s/>]", self.tag[1:], maxsplit=1)[0]

    @property
    def is_empty_tag(self) -> bool:
        """True if start and end are one tag."""
        return self.inner == self.end

    @cached_property
    def attributes(self) -> dict[str, str]:
        """The attributes by their names as written."""
        return {match[1]: unescape(match[2][1:-1]) for match in _ATTRIBUTE.finditer(self.tag)}

    def child(self, name: str) -> "XmlElement | None":
        """Return the first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def walk(self) -> "Iterator[XmlElement]":
        """Yield the element and all inside it, in the order of the file."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += reversed(element.children)

    def ancestors(self) -> "Iterator[XmlElement]":
        """Yield the elements around it, the nearest first."""
        element = self.parent
        while element:
            yield element
            element = element.parent


class XmlFile:
    """The text of an XML file with its root element.

    Args:
        name: the file's name, for errors.
        data: its bytes.

    Raises:
        CatalogError: the bytes are not well-formed XML, or declare entities.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.decoded = _decode(name, data)
        self.text = self.decoded.text
        _check(name, self.text)
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        parts = XmlParts(self.text, str)
        self.root = _tree(parts)
        texts = [part for part in parts.parts if not part.startswith("<")]
        self._references = _references(texts)
        self._has_greater = any(">" in text for text in texts)

    def inner(self, element: XmlElement) -> str:
        """Return what stands between the tags of an element, as written."""
        return self.text[element.inner : element.close]

    def characters(self, element: XmlElement) -> str:
        """Return the text of an element, without its tags and with line ends as XML reads them."""
        return characters_of(self.inner(element))

    def escape(self, text: str) -> str:
        """Return a text as the file writes texts: the same references, the same line ends."""
        escaped = escape_xml(text.replace("\r\n", "\n")).replace("\r", "&#xd;").replace("\n", self.newline)
        if self._has_greater:
            escaped = escaped.replace("&gt;", ">").replace("]]>", "]]&gt;")
        for sign, reference in self._references.items():
            escaped = escaped.replace(sign, reference)
        return escaped

    def indent(self, element: XmlElement) -> str:
        """Return the line end and blanks before an element that begins its line, "" for any other."""
        start = self.text.rfind("\n", 0, element.start)
        blanks = self.text[start + 1 : element.start]
        return self.newline + blanks if start >= 0 and not blanks.strip() else ""

    def removal(self, element: XmlElement) -> Replacement:
        """Return the removal of an element, with the break and blanks before it if it begins its line."""
        start = element.start
        if self.indent(element):
            start = self.text.rfind("\n", 0, start)
            start -= self.text[start - 1 : start] == "\r"
        return Replacement(start, element.end, "")

    def with_attributes(self, element: XmlElement, changes: dict[str, str | None]) -> str:
        """Return the start tag of an element with attributes set, or left out where None."""
        tag = element.tag
        for name, value in changes.items():
            written = value and '"' + escape_xml(value).replace('"', "&quot;") + '"'
            for match in _ATTRIBUTE.finditer(tag):
                if match[1] == name:
                    kept = tag[match.start() : match.start(2)] + written if written else ""
                    tag = tag[: match.start()] + kept + tag[match.end() :]
                    break
            else:
                if written:
                    end = re.search(r"\s*/?>$", tag)
                    assert end
                    tag = f"{tag[: end.start()]} {name}={written}{end[0]}"
        return tag


def characters_of(xml: str) -> str:
    """Return the text of a piece of XML, without its tags and with line ends as XML reads them."""
    xml = xml.replace("\r\n", "\n")
    parts = XmlParts(xml, str)
    return parts.characters(0, len(parts.parts))


def _decode(name: str, data: bytes) -> Decoded:
    if len(data) > MOST_CATALOG:
        raise CatalogError(name, f"has over {MOST_CATALOG >> 20} MiB; split it")
    try:
        return decode(data, name, True)
    except ValueError as error:
        sentence = str(error).removeprefix(repr(name)).strip()
        raise CatalogError(name, sentence) from error


def _check(name: str, text: str) -> None:
    """Refuse what is not well-formed, and entities."""
    parser = expat.ParserCreate("utf-8")

    def refuse(*_: object) -> None:
        sentence = "declares entities of its own, which may grow without bound; write the texts out"
        raise CatalogError(name, sentence, parser.CurrentLineNumber)

    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        sentence = f"is not well-formed XML ({expat.ErrorString(error.code)}); correct it"
        raise CatalogError(name, sentence, error.lineno) from error


def _tree(parts: XmlParts) -> XmlElement:
    """Return the root of a well-formed text."""
    places = [0]
    for part in parts.parts:
        places.append(places[-1] + len(part))
    root: XmlElement | None = None
    current: XmlElement | None = None
    line = 1
    prefix: str | None = None
    for number, (part, name) in enumerate(zip(parts.parts, parts.names, strict=True)):
        if name is not None:
            if prefix is None:
                prefix = f"{name.partition(':')[0]}:" if ":" in name else ""
            last = parts.ends[number]
            close = places[last] if last > number else places[number + 1]
            own = name.removeprefix(prefix)
            element = XmlElement(
                own, part, current, places[number], places[number + 1], close, places[last + 1], line
            )
            if current:
                current.children.append(element)
            root = root or element
            if last > number:
                current = element
        elif part.startswith("</") and current:
            current = current.parent
        line += part.count("\n")
    assert root  # expat refuses a text without one
    return root


def _references(texts: list[str]) -> dict[str, str]:
    """Return the signs that the texts of a file always write as references, each with its reference."""
    found: dict[str, str] = {}
    for text in texts:
        if "&" in text:
            for reference in _REFERENCE.findall(text):
                found.setdefault(unescape(reference), reference)
    kept = {sign for sign in found if sign in "\r\n&<>" or any(sign in text for text in texts)}
    return {sign: reference for sign, reference in found.items() if sign not in kept}
