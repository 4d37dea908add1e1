"""JSON, read with the place of every value; blanks, order, escapes and remarks stay as they are written.

Remarks (`//`, `/* */`) are read as blanks, since browsers allow them in `messages.json`.
"""

import json
import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from seq2seq.documents.catalogs.entry import Replacement
from seq2seq.documents.catalogs.nodes import DEEPEST, AddedValue, ValueNode, ValueTree, column_of
from seq2seq.documents.catalogs.scanner import TextScanner
from seq2seq.documents.encoding import Decoded

_BLANKS = re.compile(r"(?:[ \t\r\n]++|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_STRING = re.compile(r'"(?:[^"\\\r\n]++|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*+"')
_DECODE = json.JSONDecoder(strict=False).decode
_PLAIN = re.compile(r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?![\w.+-])")


class JsonSyntax:
    """JSON's syntax."""

    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of a text.

        Raises:
            CatalogError: the text is no JSON object.
        """
        return ValueTree(name, decoded, _JsonReader(decoded.text, name).read())

    def literal(self, tree: ValueTree, node: ValueNode, text: str) -> str:
        """Return a text as a JSON string; other characters as escapes if the file has no other."""
        return json_string(text, tree.has_escapes)

    def added(
        self,
        tree: ValueTree,
        source: ValueTree,
        parent: ValueNode,
        after: ValueNode | None,
        values: Sequence[AddedValue],
    ) -> list[Replacement]:
        """Return what adds members to an object, on lines of their own if the file has lines."""
        gap, closing = _gaps(tree.text, parent)
        members = [self._member(tree, source, parent, value, gap) for value in values]
        if after is not None:
            return [Replacement(after.end, after.end, "".join(f",{gap}{member}" for member in members))]
        if parent.children:
            place = parent.children[0].begin
            return [Replacement(place, place, "".join(f"{member},{gap}" for member in members))]
        inside = tree.text[parent.start + 1 : parent.end - 1].rstrip()  # a remark, perhaps
        added = f",{gap}".join(members)
        return [Replacement(parent.start + 1, parent.end - 1, f"{inside}{gap}{added}{closing}")]

    def removed(self, tree: ValueTree, parent: ValueNode, children: Sequence[ValueNode]) -> list[Replacement]:
        """Return what takes members away, each with one comma."""
        return removed_members(parent, children)

    def noted(self, tree: ValueTree, node: ValueNode, note: str) -> list[Replacement]:
        """Return nothing: JSON has no remarks."""
        return []

    def _member(
        self, tree: ValueTree, source: ValueTree, parent: ValueNode, value: AddedValue, gap: str
    ) -> str:
        key = json_string(value.key, tree.has_escapes)
        return f"{key}{_colon(tree)}{self._value(tree, source, value, gap)}"

    def _value(self, tree: ValueTree, source: ValueTree, value: AddedValue, gap: str) -> str:
        if isinstance(value.value, str):
            return self.literal(tree, value.model, value.value)
        if value.value is None:
            return source.text[value.model.start : value.model.end]
        inner = gap + indent_unit(tree.text) if "\n" in gap or "\r" in gap else gap
        if value.model.style == "list":
            items = [self._value(tree, source, item, inner) for item in value.value]
            return f"[{inner}{f',{inner}'.join(items)}{gap if inner != gap else ''}]"
        members = [self._member(tree, source, value.model, member, inner) for member in value.value]
        return f"{{{inner}{f',{inner}'.join(members)}{gap}}}"


def removed_members(parent: ValueNode, children: Sequence[ValueNode]) -> list[Replacement]:
    """Return what takes members away from an object in braces, each with one comma."""
    siblings = parent.children or []
    places = sorted(siblings.index(child) for child in children)
    cuts = []
    for _, run in groupby(enumerate(places), lambda pair: pair[1] - pair[0]):
        indexes = list(map(itemgetter(1), run))
        first, last = siblings[indexes[0]], siblings[indexes[-1]]
        if indexes[0] > 0:
            cuts.append(Replacement(siblings[indexes[0] - 1].end, last.end, ""))
        elif indexes[-1] + 1 < len(siblings):
            cuts.append(Replacement(first.begin, siblings[indexes[-1] + 1].begin, ""))
        else:
            cuts.append(Replacement(first.begin, last.end, ""))
    return cuts


def json_string(text: str, ascii_only: bool = False) -> str:
    """Return a text as a JSON string; a lone surrogate, which no file can hold, becomes an escape."""
    literal = json.dumps(text, ensure_ascii=ascii_only)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", literal)


def indent_unit(text: str) -> str:
    """Return the blanks by which a JSON text indents one level more: those of its first indented line."""
    match = re.search(r"[\r\n]([ \t]+)\S", text)
    return match[1] if match else "  "


def _colon(tree: ValueTree) -> str:
    """Return a colon with the blanks that the file has around it."""
    for node in tree.nodes.values():
        if node.style != "item" and (
            match := re.search(r"\"([ \t]*:[ \t]*)\Z", tree.text[node.begin : node.start])
        ):
            return match[1]
    return ": "


def _gaps(text: str, parent: ValueNode) -> tuple[str, str]:
    """Return what stands before each member of an object, and before its closing bracket."""
    children = parent.children or []
    if children:
        before = text[parent.start + 1 : children[0].begin]
        newline = re.search(r"(\r\n|\n|\r)([ \t]*)\Z", before)
        if newline or len(children) == 1:
            return (newline[0], "") if newline else (before if before.isspace() else " ", "")
        between = text[children[0].end : children[1].begin].partition(",")[2]
        return between if between.isspace() or not between else " ", ""
    match = re.search(r"\r\n|\n|\r", text)
    if not match:
        return "", ""
    line = text[parent.begin - column_of(text, parent.begin) : parent.begin]
    indent = line[: len(line) - len(line.lstrip())]
    return f"{match[0]}{indent}{indent_unit(text)}", f"{match[0]}{indent}"


class _JsonReader(TextScanner):
    """A JSON text and the position in it. Open objects are on a list, so that depth costs no calls."""

    def read(self) -> ValueNode:
        """Return the root, an object."""
        self._skip()
        root = self._value("", self._position, 1)
        if root.style != "object":
            raise self._error("a catalog is a JSON object, `{ ... }`; correct it")
        open_nodes = [root]
        while open_nodes:
            node = open_nodes[-1]
            if len(open_nodes) > DEEPEST:
                raise self._error(f"is nested too deeply; use at most {DEEPEST} levels")
            child = self._child(node)
            if child is None:
                node.end = self._position
                open_nodes.pop()
            elif child.children is not None:
                open_nodes.append(child)
        self._skip()
        if self._position < len(self._text):
            raise self._error("there is more after the end of the object; remove it or correct the brackets")
        return root

    def _child(self, node: ValueNode) -> ValueNode | None:
        """Read the next value of an object or list; None at its end."""
        assert node.children is not None
        closing = "}" if node.style == "object" else "]"
        self._skip()
        if node.children:
            if self._take(closing):
                return None
            if not self._take(","):
                raise self._error(f"a comma or `{closing}` is expected before {self._rest()}; add it")
            self._skip()
        elif self._take(closing):
            return None
        begin, line = self._position, self._line_now()
        key = str(len(node.children))
        if node.style == "object":
            key = self._string("a key in quotes")
            self._skip()
            if not self._take(":"):
                raise self._error(f"a colon is expected after the key {key!r}; add it")
            self._skip()
        child = self._value(key, begin, line)
        node.children.append(child)
        return child

    def _value(self, key: str, begin: int, line: int) -> ValueNode:
        start = self._position
        node = ValueNode(key, begin, start, start, line)
        if self._text.startswith('"', start):
            node.text, node.style = self._string("a text"), "string"
        elif self._take("{"):
            node.children, node.style = [], "object"
        elif self._take("["):
            node.children, node.style = [], "list"
        elif match := _PLAIN.match(self._text, start):
            node.style, self._position = "plain", match.end()
        else:
            raise self._error(f"a value is expected before {self._rest()}; correct it, or remove the comma")
        node.end = self._position
        return node

    def _string(self, what: str) -> str:
        match = _STRING.match(self._text, self._position)
        if match:
            self._position = match.end()
            return match[0][1:-1] if "\\" not in match[0] else str(_DECODE(match[0]))
        if not self._text.startswith('"', self._position):
            raise self._error(f"{what} is expected before {self._rest()}; correct it, or remove the comma")
        raise self._error("the text is not closed on its line or has a wrong escape; correct it")

    def _skip(self) -> None:
        match = _BLANKS.match(self._text, self._position)
        self._position = match.end() if match else self._position
