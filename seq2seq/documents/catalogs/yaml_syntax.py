"""YAML, read with the place of every value; quotes, order, remarks and anchors stay as they are written.

A value keeps its style (plain, quoted, block) where it can; a plain one is quoted if YAML would read the new
text as something else, in version 1.1 (Ruby's) or 1.2. Values with tags and aliases are no texts.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from seq2seq.documents.catalogs.entry import CatalogError, Replacement
from seq2seq.documents.catalogs.json_syntax import removed_members
from seq2seq.documents.catalogs.nodes import DEEPEST, AddedValue, ValueNode, ValueTree, column_of
from seq2seq.documents.catalogs.yaml_scalars import is_null, is_text_plain, key_scalar, scalar
from seq2seq.documents.encoding import Decoded

_STYLES = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
_ANCHOR = re.compile(r"&\S+\s+")
_LINE_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")
_REMARK = re.compile(r"[ \t]*#")
_IN_FLOW = " in flow"  # behind the style of a scalar in braces or brackets


class YamlSyntax:
    """YAML's syntax.

    Args:
        is_ruby: whether `yes`, `no`, `on` and `off` are booleans, as for Ruby.
    """

    def __init__(self, is_ruby: bool) -> None:
        self._is_ruby = is_ruby

    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of the first document of a text.

        Raises:
            CatalogError: the text is no YAML, or no mapping of keys to values.
        """
        return ValueTree(name, decoded, _YamlReader(decoded.text, name, self._is_ruby).read())

    def literal(self, tree: ValueTree, node: ValueNode, text: str) -> str:
        """Return a text as a scalar in the style of one of the tree's."""
        indent = " " * (column_of(tree.text, node.begin) + 2)
        style = node.style.removesuffix(_IN_FLOW)
        written = scalar(text, style, indent, tree.line_end, style != node.style)
        is_next_to_sign = node.start == node.end and tree.text[node.start - 1 : node.start] in (":", "-")
        return f" {written}" if is_next_to_sign else written

    def added(
        self,
        tree: ValueTree,
        source: ValueTree,
        parent: ValueNode,
        after: ValueNode | None,
        values: Sequence[AddedValue],
    ) -> list[Replacement]:
        """Return what adds members to a mapping, on lines of their own unless it is in braces."""
        children = parent.children or []
        if parent.style == "flow":
            members = [f"{key_scalar(value.key)}: {_flow(source, value)}" for value in values]
            if after is not None:
                return [Replacement(after.end, after.end, "".join(f", {member}" for member in members))]
            place = children[0].begin if children else parent.start + 1
            return [Replacement(place, place, ", ".join(members) + (", " if children else ""))]
        text = tree.text
        column = column_of(text, children[0].begin) if children else column_of(text, parent.begin) + 2
        column = column if children or parent is not tree.root or parent.key else 0
        lines = "".join(line for value in values for line in _lines(source, value, " " * column))
        if after is not None:
            place = _line_after(text, after)
        else:
            place = _with_remarks(text, children[0].begin) if children else _line_after(text, parent)
        lines = lines.replace("\n", tree.line_end)
        is_open = place > 0 and text[place - 1] not in "\r\n"
        return [Replacement(place, place, f"{tree.line_end}{lines}" if is_open else lines)]

    def removed(self, tree: ValueTree, parent: ValueNode, children: Sequence[ValueNode]) -> list[Replacement]:
        """Return what takes members away with their lines; remarks above the first stay."""
        if parent.style == "flow":
            return removed_members(parent, children)
        cuts = []
        for child in children:
            begin = child.begin - column_of(tree.text, child.begin)
            if parent.children and parent.children[0] is not child:
                begin = _with_remarks(tree.text, child.begin)
            cuts.append(Replacement(begin, _line_after(tree.text, child), ""))
        return cuts

    def noted(self, tree: ValueTree, node: ValueNode, note: str) -> list[Replacement]:
        """Return what writes a remark above a value, if that begins its line."""
        column = column_of(tree.text, node.begin)
        if tree.text[node.begin - column : node.begin].strip():
            return []
        return [Replacement(node.begin, node.begin, f"# {note}{tree.line_end}{' ' * column}")]


def _line_after(text: str, node: ValueNode) -> int:
    """Return the beginning of the line behind a value."""
    match = _LINE_REST.match(text, node.end)
    return match.end() if match else node.end


def _with_remarks(text: str, position: int) -> int:
    """Return the beginning of the remarks right above the line of a position."""
    begin = position - column_of(text, position)
    while begin > 0:
        above = begin - (2 if text[begin - 2 : begin] == "\r\n" else 1)
        above -= column_of(text, above)
        if not _REMARK.match(text, above):
            break
        begin = above
    return begin


def _lines(source: ValueTree, value: AddedValue, indent: str) -> Iterator[str]:
    """Yield the lines of a member that is added to a block."""
    if value.note:
        yield f"{indent}# {value.note}\n"
    key = f"{indent}{key_scalar(value.key)}:"
    if not isinstance(value.value, list):
        yield f"{key} {_scalar(source, value, indent + '  ', False)}\n"
    elif value.model.style == "list":
        yield f"{key}\n"
        for item in value.value:
            yield f"{indent}- {_flow(source, item)}\n"
    else:
        yield f"{key}\n"
        for member in value.value:
            yield from _lines(source, member, indent + "  ")


