r"""Java's .properties: values of keys, with escapes, continued lines and MessageFormat's apostrophes.

    # The title
    title = Files of {0}\
            and its \u00fcbersicht

Read as UTF-8, else as Latin-1. A file of ASCII gets other letters as \uXXXX, which every reader understands;
Latin-1 gets those that it lacks so. In values with arguments ({0}) apostrophes are doubled, unless the file
itself has single ones there. `{0,choice,0#...|1#...}` is filled branch by branch.
"""

import re
from collections.abc import Iterator

from seq2seq.documents.catalogs.choices import Choice, ChoiceBranch, Pattern
from seq2seq.documents.catalogs.entry import Catalog, CatalogError
from seq2seq.documents.catalogs.flat_syntax import FlatSyntax, set_blocks
from seq2seq.documents.catalogs.nodes import ValueNode, ValueTree, decode_catalog, line_of
from seq2seq.documents.catalogs.value_catalog import ValueCatalog, read_pair
from seq2seq.documents.encoding import Decoded

_LINE = re.compile(
    r"(?P<blank>[ \t\f]*)(?P<content>(?:[^\\\r\n]|\\(?:\r\n|.|\Z))*+)(?:\r\n|\n|\r|\Z)", re.DOTALL
)
_KEY = re.compile(r"(?:\\(?:\r\n[ \t\f]*|.)|[^\\:= \t\f\r\n])*+", re.DOTALL)
_SEPARATOR = re.compile(r"(?:[ \t\f]|\\(?:\r\n|\n|\r)[ \t\f]*)*+[:=]?(?:[ \t\f]|\\(?:\r\n|\n|\r)[ \t\f]*)*+")
_ESCAPE = re.compile(r"\\(?:u([\da-fA-F]{4})|(\r\n|\n|\r)[ \t\f]*|(.)|\Z)", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SIGNS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_WRITTEN_LINES = re.compile(r"\\n\\(\r\n|\n|\r)([ \t\f]*)")
_ARGUMENT = re.compile(r"\{\s*\d+\s*[,}]")
_QUOTED_BRACE = re.compile(r"(?<!')'[{}]")
_CHOICE = re.compile(r"\{\s*\d+\s*,\s*choice\s*,")
_LIMIT = re.compile(r"\s*[^#<≤|{}]*[#<≤]")


def read_catalog(name: str, data: bytes, target_language: str | None, existing: bytes | None) -> Catalog:
    """Read the .properties of the source language, and that of the target language if there is one.

    Raises:
        CatalogError: a value cannot be read.
    """
    syntax = PropertiesSyntax()
    source, target = read_pair(lambda each: syntax.read(_decode(each, name), name), data, existing)
    return PropertiesCatalog(source, target, None, target_language)


def _decode(data: bytes, name: str) -> Decoded:
    try:
        return decode_catalog(data, name)
    except CatalogError:
        if b"\0" in data:
            raise
        return Decoded(data.decode("latin-1"), "latin-1", b"", "iso-8859-1")


class PropertiesSyntax(FlatSyntax):
    """The syntax of .properties."""

    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of a text.

        Raises:
            CatalogError: an escape of a value is not complete.
        """
        text = decoded.text
        nodes: list[ValueNode] = []
        ends: list[int] = []
        remarks: list[str] = []
        position, line = 0, 1
        while position < len(text):
            match = _LINE.match(text, position)
            content = match["content"] if match else ""
            if content[:1] in ("#", "!"):  # a remark is not continued by a backslash
                match = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)").match(text, position)
                remarks.append(content.splitlines()[0].lstrip("#! \t").rstrip("\\ \t"))
            assert match
            if content and content[0] not in "#!":
                node = _read_entry(text, match, line, name)
                node.comment = "\n".join(remarks)
                nodes.append(node)
                ends.append(node.end)
            if not content or content[0] not in "#!":
                remarks = []
            line += text.count("\n", position, match.end())
            position = match.end()
        set_blocks(text, nodes, ends, self.rest)
        return ValueTree(name, decoded, ValueNode("", 0, 0, len(text), children=nodes, style="object"))

    def literal(self, tree: ValueTree, node: ValueNode, text: str) -> str:
        """Return a text as a value, with the escapes and the line breaks of another."""
        raw = node.style
        signs = "".join(sign for sign in ":=#!" if f"\\{sign}" in raw)
        written_lines = _WRITTEN_LINES.search(raw)
        lines = [_escaped(line, signs) for line in text.split("\n")]
        if written_lines and lines[-1]:
            # The blanks that begin a continued line are no part of the value.
            return _representable(f"\\n\\{tree.line_end}{written_lines[2]}".join(lines), tree)
        return _representable("\\n".join(lines), tree)

    def note_line(self, tree: ValueTree, note: str) -> str:
        """Return a remark as a line."""
        return _representable(super().note_line(tree, note), tree)


def _read_entry(text: str, match: re.Match[str], line: int, name: str) -> ValueNode:
    begin, end = match.start("content"), match.end("content")
    key = _KEY.match(text, begin, end)
    separator = key and _SEPARATOR.match(text, key.end(), end)
    assert key and separator
    start = separator.end()
    raw = text[start:end]
    for escape in _ESCAPE.finditer(text, begin, end):
        if escape[3] == "u":
            sentence = r"the escape \u needs four hexadecimal digits; add them, or write \\u for a backslash"
            raise CatalogError(name, sentence, line_of(text, escape.start()))
    return ValueNode(_unescaped(key[0]), begin, start, end, line, _unescaped(raw), style=raw)


def _escaped(line: str, signs: str) -> str:
    """Return a line of a value with escapes; its first letter may be taken for a blank or a separator."""
    line = re.sub(rf"[\\{re.escape(signs)}]", r"\\\g<0>", line)
    for letter, sign in _SIGNS.items():
        line = line.replace(sign, f"\\{letter}")
    return f"\\{line}" if line.startswith((" ", "=", ":")) else line


def _unescaped(raw: str) -> str:
    def character(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return "" if match[2] or not match[3] else _SIGNS.get(match[3], match[3])

    def joined(match: re.Match[str]) -> str:
        return match[0].encode("utf-16", "surrogatepass").decode("utf-16")

    return _SURROGATES.sub(joined, _ESCAPE.sub(character, raw))


def _representable(text: str, tree: ValueTree) -> str:
    r"""Return a text with the characters as \uXXXX that the file's encoding may not have."""
    encoding = "ascii" if tree.text.isascii() and not tree.decoded.mark else tree.decoded.encoding

    def escape(match: re.Match[str]) -> str:
        try:
            match[0].encode(encoding)
        except UnicodeEncodeError:
            code = match[0].encode("utf-16-be", "surrogatepass").hex()
            return "".join(f"\\u{code[i : i + 4]}" for i in range(0, len(code), 4))
        return match[0]

    return re.sub(r"[^\x00-\x7f]", escape, text)


class PropertiesCatalog(ValueCatalog):
    """A .properties file."""

    syntax = PropertiesSyntax()

    def __init__(
        self,
        source: ValueTree,
        existing: ValueTree | None,
        source_language: str | None,
        target_language: str | None,
    ) -> None:
        texts = [node.text for node in source.nodes.values() if node.text and _ARGUMENT.search(node.text)]
        # A file for another reader than MessageFormat has single apostrophes beside its arguments.
        self._doubles = any("''" in text for text in texts) or not any("'" in text for text in texts)
        super().__init__(source, existing, source_language, target_language)

    def unescape(self, text: str, in_branch: bool) -> str:
        """Return a text without MessageFormat's doubled apostrophes."""
        return text.replace("''", "'") if self._is_doubled(text) else text

    def escape(self, text: str, source: str, in_branch: bool) -> str:
        """Return a text with apostrophes as MessageFormat reads them."""
        return text.replace("'", "''") if in_branch or self._is_doubled(source) else text

    def _is_doubled(self, text: str) -> bool:
        return self._doubles and bool(_ARGUMENT.search(text)) and not _QUOTED_BRACE.search(text)

    def flags_of(self, text: str) -> frozenset[str]:
        """Return java-format for a text with arguments."""
        return frozenset({"java-format"}) if _ARGUMENT.search(text) else frozenset()

    def read_pattern(self, node: ValueNode) -> Pattern | None:
        """Return the branches of a MessageFormat's choice, or those of ICU's."""
        match = _CHOICE.search(node.text or "")
        if not match or node.text is None:
            return super().read_pattern(node)
        end = _closing(node.text, match.start())
        branches = list(_branches(node.text[match.end() : end - 1]))
        choice = Choice(match[0], "select", branches, "}", "|")
        return [node.text[: match.start()], choice, node.text[end:]]


def _closing(text: str, start: int) -> int:
    """Return the place behind the brace that closes the one at `start`."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    raise ValueError("'{' is not closed; add '}'")


def _branches(inside: str) -> Iterator[ChoiceBranch]:
    depth = 0
    start = 0
    for place, sign in enumerate(inside + "|"):
        depth += (sign == "{") - (sign == "}")
        if sign == "|" and depth == 0:
            match = _LIMIT.match(inside, start, place)
            if not match:
                raise ValueError("a branch of a choice has no limit; write 0#, 1# or 1< before it")
            yield ChoiceBranch(match[0], match[0].strip(), [inside[match.end() : place]], "")
            start = place + 1
