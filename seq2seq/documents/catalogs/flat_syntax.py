"""Files of entries one below the other (.properties, .strings, Fluent), copied and removed as blocks.

A block is an entry with its line ends and the remarks right above it. One that is added is that of the
source's file with another value, at its place among the others.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from seq2seq.documents.catalogs.entry import Replacement, edited
from seq2seq.documents.catalogs.nodes import AddedValue, ValueNode, ValueTree, column_of
from seq2seq.documents.encoding import Decoded

_LINE_END = re.compile(r"\r\n|\n|\r")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_REMARK = re.compile(r"/\*(?:[^*]|\*(?!/))*+\*/")


class FlatSyntax(ABC):
    """The syntax of a file without nesting.

    Attributes:
        remark: a remark, to be formatted with its text.
        rest: what may stand behind an entry on its line.
    """

    remark = "# {}"
    rest = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)")

    @abstractmethod
    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of a text; raise a CatalogError with the line if it cannot be read."""

    @abstractmethod
    def literal(self, tree: ValueTree, node: ValueNode, text: str) -> str:
        """Return a text as a value of `tree`, written in the style of one of its nodes."""

    def added(
        self,
        tree: ValueTree,
        source: ValueTree,
        parent: ValueNode,
        after: ValueNode | None,
        values: Sequence[AddedValue],
    ) -> list[Replacement]:
        """Return what adds entries behind another, or before the first."""
        children = parent.children or []
        blocks = [self._block(tree, source, value) for value in values]
        first = children[0].block[0] if children else len(tree.text)
        place = first if after is None else after.block[1]
        if place and not _LINE_END.match(tree.text, place - 1):
            blocks[0] = tree.line_end + blocks[0]
        return [Replacement(place, place, "".join(blocks))]

    def removed(self, tree: ValueTree, parent: ValueNode, children: Sequence[ValueNode]) -> list[Replacement]:
        """Return what takes entries away; remarks above the first may be those of the file and stay."""
        assert parent.children
        first = parent.children[0]
        return [
            Replacement(child.begin if child is first else child.block[0], child.block[1], "")
            for child in children
        ]

    def noted(self, tree: ValueTree, node: ValueNode, note: str) -> list[Replacement]:
        """Return what writes a remark above an entry."""
        return [Replacement(node.begin, node.begin, self.note_line(tree, note) + _indent(tree, node))]

    def note_line(self, tree: ValueTree, note: str) -> str:
        """Return a remark as a line."""
        return self.remark.format(note) + tree.line_end

    def changes(self, tree: ValueTree, source: ValueTree, value: AddedValue) -> Iterator[Replacement]:
        """Yield what makes the source's block that of an added entry, by places in the source."""
        if value.note:
            note = self.note_line(tree, value.note) + _indent(source, value.model)
            yield Replacement(value.model.begin, value.model.begin, note)
        if isinstance(value.value, str):
            yield Replacement(
                value.model.start, value.model.end, self.literal(tree, value.model, value.value)
            )
        elif value.value:
            for each in value.value:
                yield from self.changes(tree, source, each)

    def _block(self, tree: ValueTree, source: ValueTree, value: AddedValue) -> str:
        begin, end = value.model.block
        changes = [
            Replacement(change.start - begin, change.end - begin, change.new)
            for change in self.changes(tree, source, value)
        ]
        block = edited(source.text[begin:end], changes)
        block = _LINE_END.sub(lambda _: tree.line_end, block)
        return block if _LINE_END.search(block[-1:]) else block + tree.line_end


def _indent(tree: ValueTree, node: ValueNode) -> str:
    """Return the blanks before an entry; none if something else stands before it on its line."""
    before = tree.text[node.begin - column_of(tree.text, node.begin) : node.begin]
    return "" if before.strip() else before


def set_blocks(text: str, nodes: Sequence[ValueNode], ends: Sequence[int], rest: re.Pattern[str]) -> None:
    """Set the blocks of entries: remarks right above, the blank line before them, and the rest of the line.

    Args:
        text: the file's text; between entries it has blanks and remarks alone.
        nodes: its entries, in order.
        ends: the end of each entry, its closing sign included.
        rest: what may stand behind an entry on its line.
    """
    before = 0
    for node, end in zip(nodes, ends, strict=True):
        lines = _LINE.findall(_REMARK.sub(lambda match: "x" * len(match[0]), text[before : node.begin]))
        count = len(lines)
        if lines and not _LINE_END.search(lines[-1]):  # the blanks before the entry on its line
            count -= 1
        while count and lines[count - 1].strip():
            count -= 1
        if before and count:
            count -= 1
        match = rest.match(text, end)
        stop = match.end() if match else end
        node.block = (before + sum(map(len, lines[:count])), stop)
        before = stop
