"""Bytes of a document to text and back: UTF-8, UTF-16 and UTF-32 with their marks, what HTML says it is."""

import codecs
import re
from typing import NamedTuple

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{1,40})", re.IGNORECASE)
_CHARSET_WITHIN = 1024  # bytes from the start, as browsers look for it


class Decoded(NamedTuple):
    """A text and how it was written; `encode` writes another one so."""

    text: str
    encoding: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """The bytes of a text; what the encoding lacks (not in UTF) as a character reference of HTML."""
        return self.mark + text.encode(self.encoding, "xmlcharrefreplace")


def decode(content: bytes, name: str, is_html: bool = False) -> Decoded:
    """The text of a document; ValueError when its bytes are none."""
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", "utf-8"))
    if is_html and not mark and (found := _CHARSET.search(content[:_CHARSET_WITHIN])):
        encoding = _named(found[1].decode("ascii"), name)
    try:
        text = content[len(mark) :].decode(encoding)
    except ValueError as error:
        at = getattr(error, "start", 0) + len(mark)
        raise ValueError(
            f"{name!r} is no {encoding.upper()} text (byte {at} fits nowhere); save it as UTF-8"
        ) from error
    if "\0" in text:
        raise ValueError(f"{name!r} is no text (character {text.index(chr(0))} is NUL); save it as UTF-8")
    return Decoded(text, encoding, mark)


def _named(charset: str, name: str) -> str:
    """Python's name of the encoding that an HTML document names."""
    try:
        encoding = codecs.lookup(charset).name
        b"a".decode(encoding)
        if encoding.startswith("utf-16"):  # then the line that says so was not read: the standard takes UTF-8
            return "utf-8"
        return (
            "cp1252" if encoding in ("iso8859-1", "ascii") else encoding
        )  # as the standard for the web has it
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"{name!r} says its charset is {charset!r}, which is not known; save it as UTF-8"
        ) from error
