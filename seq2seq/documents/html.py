"""HTML translated: its blocks are the units, inline tags move with their words, all else stays byte for byte.

    <p><b>Two dogs</b> play in the <a href=x>snow</a>.</p>
    <p>Im <a href=x>Schnee</a> spielen <b>zwei Hunde</b>.</p>

Never translated: script, style, pre, code and the like, comments, attributes (a title or alt is a sentence
without its page, and a wrong guess breaks what scripts and styles find), elements with translate="no" or
class notranslate, links whose text is an address or a @name. A block whose translation is its own text is not
touched at all; in the others runs of blanks become one. Whatever was translated is escaped: it can be no tag.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from seq2seq.documents.html_tokenizer import RAW, Characters, Comment, Tag, read_tags
from seq2seq.documents.inline import (
    Break,
    Close,
    InlineToken,
    InlineUnit,
    Open,
    Point,
    TextToken,
    gather,
    is_address,
)
from seq2seq.documents.template import Template, TranslateTexts, fill

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_BLOCK = """
    address article aside audio base blockquote body br button canvas caption center col colgroup datalist
    dd details dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
    head header hgroup hr html input label legend li link main menu meta meter nav noframes noscript object
    ol optgroup option output p pre progress search section select summary table tbody td template textarea
    tfoot th thead title tr ul video
"""
BLOCKS = frozenset(_BLOCK.split())  # and whatever else ends a sentence
_VOID = "area base br col embed hr img input link meta param source track wbr"
VOID = frozenset(_VOID.split())
_UNTOUCHED = "code kbd math pre samp svg textarea tt var"
UNTOUCHED = RAW | frozenset(_UNTOUCHED.split())
LINK_PARTS = 16  # a link of more parts is no mere address

HtmlPart = Tag | Characters | Comment


def translate_html(text: str, translate: TranslateTexts) -> str:
    """An HTML document or fragment with its texts translated in one call of `translate`."""
    return fill(read_html(text), translate)


def read_html(text: str) -> Template:
    """An HTML text as its untouched parts and the slots of its blocks."""
    parts = (
        Block(piece) if isinstance(piece, InlineUnit) else _raw(piece) for piece in gather(_tokens(text))
    )
    return list(parts)


@dataclass(frozen=True)
class Block:
    """The words between two block tags."""

    unit: InlineUnit

    @property
    def text(self) -> str:
        """What the translator reads."""
        return self.unit.text

    def write(self, translation: "Translation") -> str:
        """The block in HTML, what was translated escaped."""
        return "".join(map(_raw, self.unit.place(translation)))


def escape(text: str) -> str:
    """A text that can stand between tags and is no tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _raw(token: InlineToken) -> str:
    if isinstance(token, TextToken) and token.raw is None:
        return escape(token.text)
    return token.raw or ""


def _tokens(text: str) -> Iterator[InlineToken]:
    parts = list(read_tags(text))
    number = 0
    while number < len(parts):
        end = _untouched_end(parts, number)
        if end > number:
            yield _kept(parts[number:end])
            number = end
        else:
            yield _token(parts[number])
            number += 1


def _token(part: HtmlPart) -> InlineToken:
    if isinstance(part, Comment):
        return Point(part.raw)
    if isinstance(part, Characters):
        return TextToken(unescape(part.raw), part.raw)
    if part.name in BLOCKS:
        return Break(part.raw)
    if part.closes:
        return Close(part.name, part.raw)
    if part.name in VOID:
        return Point(part.raw)
    return Open(part.name, part.raw)


def _kept(parts: list[HtmlPart]) -> InlineToken:
    """An element that is not translated, as one token."""
    raw = "".join(part.raw for part in parts)
    if isinstance(parts[0], Tag) and parts[0].name in BLOCKS:
        return Break(raw)
    if isinstance(parts[0], Tag) and parts[0].name in RAW:
        return Point(raw)
    return Point(raw, "".join(unescape(part.raw) for part in parts if isinstance(part, Characters)))


def _untouched_end(parts: list[HtmlPart], number: int) -> int:
    """One after the last part of an element that is not translated; `number` where none begins there."""
    first = parts[number]
    if not isinstance(first, Tag) or first.closes:
        return number
    if first.name == "a" and (end := _address_end(parts, number)):
        return end
    if first.name not in UNTOUCHED and not _is_marked(first):
        return number
    if first.name in VOID or (first.name in ("svg", "math") and first.raw.endswith("/>")):
        return number + 1
    depth = 0
    for end in range(number, len(parts)):
        part = parts[end]
        if not isinstance(part, Tag):
            continue
        if first.name == "p" and end > number and part.name in BLOCKS:  # a paragraph needs no end tag
            return end
        if part.name == first.name:
            depth += -1 if part.closes else 1
        if not depth:
            return end + 1
    return len(parts)


def _is_marked(tag: Tag) -> bool:
    """Whether an element asks to be left alone."""
    if "translate" not in tag.raw.lower():
        return False
    return (
        tag.attributes.get("translate", "").lower() == "no"
        or "notranslate" in tag.attributes.get("class", "").split()
    )


def _address_end(parts: list[HtmlPart], number: int) -> int:
    """One after the end tag of a link whose text is an address, a @name or a #tag; 0 if it is none."""
    written = ""
    for end in range(number + 1, min(number + LINK_PARTS, len(parts))):
        part = parts[end]
        if isinstance(part, Tag) and part.name == "a":
            return end + 1 if part.closes and is_address(unescape(written)) else 0
        if isinstance(part, Characters):
            written += part.raw
    return 0
