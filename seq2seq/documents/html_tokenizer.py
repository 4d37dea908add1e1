"""An HTML tokenizer without loss: the raw tags, comments and texts, joined, are the source.

It follows the tokenizer of the HTML standard (13.2.5), so that the tags are those of a browser: where quotes
count, what ends a comment, what is inside a script. HTML parsers do not give back the source they were given,
and Python's html.parser tokenizes differently from release to release. This is one regular expression that
never backtracks (possessive quantifiers), so that time is linear for any text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import unescape

_ATTRIBUTE = r"""
    ([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)
    (?:[ \t\n\f\r]*+=[ \t\n\f\r]*+ ("[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^ \t\n\f\r"'>][^ \t\n\f\r>]*+)?+ )?+
"""
_TAGS = rf"""
    <!--(?:-?>|.*?(?:--!?>|\Z)) | <[!?][^>]*+(?:>|\Z) | </> | </(?![a-z])[^>]++(?:>|\Z)
    | <(?P<slash>/?)(?P<name>[a-z][^ \t\n\f\r/>]*+) (?:[ \t\n\f\r/]++|{_ATTRIBUTE})*+ (?:>|\Z)
"""
_MARKUP = re.compile(_TAGS, re.IGNORECASE | re.DOTALL | re.VERBOSE)
_XML = re.compile(
    rf"<!\[CDATA\[.*?(?:\]\]>|\Z) | <\?.*?(?:\?>|\Z) | {_TAGS}", re.IGNORECASE | re.DOTALL | re.VERBOSE
)
_ATTRIBUTES = re.compile(_ATTRIBUTE, re.VERBOSE)
_SCRIPT_STEPS = re.compile(r"<!--(?=(-?>)?)|-->|<(/?)script(?=[ \t\n\f\r/>])", re.IGNORECASE)

# Elements whose content has no tags, up to their own end tag. Entities are resolved in the second kind only.
RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"})
ESCAPABLE = frozenset({"title", "textarea"})


@dataclass(frozen=True)
class Tag:
    """A start or end tag; `name` in lower case."""

    raw: str
    name: str
    closes: bool

    @cached_property
    def attributes(self) -> dict[str, str]:
        """The attributes by name in lower case, the first of each name, entities resolved."""
        attributes: dict[str, str] = {}
        for name, value in _ATTRIBUTES.findall(self.raw, 1 + len(self.name)):
            if value[:1] in ("'", '"'):
                value = value[1:].removesuffix(value[0])
            attributes.setdefault(name.lower(), unescape(value))
        return attributes

    def values(self) -> Iterator[tuple[str, int, int]]:
        """Yield each attribute's name in lower case and the span of its value in `raw`, quotes included."""
        for match in _ATTRIBUTES.finditer(self.raw, 1 + len(self.name)):
            if match[2] is not None:
                yield match[1].lower(), *match.span(2)


@dataclass(frozen=True)
class Characters:
    """A text between two tags, entities unresolved. `is_raw`: inside an element that holds no tags."""

    raw: str
    is_raw: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment, a document type, or anything else that a browser skips."""

    raw: str


def read_tags(html: str, is_xml: bool = False) -> Iterator[Tag | Characters | Comment]:
    """Yield the parts of an HTML text in order.

    `is_xml`: in XHTML an element may be empty (<script/>), and has CDATA sections and instructions (<?a?>).
    """
    markup = _XML if is_xml else _MARKUP
    position = text_start = 0
    while (position := html.find("<", position)) >= 0:
        match = markup.match(html, position)
        if not match:
            position += 1
            continue
        if text_start < position:
            yield Characters(html[text_start:position])
        position = text_start = match.end()
        if not match["name"]:
            yield Comment(match[0])
            continue
        name = match["name"].lower()
        yield Tag(match[0], name, bool(match["slash"]))
        is_empty = is_xml and match[0].endswith("/>")
        if not match["slash"] and not is_empty and name in RAW | ESCAPABLE:
            position = text_start = _raw_end(html, position, name)
            if match.end() < position:
                yield Characters(html[match.end() : position], True)
    if text_start < len(html):
        yield Characters(html[text_start:])


def _raw_end(html: str, start: int, name: str) -> int:
    """Return where the end tag of an element without tags begins; the end of the text if there is none."""
    if name == "plaintext":
        return len(html)
    if name == "script":
        return _script_end(html, start)
    match = _end_tag(name).search(html, start)
    return match.start() if match else len(html)


@lru_cache
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE)


def _script_end(html: str, start: int) -> int:
    """Return where the end tag of a script begins; inside <!-- <script> ... </script> --> none counts."""
    escaped = double = False  # the "script data escaped" and "double escaped" states of the standard
    position = start
    while match := _SCRIPT_STEPS.search(html, position):
        position = match.end()
        if match[0] == "-->":
            escaped = double = False
        elif match[0] == "<!--":
            escaped, position = escaped or match[1] is None, position - 2  # its dashes may be those of -->
        elif not match[2]:
            double = escaped or double
        elif not double:
            return match.start()
        else:
            double = False
    return len(html)
