"""HTML cut into tags, comments and texts as they are written: joined again they are the source.

The rules are those of the tokenizer in the HTML standard (13.2.5), so that what is a tag here is one in a
browser: where quotes count, what ends a comment, what stands inside a script. Libraries that parse HTML give
back another source than they were given, and Python's html.parser cuts differently from release to release;
this is one regular expression that never goes back (possessive quantifiers), so that time is linear whatever
the text.
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
_MARKUP = re.compile(
    rf"""
    <!--(?:-?>|.*?(?:--!?>|\Z)) | <[!?][^>]*+(?:>|\Z) | </> | </(?![a-z])[^>]++(?:>|\Z)
    | <(?P<slash>/?)(?P<name>[a-z][^ \t\n\f\r/>]*+) (?:[ \t\n\f\r/]++|{_ATTRIBUTE})*+ (?:>|\Z)
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTES = re.compile(_ATTRIBUTE, re.VERBOSE)
_SCRIPT_STEPS = re.compile(r"<!--(?=(-?>)?)|-->|<(/?)script(?=[ \t\n\f\r/>])", re.IGNORECASE)

# Elements whose content is text without tags, up to their own end tag; entities count in the second kind.
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
        found: dict[str, str] = {}
        for name, value in _ATTRIBUTES.findall(self.raw, 1 + len(self.name)):
            if value[:1] in ("'", '"'):
                value = value[1:].removesuffix(value[0])
            found.setdefault(name.lower(), unescape(value))
        return found


@dataclass(frozen=True)
class Characters:
    """A text between two tags, entities unresolved. `is_raw`: inside an element that holds no tags."""

    raw: str
    is_raw: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment, a document type, anything a browser skips."""

    raw: str


def read_tags(html: str) -> Iterator[Tag | Characters | Comment]:
    """The parts of an HTML text in order."""
    at = text_from = 0
    while (at := html.find("<", at)) >= 0:
        found = _MARKUP.match(html, at)
        if not found:
            at += 1
            continue
        if text_from < at:
            yield Characters(html[text_from:at])
        at = text_from = found.end()
        if not found["name"]:
            yield Comment(found[0])
            continue
        name = found["name"].lower()
        yield Tag(found[0], name, bool(found["slash"]))
        if not found["slash"] and name in RAW | ESCAPABLE:
            at = text_from = _raw_end(html, at, name)
            if found.end() < at:
                yield Characters(html[found.end() : at], True)
    if text_from < len(html):
        yield Characters(html[text_from:])


def _raw_end(html: str, start: int, name: str) -> int:
    """Where the end tag of an element without tags begins; the end of the text where there is none."""
    if name == "plaintext":
        return len(html)
    if name == "script":
        return _script_end(html, start)
    found = _end_tag(name).search(html, start)
    return found.start() if found else len(html)


@lru_cache
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE)


def _script_end(html: str, start: int) -> int:
    """As above for script, whose end tag does not count inside <!-- <script> ... </script> -->."""
    escaped = double = False
    at = start
    while found := _SCRIPT_STEPS.search(html, at):
        at = found.end()
        if found[0] == "-->":
            escaped = double = False
        elif found[0] == "<!--":
            escaped, at = escaped or found[1] is None, at - 2  # its dashes may be those of -->
        elif not found[2]:
            double = escaped or double
        elif not double:
            return found.start()
        else:
            double = False
    return len(html)
