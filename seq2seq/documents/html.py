"""HTML: each block is a unit, inline tags move with their words, all else is kept byte for byte.

    <p><b>Two dogs</b> play in the <a href=x>snow</a>.</p>
    <p>Im <a href=x>Schnee</a> spielen <b>zwei Hunde</b>.</p>

Attributes that are shown or read aloud are units of their own, and so are the texts of a drawing (svg). The
root's language becomes the target language. Not translated: script, style, pre, code and the like; comments;
all other attributes; elements with translate="no" or class notranslate; links whose text is an address or an
@name. A block whose translation equals its text is kept byte for byte; in the others runs of blanks become
one. Character references are kept as written, except letters. Translations are escaped, so that they cannot
become tags.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from seq2seq.documents.html_attributes import with_slots
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
    text_tokens,
)
from seq2seq.documents.template import Markup, Template, TranslateTexts, expand, fill, inner_parts

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
_UNTOUCHED = "code kbd math pre samp textarea tt var"
UNTOUCHED = RAW | frozenset(_UNTOUCHED.split())
LINK_PARTS = 16  # parts in which a link's end is sought, when its text may be an address

HtmlPart = Tag | Characters | Comment


_DRAWN = frozenset({"title", "desc", "text"})  # elements of a drawing that hold text


def translate_html(text: str, translate: TranslateTexts, target: str | None = None) -> str:
    """Return an HTML document or fragment with its texts translated in one call of `translate`.

    `target` is the code of the target language, for the root's `lang`; None keeps it.
    """
    return fill(read_html(text), translate, target)


def read_html(text: str, is_xml: bool = False) -> Template:
    """Read an HTML or XHTML text into its untouched parts and the slots of its blocks."""
    return _template(_tokens(list(read_tags(text, is_xml)), is_xml))


@dataclass(frozen=True)
class Block:
    """A slot for the text between two block tags."""

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
        """Return the block in HTML, with the translation escaped."""
        return expand(map(_raw, self.unit.place(translation)))


def escape(text: str) -> str:
    """Escape a text so that it can stand between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _raw(token: InlineToken) -> str:
    if isinstance(token, TextToken) and token.raw is None:
        return escape(token.text)
    return token.raw or ""


def _template(tokens: Iterable[InlineToken]) -> Template:
    parts: Template = []
    for part in gather(tokens):
        parts.extend([Block(part)] if isinstance(part, InlineUnit) else expand([_raw(part)]))
    return parts


def _tokens(
    parts: list[HtmlPart], is_xml: bool, drawn: frozenset[str] | None = None
) -> Iterator[InlineToken]:
    number = 0
    while number < len(parts):
        end = _untouched_end(parts, number, is_xml)
        if end > number:
            yield _untranslated(parts[number:end])
        elif drawn is None and _is_start(parts[number], "svg"):
            end = _element_end(parts, number, is_xml)
            yield _drawing(parts[number:end], is_xml)
        else:
            yield from _part_tokens(parts[number], is_xml, drawn)
            end = number + 1
        number = end


def _part_tokens(part: HtmlPart, is_xml: bool, drawn: frozenset[str] | None) -> Iterator[InlineToken]:
    if isinstance(part, Comment):
        yield Point(part.raw)
    elif isinstance(part, Characters):
        yield from text_tokens(part.raw)
    else:
        yield _tag_token(part, is_xml, drawn)


def _tag_token(tag: Tag, is_xml: bool, drawn: frozenset[str] | None) -> InlineToken:
    """Return the token of a tag; `drawn` are the tags inside a drawing's text that do not end it."""
    raw = with_slots(tag)
    if tag.name in BLOCKS if drawn is None else tag.name not in drawn:
        return Break(raw)
    if tag.closes:
        return Close(tag.name, raw)
    if tag.name in VOID or ((is_xml or drawn is not None) and raw.endswith("/>")):
        return Point(raw)
    return Open(tag.name, raw)


def inline_token(raw: str) -> InlineToken:
    """Return the token of a single tag, as other formats hold them."""
    part = next(iter(read_tags(raw)), Comment(raw))
    if not isinstance(part, Tag) or part.raw != raw:
        return Point(raw)
    return _tag_token(part, True, None)


def _drawing(parts: list[HtmlPart], is_xml: bool) -> Point:
    """Return a drawing as one point, whose texts are slots inside it."""
    template = _template(_drawn_tokens(parts, is_xml))
    raw = "".join(part.raw for part in parts)
    return Point(raw if all(isinstance(part, str) for part in template) else Markup(raw, template))


def _drawn_tokens(parts: list[HtmlPart], is_xml: bool) -> Iterator[InlineToken]:
    """Yield the tokens of a drawing; characters outside of its text elements are not text."""
    number = 0
    while number < len(parts):
        part, end = parts[number], number + 1
        if isinstance(part, Tag) and part.name in _DRAWN and not part.closes:
            end = _element_end(parts, number, is_xml)
            yield from _tokens(parts[number:end], is_xml, _drawn_inline(parts[number:end]))
        else:
            yield Break(with_slots(part) if isinstance(part, Tag) else part.raw)
        number = end


def _drawn_inline(parts: list[HtmlPart]) -> frozenset[str]:
    """Return the tags that stand among the words of a drawing's text: none where they begin lines."""
    begins_lines = any(
        isinstance(part, Tag) and part.name == "tspan" and {"x", "y", "dy"} & part.attributes.keys()
        for part in parts
    )
    return frozenset() if begins_lines else frozenset({"tspan", "a"})


def _untranslated(parts: list[HtmlPart]) -> InlineToken:
    """Return an element that is not translated as one token; its attributes may be, unless it is marked."""
    raw, first = "".join(part.raw for part in parts), parts[0]
    if not isinstance(first, Tag):
        return Point(raw)
    start = first.raw if _is_marked(first) else with_slots(first)
    if isinstance(start, Markup):
        raw = Markup(raw, [*start.parts, raw[len(start) :]])
    if first.name in BLOCKS:
        return Break(raw)
    if first.name in RAW:
        return Point(raw)
    return Point(raw, "".join(unescape(part.raw) for part in parts if isinstance(part, Characters)))


def _untouched_end(parts: list[HtmlPart], number: int, is_xml: bool) -> int:
    """Return the index after an element that is not translated; `number` if none begins there."""
    first = parts[number]
    if not isinstance(first, Tag) or first.closes:
        return number
    if first.name == "a" and (end := _address_end(parts, number)):
        return end
    if first.name not in UNTOUCHED and not _is_marked(first):
        return number
    return _element_end(parts, number, is_xml)


def _element_end(parts: list[HtmlPart], number: int, is_xml: bool) -> int:
    """Return the index after the element that begins at a tag."""
    first = parts[number]
    assert isinstance(first, Tag)
    empty = first.raw.endswith("/>")
    if first.name in VOID or (empty and (is_xml or first.name in ("svg", "math", "text", "desc"))):
        return number + 1
    depth = 0
    for end in range(number, len(parts)):
        part = parts[end]
        if not isinstance(part, Tag):
            continue
        if first.name == "p" and end > number and part.name in BLOCKS:  # the end tag of p may be omitted
            return end
        if part.name == first.name and not (is_xml and part.raw.endswith("/>")):
            depth += -1 if part.closes else 1
        if not depth:
            return end + 1
    return len(parts)


def _is_start(part: HtmlPart, name: str) -> bool:
    return isinstance(part, Tag) and part.name == name and not part.closes


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