def _flow(source: ValueTree, value: AddedValue) -> str:
    """Return a value on one line."""
    if not isinstance(value.value, list):
        return _scalar(source, value, "", True)
    if value.model.style == "list":
        return f"[{', '.join(_flow(source, item) for item in value.value)}]"
    return "{" + ", ".join(f"{key_scalar(each.key)}: {_flow(source, each)}" for each in value.value) + "}"


def _scalar(source: ValueTree, value: AddedValue, indent: str, in_flow: bool) -> str:
    text = value.model.text if value.value is None else str(value.value)
    if not text:
        return source.text[value.model.start : value.model.end] or "~"
    style = value.model.style.removesuffix(_IN_FLOW)
    if in_flow and style in ("literal", "folded"):
        style = "double"
    return scalar(text, style, indent, "\n", in_flow)


class _YamlReader:
    """The events of a text, and the mappings and lists that are open."""

    def __init__(self, text: str, name: str, is_ruby: bool) -> None:
        self._text = text
        self._name = name
        self._is_ruby = is_ruby
        self._open: list[ValueNode] = []
        self._key: tuple[str, Any] | None = None  # the key that waits for its value, and its mark
        self._flows = 0

    def read(self) -> ValueNode:
        """Return the root, a mapping; an empty one if there is nothing."""
        import yaml

        root = None
        try:
            for event in yaml.parse(self._text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                if isinstance(event, yaml.DocumentEndEvent):
                    break
                node = self._event(event)
                if root is None and node is not None:
                    root = node
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else None
            raise CatalogError(
                self._name, f"is not valid YAML ({error.problem}); correct it", line
            ) from error
        except yaml.YAMLError as error:
            reason = str(error).splitlines()[0]
            raise CatalogError(self._name, f"is not valid YAML ({reason}); correct it") from error
        if root is None or root.text == "":
            return ValueNode("", 0, 0, len(self._text), children=[], style="object")
        if root.style not in ("object", "flow"):
            raise CatalogError(self._name, "a catalog is a mapping of keys to values; correct it", root.line)
        return root

    def _event(self, event: Any) -> ValueNode | None:
        """Take an event; return the value that it begins, None for a key or an end."""
        match type(event).__name__:
            case "ScalarEvent" if self._awaits_key():
                self._key = (event.value, event.start_mark)
                return None
            case "ScalarEvent" | "AliasEvent":
                return self._node(event)
            case "MappingStartEvent" | "SequenceStartEvent":
                if self._awaits_key():
                    line = event.start_mark.line + 1
                    raise CatalogError(self._name, "a key is no text; write keys as texts", line)
                return self._begin(event)
            case "MappingEndEvent" | "SequenceEndEvent":
                self._end(event)
        return None

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].style != "list" and self._key is None

    def _node(self, event: Any) -> ValueNode:
        """Return the node of a value, added to what is open."""
        start, end = event.start_mark.index, event.end_mark.index
        key, mark = self._key or ("", event.start_mark)
        if self._open and self._open[-1].style == "list":
            key = str(len(self._open[-1].children or []))
        self._key = None
        node = ValueNode(key, mark.index, start, end, mark.line + 1)
        if self._open:
            children = self._open[-1].children
            assert children is not None
            children.append(node)
        if type(event).__name__ == "ScalarEvent":
            self._set_text(node, event)
        elif type(event).__name__ == "AliasEvent":
            node.style = "alias"
        return node

    def _set_text(self, node: ValueNode, event: Any) -> None:
        anchor = _ANCHOR.match(self._text, node.start, node.end) if event.anchor else None
        node.start = anchor.end() if anchor else node.start
        raw = self._text[node.start : node.end]
        style = _STYLES.get(event.style or "", "plain")
        node.style = style + (_IN_FLOW if self._flows else "")
        if style in ("literal", "folded"):
            is_kept = "+" in raw.splitlines()[0]
            cut = raw.removesuffix("\n").removesuffix("\r") if is_kept else raw.rstrip()
            node.end = node.start + len(cut)
        if event.tag or (style == "plain" and event.anchor and not raw):
            return
        if style != "plain" or is_text_plain(event.value, self._is_ruby):
            node.text = "" if style == "plain" and is_null(event.value) else event.value

    def _begin(self, event: Any) -> ValueNode:
        if len(self._open) >= DEEPEST:
            line = event.start_mark.line + 1
            raise CatalogError(self._name, f"is nested too deeply; use at most {DEEPEST} levels", line)
        node = self._node(event)
        node.children = []
        is_mapping = type(event).__name__ == "MappingStartEvent"
        node.style = ("flow" if event.flow_style else "object") if is_mapping else "list"
        self._flows += bool(event.flow_style)
        self._open.append(node)
        return node

    def _end(self, event: Any) -> None:
        node = self._open.pop()
        assert node.children is not None
        is_flow = self._text[event.start_mark.index : event.end_mark.index] in ("}", "]")
        self._flows -= is_flow
        node.end = event.end_mark.index if is_flow else node.children[-1].end if node.children else node.start
