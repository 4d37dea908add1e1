"""XML in which words stand directly in paragraphs, with tags around some, as in OpenDocument.

    <text:p>Two <text:span>dogs</text:span> play<text:note>...<text:p>A note</text:p></text:note></text:p>
            Text  Open         Text  Close  Text  Point, with a slot inside

An element inside a paragraph that is neither inline nor a break moves as a point; paragraphs inside it, of a
footnote or a text box, are units of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from seq2seq.documents.inline import Break, Close, InlineToken, InlineUnit, Open, Point, TextToken, gather
from seq2seq.documents.template import Markup, Template, expand, inner_parts
from seq2seq.documents.xml_parts import XmlParts, escape_xml

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

DEEPEST = 16  # paragraphs inside points of paragraphs; deeper ones are kept


@dataclass(frozen=True)
class XmlVocabulary:
    """The elements of a language, by their names.

    Attributes:
        blocks: elements that hold words.
        inline: tags that move with their words.
        breaks: elements inside blocks that end a unit.
        blanks: elements that stand for blanks.
        is_kept: whether an element is kept as a whole, given its name and its start tag.
    """

    blocks: frozenset[str]
    inline: frozenset[str]
    breaks: frozenset[str]
    blanks: frozenset[str]
    is_kept: Callable[[str, str], bool]


@dataclass(frozen=True)
class MixedBlock:
    """A slot for the words of a block, or those between two breaks in it."""

    unit: InlineUnit

    @property
    def text(self) -> str:
        """The text to be translated."""
        return self.unit.text

    @property
    def inner(self) -> Template:
        """The parts of tags that hold slots."""
        return inner_parts(self.unit.raws)

    def write(self, translation: "Translation") -> Template:
        """Return the translation with its tags, escaped."""
        return expand(map(_raw, self.unit.place(translation)))


def read_mixed(xml: str, canonical: Callable[[str], str], vocabulary: XmlVocabulary) -> Template:
    """Read well-formed XML into its untouched parts and the slots of its blocks."""
    reader = _MixedReader(XmlParts(xml, canonical), canonical, vocabulary)
    return reader.template(0, len(reader.xml.parts), 0)


class _MixedReader:
    """The parts of an XML text and the vocabulary by which they are read."""

    def __init__(self, xml: XmlParts, canonical: Callable[[str], str], vocabulary: XmlVocabulary) -> None:
        self.xml, self.canonical, self.vocabulary = xml, canonical, vocabulary

    def template(self, start: int, end: int, depth: int) -> Template:
        """Return the template of some parts, `end` not included, inside `depth` points."""
        parts: Template = []
        for part in gather(self._tokens(start, end, depth)):
            parts.extend([MixedBlock(part)] if isinstance(part, InlineUnit) else expand([_raw(part)]))
        return parts

    def _tokens(self, start: int, end: int, depth: int) -> Iterator[InlineToken]:
        number, blocks = start, 0  # blocks: how many are open
        while number < end:
            part, name, after = self.xml.parts[number], self.xml.names[number], self.xml.ends[number] + 1
            if name is None:
                blocks -= part.startswith("</") and self._name(part) in self.vocabulary.blocks
                yield self._other(part, blocks > 0)
                number += 1
            elif self.vocabulary.is_kept(name, part):
                raw = self.xml.raw(number, after)
                yield Point(raw) if blocks else Break(raw)
                number = after
            elif name in self.vocabulary.blocks or not blocks:
                blocks += name in self.vocabulary.blocks and after > number + 1
                yield Break(part)
                number += 1
            elif name in self.vocabulary.inline and after > number + 1:
                yield Open(name, part)
                number += 1
            else:
                yield self._inside(name, number, after, depth)
                number = after

    def _name(self, end_tag: str) -> str:
        return self.canonical(end_tag[2:-1].strip())

    def _other(self, part: str, in_block: bool) -> InlineToken:
        """Return the token of an end tag, characters, or a comment."""
        if part.startswith("</"):
            name = self._name(part)
            return Close(name, part) if in_block and name in self.vocabulary.inline else Break(part)
        if not in_block:
            return Break(part)
        if part.startswith("<![CDATA["):
            return TextToken(part[9:-3], part)
        return Point(part) if part.startswith("<") else TextToken(unescape(part), part)

    def _inside(self, name: str, number: int, after: int, depth: int) -> InlineToken:
        """Return the token of an element inside a block."""
        raw = self.xml.raw(number, after)
        if name in self.vocabulary.blanks:
            return TextToken(" ", raw)
        if name in self.vocabulary.breaks:
            return Break(raw)
        if after == number + 1 or depth == DEEPEST:
            return Point(raw)
        template = self.template(number, after, depth + 1)
        return Point(raw if all(isinstance(part, str) for part in template) else Markup(raw, template))


def _raw(token: InlineToken) -> str:
    if isinstance(token, TextToken) and token.raw is None:
        return escape_xml(token.text)
    return token.raw or ""
