r"""Escapes of Android's strings: \' \" \n \t \@ \? \\ \u00e4, quotation marks that keep blanks, and CDATA.

    Don\'t    "  two blanks"    \@home    <![CDATA[<b>bold</b>]]>

Outside quotation marks blanks and line ends are one blank each, and none at the ends of a string.
"""

import re
from collections.abc import Callable
from html import unescape

from seq2seq.documents.catalogs.inline_codes import InlineText

_CODES = frozenset({"g"})  # <xliff:g>: what is not to be translated
_UNIT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\(.)|(\")|([ \t\r\n]+)|([^\\\" \t\r\n]+|\\)", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t"}
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)
_BLANKS = re.compile(r"^ | $| {2}")


class AndroidText:
    """The text of a string, decoded, and the way back.

    Attributes:
        text: an XML fragment if `has_elements`, otherwise plain text.
        has_elements: whether tags stand in it.

    Args:
        raw: what stands between the tags of the string, as written.
        as_fragment: make a fragment even without tags, as those of its siblings are.
    """

    def __init__(self, raw: str, as_fragment: bool = False) -> None:
        cdata = _CDATA.fullmatch(raw)
        self._is_cdata = bool(cdata) and "<![CDATA[" not in raw.strip()[9:]
        self._quoted = raw.strip().startswith('"') and raw.strip().endswith('"') and len(raw.strip()) > 1
        self._reader = _Reader()
        self._inline = InlineText(raw, _CODES, self._reader.read, as_fragment)
        self.has_elements = self._inline.has_elements
        # An end in quotation marks, and what is escaped, keeps its blanks.
        self.text = _trimmed(self._inline.text, self._reader)

    def adopt(self, other: "AndroidText") -> None:
        """Take over the codes of a sibling, which a translation may use."""
        self._inline.codes = other._inline.codes | self._inline.codes

    def write(self, target: str, escape: Callable[[str], str]) -> str:
        """Return a translation as it stands between the tags.

        Args:
            target: in the syntax of `text`.
            escape: resolves to XML's references.
        """
        if self._is_cdata and not self.has_elements and "]]>" not in target:
            text = _escaped(target, bool(_BLANKS.search(target)))
            return f'<![CDATA["{text}"]]>' if _BLANKS.search(target) else f"<![CDATA[{text}]]>"
        quoted = self._quoted or (not self.has_elements and bool(_BLANKS.search(target)))
        written = self._inline.write(target, lambda text: escape(_escaped(text, quoted)))
        if quoted and not self.has_elements:
            return f'"{written}"'
        first = unescape(target[:1])
        return f"\\{written}" if first and first in "@?" and written.startswith(first) else written


class _Reader:
    """The state between the texts of a string: whether quotation marks are open, what stands at the ends."""

    def __init__(self) -> None:
        self.quoted = False
        self.kept_start = self.kept_end = False
        self.begun = False

    def read(self, text: str) -> str:
        """Return a text without its escapes."""
        pieces: list[str] = []
        for match in _UNIT.finditer(text):
            code, escaped, quote, blank, plain = match.groups()
            if quote:
                self.quoted = not self.quoted
                continue
            kept = bool(code or escaped) or (self.quoted and bool(blank))
            self.kept_start = self.kept_start if self.begun else kept
            self.begun, self.kept_end = True, kept
            if code:
                pieces.append(chr(int(code, 16)))
            elif escaped:
                pieces.append(_NAMED.get(escaped, escaped))
            elif blank:
                pieces.append(blank if self.quoted else " ")
            else:
                pieces.append(plain)
        # Two escapes may be the halves of one sign.
        return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _trimmed(text: str, reader: _Reader) -> str:
    text = text if reader.kept_start else text.lstrip(" ")
    return text if reader.kept_end else text.rstrip(" ")


def _escaped(text: str, quoted: bool) -> str:
    """Return a text with the escapes of Android."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return text if quoted else text.replace("'", "\\'")
