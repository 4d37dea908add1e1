"""Character references of HTML and Markdown (`&copy;`): letters are text, all others are kept as written.

R&amp;D     text          caf&eacute;   text, as they are inside a word
&copy; 2024 point         10&nbsp;km    blank
&lt;b&gt;   one point: a tag that is shown, not text
"""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

from seq2seq.documents.inline.tokens import Blank, InlineToken, Point, TextToken

REFERENCE = r"""&lt;/?[A-Za-z][^<>&\n]{0,200}/?&gt;
    | &(?:\#\d{1,7}|\#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{0,31}+);"""
_REFERENCE = re.compile(REFERENCE, re.VERBOSE)
_APOSTROPHES = "'’"


def text_tokens(raw: str) -> Iterator[InlineToken]:
    """Yield the tokens of a text with character references."""
    position = 0
    for match in _REFERENCE.finditer(raw) if "&" in raw else ():
        if position < match.start():
            yield TextToken(unescape(raw[position : match.start()]), raw[position : match.start()])
        yield reference_token(match[0], raw[: match.start()][-1:], raw[match.end() : match.end() + 1])
        position = match.end()
    if position < len(raw):
        yield TextToken(unescape(raw[position:]), raw[position:])


def reference_token(raw: str, before: str, after: str) -> InlineToken:
    """Return the token of a character reference between two characters."""
    text = unescape(raw)
    if len(text) > 1 and text == raw:  # no such reference: an entity of the author's, such as &brand;
        return Point(raw)
    if text in ("\u00ad", "\u200b"):  # marks where a word may be broken: lost in translation
        return TextToken("", raw)
    if len(text) == 1 and text.isspace():
        return Blank(raw)
    inside = before.isalnum() and (after.isalnum() or text in _APOSTROPHES)
    if inside or (text[:1] != "<" and all(_is_letter(character) for character in text)):
        return TextToken(text, raw)
    return Point(raw)


def _is_letter(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
