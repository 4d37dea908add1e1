"""The tokens of a text with tags in it; every format reads its own syntax into them and writes them again."""

import re
from dataclasses import dataclass

BLANKS = " \t\n\f\r"  # what HTML calls so; a no-break space is a character
_ADDRESS_SIGNS = ("/", "\\", "@", "www.")
_FEW_WORDS = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+){0,3}")


@dataclass(frozen=True, eq=False)
class TextToken:
    """Words to be translated; `raw` is how the source wrote them, None for a translation."""

    text: str
    raw: str | None = None


@dataclass(frozen=True, eq=False)
class Open:
    """A tag that opens; the next Close of the same name at the same depth ends it.

    `elsewhere`: it stands in another unit, and this one only begins inside it.
    """

    name: str
    raw: str
    elsewhere: bool = False


@dataclass(frozen=True, eq=False)
class Close:
    """A tag that closes, in this unit or `elsewhere`."""

    name: str
    raw: str
    elsewhere: bool = False


@dataclass(frozen=True, eq=False)
class Point:
    """Something without words, or with words that are to stay: an image, a comment, code.

    `text` is read with the sentence when it is a few plain words, so that the sentence keeps its grammar.
    """

    raw: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class Break:
    """What ends a unit: the tag of a block, a line break, anything outside of texts."""

    raw: str


Inline = TextToken | Open | Close | Point
InlineToken = Inline | Break


def is_language(text: str) -> bool:
    """Whether a text holds a letter; numbers and signs alone are not translated."""
    return any(character.isalpha() for character in text)


def is_address(text: str) -> bool:
    """Whether a text is one word that names a page, a path, a person or a topic: no language."""
    words = text.split()
    return len(words) == 1 and (words[0].startswith("#") or any(sign in words[0] for sign in _ADDRESS_SIGNS))


def is_read(token: Inline) -> bool:
    """Whether a token adds words to the text of its unit."""
    if isinstance(token, TextToken):
        return bool(token.text.strip(BLANKS))
    return isinstance(token, Point) and bool(_FEW_WORDS.fullmatch(token.text))
