"""Tokens of a text with inline tags; every format reads its syntax into them and writes them again."""

import re
from dataclasses import dataclass

BLANKS = " \t\n\f\r"  # HTML's white space; a no-break space is not among it
LONGEST_IDENTIFIER = 256  # characters
_ADDRESS_SIGNS = ("/", "\\", "@", "www.")
_IDENTIFIER = re.compile(
    r"""[^\W\d]\w*_\w*|_\w+                                # snake_case, SCREAMING_SNAKE_CASE
    | [a-z]+(?:[A-Z][a-z\d]*)+ | (?:[A-Z][a-z\d]+){2,}       # camelCase, PascalCase
    | [\w$-]+(?:(?:\.|::)[\w$*-]+)+ | [\w.$-]+\(\)           # dog.png, app.title, a::b, f()
    | [a-z]{2,3}-(?:[A-Z]{2}|[A-Z][a-z]{3}(?:-[A-Z]{2})?)   # en-US, zh-Hans
    | (?=[^\s\d]*\d)[\w.:+-]+ | [a-z\d]+(?:-[a-z\d]+){3,}   # dog-1, UUIDs, dates with a T, slugs
    | [-$%@#]\S+ | \{[^{}]*\}""",
    re.VERBOSE,
)
_FEW_WORDS = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+){0,3}")


@dataclass(frozen=True, eq=False)
class TextToken:
    """Words to be translated; `raw` is the same as the source writes it, None for a translation."""

    text: str
    raw: str | None = None


@dataclass(frozen=True, eq=False)
class Open:
    """An opening tag; the next Close of the same name at the same depth ends it.

    `elsewhere`: the tag itself is in another unit, and this unit begins inside it.
    """

    name: str
    raw: str
    elsewhere: bool = False


@dataclass(frozen=True, eq=False)
class Close:
    """A closing tag, in this unit or `elsewhere`."""

    name: str
    raw: str
    elsewhere: bool = False


@dataclass(frozen=True, eq=False)
class Point:
    """An element without text, or with text that is not translated: an image, a comment, code.

    A `text` of a few plain words is translated with the sentence, so that the sentence keeps its grammar.
    """

    raw: str
    text: str = ""


class Blank(Point):
    """A blank that is written in another way than " ": a no-break space as an entity, for instance."""


@dataclass(frozen=True, eq=False)
class Break:
    """An end of a unit: the tag of a block, a line break, anything outside of texts."""

    raw: str


Inline = TextToken | Open | Close | Point
InlineToken = Inline | Break


def is_language(text: str) -> bool:
    """Return whether a text holds a letter; numbers and signs alone are not translated."""
    return any(character.isalpha() for character in text)


def is_address(text: str) -> bool:
    """Return whether a text is a single address, path, @name or #topic, which is not translated."""
    words = text.split()
    return len(words) == 1 and (words[0].startswith("#") or any(sign in words[0] for sign in _ADDRESS_SIGNS))


def is_identifier(text: str) -> bool:
    """Return whether a text is a single name of a program or a file, which is not translated."""
    return is_address(text) or (len(text) <= LONGEST_IDENTIFIER and bool(_IDENTIFIER.fullmatch(text.strip())))


def is_read(token: Inline) -> bool:
    """Return whether a token adds words to the text of its unit."""
    if isinstance(token, TextToken):
        return bool(token.text.strip(BLANKS))
    return isinstance(token, Point) and bool(_FEW_WORDS.fullmatch(token.text))
