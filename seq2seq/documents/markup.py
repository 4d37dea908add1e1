"""XML fragments whose tags a request describes, and HTML with elements that a request leaves untranslated.

    <p>Press <key>Enter</key> to <b>go</b>.</p>     ignored: key
    <p>Drücken Sie <key>Enter</key>, um zu <b>gehen</b>.</p>

HTML says what its elements are; of XML it is read from the text itself. An element is inline, and moves with
its words, where its parent holds text of its own; elsewhere its tags end a sentence. Comments, declarations
and CDATA sections are kept. A fragment need not be well formed: tags without a partner stay single.
"""

import re
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from html import unescape

from seq2seq.documents.html import Block, translate_html
from seq2seq.documents.inline import (
    Break,
    Close,
    InlineToken,
    InlineUnit,
    Open,
    Point,
    TextToken,
    gather,
)
from seq2seq.documents.template import Template, TranslateTexts, fill

_PART = re.compile(
    # Unended ones reach to the end of the text, so that none is looked for twice.
    r"""<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<![^>]*+(?:>|\Z)
    | <(?P<closes>/?)(?P<name>[^\s<>/!?][^\s<>/]*+)(?:[^<>"']|"[^"]*+"|'[^']*+')*?(?P<empty>/?)>
    | (?P<text>[^<]++|<)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class TagRules:
    """Names of tags that a request describes, as its text writes them.

    Attributes:
        ignored: elements that are kept as they are, with their contents.
        splitting: tags that end a sentence.
        inline: tags that end none.
        outline: whether the other tags are told apart by their parents; otherwise they end none.
    """

    ignored: Collection[str] = frozenset()
    splitting: Collection[str] = frozenset()
    inline: Collection[str] = frozenset()
    outline: bool = True


def translate_xml(text: str, translate: TranslateTexts, rules: TagRules) -> str:
    """Return an XML fragment with its texts translated in one call of `translate`."""
    return fill(read_xml(text, rules), translate)


def translate_html_except(text: str, translate: TranslateTexts, ignored: Collection[str]) -> str:
    """Return HTML with its texts translated, without those of the ignored elements."""
    if not ignored:
        return translate_html(text, translate)
    # HTML's own mark of what is not translated, recognisable so that it can be taken out again.
    mark = f' translate="no" data-{secrets.token_hex(8)}'
    names = "|".join(re.escape(name) for name in ignored)
    marked = re.sub(rf"(<(?:{names}))(?=[\s/>])", lambda match: match[1] + mark, text, flags=re.IGNORECASE)
    return translate_html(marked, translate).replace(mark, "")


def read_xml(text: str, rules: TagRules) -> Template:
    """Read an XML fragment into its untouched parts and the slots of its sentences."""
    parts = gather(_tokens(text, rules))
    return [Block(part) if isinstance(part, InlineUnit) else part.raw or "" for part in parts]


@dataclass(eq=False)
class _Element:
    """A tag, text or other part; of a start tag, the number of its end tag (-1: none)."""

    raw: str
    name: str = ""
    closes: bool = False
    is_text: bool = False
    partner: int = -1
    parent: "_Element | None" = field(default=None, repr=False)
    has_text: bool = False


def _parts(text: str) -> list[_Element]:
    """Return the parts of a fragment, its tags paired and each with its parent, in linear time."""
    parts: list[_Element] = []
    root = _Element("")
    stack: list[_Element] = [root]
    open_names: dict[str, int] = defaultdict(int)
    numbers: dict[int, int] = {}
    for match in _PART.finditer(text):
        part = _Element(match[0], match["name"] or "", bool(match["closes"]), match["text"] is not None)
        part.parent = stack[-1]
        if part.is_text and not part.raw.isspace():
            stack[-1].has_text = True
        elif part.name and part.closes and open_names[part.name]:
            while (last := stack.pop()).name != part.name:  # a tag without an end, inside this element
                open_names[last.name] -= 1
            open_names[part.name] -= 1
            last.partner, part.partner = len(parts), numbers[id(last)]
            part.parent = last.parent
        elif part.name and not part.closes and not match["empty"]:
            numbers[id(part)] = len(parts)
            open_names[part.name] += 1
            stack.append(part)
        parts.append(part)
    return parts


def _tokens(text: str, rules: TagRules) -> Iterator[InlineToken]:
    parts = _parts(text)
    number = 0
    while number < len(parts):
        part = parts[number]
        if part.name in rules.ignored and part.partner > number:
            inside = parts[number : part.partner + 1]
            words = "".join(unescape(each.raw) for each in inside if each.is_text)
            raw = "".join(each.raw for each in inside)
            yield Break(raw) if _splits(part, rules) else Point(raw, words)
            number = part.partner
        else:
            yield _token(part, rules)
        number += 1


def _token(part: _Element, rules: TagRules) -> InlineToken:
    if part.is_text:
        return TextToken(unescape(part.raw), part.raw)
    if not part.name:
        return Point(part.raw)
    if _splits(part, rules):
        return Break(part.raw)
    if part.partner < 0:
        return Point(part.raw)
    return Close(part.name, part.raw) if part.closes else Open(part.name, part.raw)


def _splits(part: _Element, rules: TagRules) -> bool:
    """Return whether a tag ends a sentence."""
    if part.name in rules.splitting:
        return True
    if part.name in rules.inline or not rules.outline:
        return False
    return part.parent is not None and not part.parent.has_text
