"""Bytes of a document to text and back.

UTF-8, UTF-16 and UTF-32 are known by their byte order mark, UTF-16 without one by its zeros, HTML by the
charset that it declares. A document comes back in its own encoding, with its mark.
"""

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
# The encodings of the WHATWG Encoding Standard, as Python names them. Python has others that are not
# encodings of pages (idna, unicode_escape), or were abandoned because they can hide markup (utf-7).
_NAMES = """
    ascii big5 big5hkscs cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp866 cp874 cp932
    cp949 euc_jp euc_kr gb18030 gb2312 gbk iso2022_jp iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5
    iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16
    koi8-r koi8-u mac-cyrillic mac-roman shift_jis tis-620 utf-16 utf-16-be utf-16-le utf-8
"""
_HTML_ENCODINGS = frozenset(_NAMES.split())
_CHARSET = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{1,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{1,40})[\"']")
_SAMPLED = 4096  # bytes in which UTF-16 without a mark is recognised
_CHARSET_WITHIN = 1024  # bytes from the start in which browsers look for it


class Decoded(NamedTuple):
    """A decoded text, its encoding by Python's name, its byte order mark and its charset."""

    text: str
    encoding: str
    mark: bytes
    charset: str  # the name of the encoding in a Content-Type

    def encode(self, text: str) -> bytes:
        """Return a text in the same encoding, with the mark.

        Characters that the encoding lacks become HTML character references; only HTML has such encodings.
        """
        return self.mark + text.encode(self.encoding, "xmlcharrefreplace")


def decode(content: bytes, name: str, is_html: bool = False) -> Decoded:
    """Decode a document.

    Raises:
        ValueError: the bytes are not text in the document's encoding.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", "utf-8"))
    # A mark says the order of bytes, which the name then leaves out.
    charset = encoding.removesuffix("-le").removesuffix("-be") if mark else encoding
    if not mark and (without_mark := _utf_16(content)):
        charset = encoding = without_mark
    elif is_html and not mark and (match := _declared(content[:_CHARSET_WITHIN])):
        charset = match[1].decode("ascii").lower()
        encoding = _python_encoding(charset, name)
    try:
        text = content[len(mark) :].decode(encoding)
    except ValueError as error:
        position = getattr(error, "start", 0) + len(mark)
        raise ValueError(
            f"{name!r} is not {encoding.upper()} text (byte {position} is invalid); save it as UTF-8"
        ) from error
    if "\0" in text:
        raise ValueError(f"{name!r} is not text (character {text.index(chr(0))} is NUL); save it as UTF-8")
    return Decoded(text, encoding, mark, charset if encoding != "utf-8" else encoding)


def _declared(head: bytes) -> re.Match[bytes] | None:
    return _XML_ENCODING.match(head) or _CHARSET.search(head)


def _utf_16(content: bytes) -> str:
    """Return the encoding of UTF-16 without a mark: every other byte of most of its letters is zero."""
    sample = content[:_SAMPLED]
    high, low = sample[::2].count(0), sample[1::2].count(0)
    if len(content) % 2 or not (high or low) or (high and low):
        return ""
    if max(high, low) < len(sample) / 8:
        return ""
    return "utf-16-be" if high else "utf-16-le"


def known_encoding(charset: str) -> str:
    """Return Python's name of an encoding of the web's standard, "" for any other.

    The name stands in the document itself, so UTF-16, which could not be read so far, is UTF-8.
    """
    try:
        encoding = codecs.lookup(charset).name
    except LookupError:
        return ""
    if encoding not in _HTML_ENCODINGS:
        return ""
    return "utf-8" if encoding.startswith("utf-16") else encoding


def _python_encoding(charset: str, name: str) -> str:
    """Return Python's name of the encoding that an HTML document declares."""
    encoding = known_encoding(charset)
    if not encoding:
        raise ValueError(f"{name!r} says its charset is {charset!r}, which is not known; save it as UTF-8")
    return "cp1252" if encoding in ("iso8859-1", "ascii") else encoding  # the standard reads both as cp1252
