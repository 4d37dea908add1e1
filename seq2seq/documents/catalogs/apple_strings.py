r"""Apple's .strings: pairs of a key and a value, with remarks above.

    /* Title of the window */
    "files.title" = "Files of \"%@\"";

A key without a value (`"key";`) stays as it is. Compiled files and those in XML are not read.
"""

import re

from seq2seq.documents.catalogs.entry import Catalog, CatalogError
from seq2seq.documents.catalogs.flat_syntax import FlatSyntax, set_blocks
from seq2seq.documents.catalogs.nodes import ValueNode, ValueTree, decode_catalog
from seq2seq.documents.catalogs.scanner import TextScanner
from seq2seq.documents.catalogs.value_catalog import ValueCatalog, read_pair
from seq2seq.documents.encoding import Decoded

_BLANK = re.compile(r"(?:\s++|/\*(?:[^*]|\*(?!/))*+\*/|//[^\r\n]*+)*+")
_REMARK = re.compile(r"/\*((?:[^*]|\*(?!/))*+)\*/|//([^\r\n]*+)")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"|' r"'(?:[^'\\]++|\\.)*+'|[\w.$/:-]++(?<!/)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[Uu]([\da-fA-F]{4})|([0-7]{1,3})|(.))", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SIGNS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NO_REMARK = re.compile(r"No comment provided(?: by engineer)?\.?", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%(?:\d+\$)?[-+0# ]*[\d.*]*(?:hh|h|ll|l|q|z|t|j|L)?[@dDiuUxXoOfFeEgGcCsSpaA]")


def read_catalog(name: str, data: bytes, target_language: str | None, existing: bytes | None) -> Catalog:
    """Read the .strings of the source language, and that of the target language if there is one.

    Raises:
        CatalogError: a text is not closed, a sign is missing, or the file is compiled.
    """
    syntax = StringsSyntax()

    def read(each: bytes) -> ValueTree:
        if each.startswith(b"bplist"):
            raise CatalogError(name, "is compiled; give the file of the project's sources, which is text")
        return syntax.read(decode_catalog(each, name), name)

    return StringsCatalog(*read_pair(read, data, existing), None, target_language)


class StringsSyntax(FlatSyntax):
    """The syntax of .strings."""

    remark = "/* {} */"
    rest = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/[ \t]*)?(?:\r\n|\n|\r|\Z)")

    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of a text.

        Raises:
            CatalogError: a text is not closed, or a sign is missing.
        """
        text = decoded.text
        if text.lstrip().startswith("<?xml"):
            raise CatalogError(
                name, 'is XML; give the file of the project\'s sources, lines of "key" = "value";'
            )
        nodes, ends = _StringsReader(text, name).read()
        set_blocks(text, nodes, ends, self.rest)
        return ValueTree(name, decoded, ValueNode("", 0, 0, len(text), children=nodes, style="object"))

    def literal(self, tree: ValueTree, node: ValueNode, text: str) -> str:
        """Return a text in quotes; line breaks are escapes unless the other value has real ones."""
        quote = node.style[0] if node.style[0] in "\"'" else '"'
        text = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
        if not re.search(r"[\r\n]", node.style):
            text = text.replace("\n", "\\n").replace("\r", "\\r")
        if "\t" not in node.style:
            text = text.replace("\t", "\\t")
        text = re.sub("[\ud800-\udfff]", lambda match: f"\\U{ord(match[0]):04x}", text)
        return f"{quote}{text}{quote}"

    def note_line(self, tree: ValueTree, note: str) -> str:
        """Return a remark as a line."""
        return super().note_line(tree, note.replace("*/", "* /"))


class _StringsReader(TextScanner):
    """A .strings file and the position in it."""

    end = "the end of the line"

    def read(self) -> tuple[list[ValueNode], list[int]]:
        """Return the entries, and the place behind the semicolon of each."""
        nodes: list[ValueNode] = []
        ends: list[int] = []
        comment = self._skip()
        in_braces = self._take("{")
        comment = self._skip() if in_braces else comment
        while self._position < len(self._text) and not (in_braces and self._take("}")):
            if node := self._entry(comment):
                nodes.append(node)
                ends.append(self._position)
            comment = self._skip()
        self._skip()
        if self._position < len(self._text):
            raise self._error('something follows the closing brace "}"; remove it')
        return nodes, ends

    def _entry(self, comment: str) -> ValueNode | None:
        begin, line = self._position, self._line_now()
        key = self._string("a key")
        self._skip()
        node = None
        if self._take("="):
            self._skip()
            start = self._position
            raw = self._string("a value")
            node = ValueNode(
                _unescaped(key), begin, start, self._position, line, _unescaped(raw), None, comment, raw
            )
            self._skip()
        if not self._take(";"):
            raise self._error(f'";" is missing before {self._rest()}, behind the key {key}; add it')
        return node

    def _string(self, what: str) -> str:
        match = _STRING.match(self._text, self._position)
        if match:
            self._position = match.end()
            return match[0]
        if self._text[self._position : self._position + 1] in ('"', "'"):
            raise self._error("the text that begins here is not closed; add its quote")
        raise self._error(f"{what} is expected before {self._rest()}; put it into quotes")

    def _skip(self) -> str:
        """Pass blanks and remarks; return the last remark that is right above."""
        match = _BLANK.match(self._text, self._position)
        assert match
        self._position = match.end()
        if self._text.startswith("/*", self._position):
            raise self._error('the remark that begins here is not closed; add "*/"')
        remark = ""
        for found in _REMARK.finditer(match[0]):
            is_right_above = not re.search(r"\n\s*\n", match[0][found.end() :].replace("\r\n", "\n"))
            remark = " ".join((found[1] or found[2] or "").split()) if is_right_above else ""
        return "" if _NO_REMARK.fullmatch(remark) else remark


def _unescaped(raw: str) -> str:
    """Return a text without its quotes and escapes."""
    inside = raw[1:-1] if raw[0] in "\"'" else raw

    def character(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return chr(int(match[2], 8)) if match[2] else _SIGNS.get(match[3], match[3])

    def joined(match: re.Match[str]) -> str:
        return match[0].encode("utf-16", "surrogatepass").decode("utf-16")

    return _SURROGATES.sub(joined, _ESCAPE.sub(character, inside))


class StringsCatalog(ValueCatalog):
    """A .strings file."""

    syntax = StringsSyntax()

    def flags_of(self, text: str) -> frozenset[str]:
        """Return objc-format for a text with placeholders."""
        return frozenset({"objc-format"}) if _PLACEHOLDER.search(text) else frozenset()
