"""HTML: each block is a unit, inline tags move with their words, all else is kept byte for byte.

    <p><b>Two dogs</b> play in the <a href=x>snow</a>.</p>
    <p>Im <a href=x>Schnee</a> spielen <b>zwei Hunde</b>.</p>

Not translated: script, style, pre, code and the like; comments; attributes, since a title or alt has no
context and scripts and styles may select by its value; elements with translate="no" or class notranslate;
links whose text is an address or an @name. A block whose translation equals its text is kept byte for byte;
in the others runs of blanks become one. Translations are escaped, so that they cannot become tags.
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
BLOCKS = frozenset(_BLOCK.split())  # elements that end a sentence: blocks, controls, line breaks
_VOID = "area base br col embed hr img input link meta param source track wbr"
VOID = frozenset(_VOID.split())
_UNTOUCHED = "code kbd math pre samp svg textarea tt var"
UNTOUCHED = RAW | frozenset(_UNTOUCHED.split())
LINK_PARTS = 16  # parts in which a link's end is sought, when its text may be an address

HtmlPart = Tag | Characters | Comment


def translate_html(text: str, translate: TranslateTexts) -> str:
    """Return an HTML document or fragment with its texts translated in one call of `translate`."""
    return fill(read_html(text), translate)


def read_html(text: str) -> Template:
    """Read an HTML text into its untouched parts and the slots of its blocks."""
    parts = (Block(part) if isinstance(part, InlineUnit) else _raw(part) for part in gather(_tokens(text)))
    return list(parts)


@dataclass(frozen=True)
class Block:
    """A slot for the text between two block tags."""

    unit: InlineUnit

    @property
    def text(self) -> str:
        """The text to be translated."""
        return self.unit.text

    def write(self, translation: "Translation") -> str:
        """Return the block in HTML, with the translation escaped."""
        return "".join(map(_raw, self.unit.place(translation)))


def escape(text: str) -> str:
    """Escape a text so that it can stand between tags."""
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
            yield _untranslated(parts[number:end])
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


def _untranslated(parts: list[HtmlPart]) -> InlineToken:
    """Return an element that is not translated as one token."""
    raw = "".join(part.raw for part in parts)
    if isinstance(parts[0], Tag) and parts[0].name in BLOCKS:
        return Break(raw)
    if isinstance(parts[0], Tag) and parts[0].name in RAW:
        return Point(raw)
    return Point(raw, "".join(unescape(part.raw) for part in parts if isinstance(part, Characters)))


def _untouched_end(parts: list[HtmlPart], number: int) -> int:
    """Return the index after an element that is not translated; `number` if none begins there."""
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
        if first.name == "p" and end > number and part.name in BLOCKS:  # the end tag of p may be omitted
            return end
        if part.name == first.name:
            depth += -1 if part.closes else 1
        if not depth:
            return end + 1
    return len(parts)


def _is_marked(tag: Tag) -> bool:
    """Return whether an element is marked as not to be translated."""
    if "translate" not in tag.raw.lower():  # most tags: their attributes need not be parsed
        return False
    return (
        tag.attributes.get("translate", "").lower() == "no"
        or "notranslate" in tag.attributes.get("class", "").split()
    )


def _address_end(parts: list[HtmlPart], number: int) -> int:
    """Return the index after a link whose text is an address, an @name or a #tag; 0 for other links."""
    content = ""
    for end in range(number + 1, min(number + LINK_PARTS, len(parts))):
        part = parts[end]
        if isinstance(part, Tag) and part.name == "a":
            return end + 1 if part.closes and is_address(unescape(content)) else 0
        if isinstance(part, Characters):
            content += part.raw
    return 0
