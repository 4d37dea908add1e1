"""Values of a file with their keys: what the readers of the monolingual formats have in common.

A reader makes a tree of `ValueNode` with the place of everything in the text, so that a value can be replaced
or added and all else stays as it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from seq2seq.documents.catalogs.entry import CatalogError, Replacement
from seq2seq.documents.encoding import Decoded, decode

DEEPEST = 100  # levels of values inside values; real files have fewer than ten
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]*\}\}|[%$#]?\{[^{}]*\}|%\w+%|\$\w+\$|\$t\([^()]*\)"
    r"|%(?:\d+\$)?[-+ 0#]*[\d*]*(?:\.\d+)?[a-zA-Z@]+"
)
_NO_TEXT = re.compile(
    r"""[a-z][a-z\d+.-]*://\S+ | mailto:\S+ | www\.\S+ | [\w.+-]+@[\w-]+\.[\w.-]+   # addresses
      | \.{0,2}/[\w./-]+ | \#[\da-fA-F]{3,8} | :[a-z_]\w*                           # paths, colours, symbols
      | [A-Za-z\d]+(?:_[A-Za-z\d]+)+ | [\w-]+\.(?:png|jpe?g|gif|svg|html?|js|css|json|xml|pdf)
      | [\da-f]{8}-[\da-f-]{27}""",
    re.VERBOSE,
)

Path = tuple[str, ...]


@dataclass(eq=False)
class ValueNode:
    """A value of a file and its key.

    Attributes:
        key: the key, unescaped; of an item of a list its number.
        begin: where the key begins, in characters of the text.
        start: where the value begins.
        end: where the value ends.
        line: the line of the key, from 1.
        text: the value, unescaped; None for what is no text: numbers, lists, objects.
        children: the values inside; None for a value without any inside, such as a text.
        comment: the remark above.
        style: how the value is written, by the names of its reader.
        block: what is copied with the value into another file: remarks above, key and value, whole lines.
    """

    key: str
    begin: int
    start: int
    end: int
    line: int = 0
    text: str | None = None
    children: "list[ValueNode] | None" = None
    comment: str = ""
    style: str = ""
    block: tuple[int, int] = (0, 0)


class AddedValue(NamedTuple):
    """A value to add to a file: its key, the node it stands for, and its text or the values inside.

    The node is one of the source's file, whose style is followed; a new plural form has that of another form.
    Without text or values inside, the value is that of the source as it is written: a number, say.
    """

    key: str
    model: ValueNode
    value: "str | list[AddedValue] | None"
    note: str | None


@dataclass
class ValueTree:
    """A file that was read: its text, how it was decoded, and its values below one root."""

    name: str
    decoded: Decoded
    root: ValueNode
    nodes: dict[Path, ValueNode] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = dict(_walk(self.root, ()))

    @property
    def text(self) -> str:
        """The text of the file."""
        return self.decoded.text

    @cached_property
    def has_escapes(self) -> bool:
        """Return whether the file has other characters than ASCII's as escapes."""
        return self.text.isascii() and "\\u" in self.text

    @cached_property
    def line_end(self) -> str:
        """Return the line end of the file: that of its first line."""
        match = re.search(r"\r\n|\n|\r", self.text)
        return match[0] if match else "\n"


class Syntax(Protocol):
    """The syntax of a format: texts to values as written, and values that are added or taken away."""

    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of a text; raise a CatalogError with the line if it cannot be read."""

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
        """Return what adds values to `parent`, after one of its children or, with None, as the first."""

    def removed(self, tree: ValueTree, parent: ValueNode, children: Sequence[ValueNode]) -> list[Replacement]:
        """Return what takes children away from `parent`."""

    def noted(self, tree: ValueTree, node: ValueNode, note: str) -> list[Replacement]:
        """Return what writes a remark above a value; nothing where the format has no remarks."""


def decode_catalog(data: bytes, name: str) -> Decoded:
    """Decode a file by its byte order mark, else as UTF-8.

    Raises:
        CatalogError: the bytes are no text.
    """
    try:
        return decode(data, name)
    except ValueError as error:
        raise CatalogError(name, str(error).removeprefix(f"{name!r} ")) from error


def is_translatable(text: str | None) -> bool:
    """Return whether a value is language, and not a number, an address, a path or a placeholder alone."""
    if text is None or _NO_TEXT.fullmatch(text.strip()):
        return False
    return any(character.isalpha() for character in _PLACEHOLDER.sub("", text))


def unique_keys(nodes: Iterable[ValueNode]) -> Iterator[tuple[str, ValueNode]]:
    """Yield nodes by key; a key that was there already gets its number, so that each has its own."""
    counts: dict[str, int] = {}
    for node in nodes:
        count = counts[node.key] = counts.get(node.key, 0) + 1
        yield (node.key if count == 1 else f"{node.key}\0{count}"), node


def line_of(text: str, position: int) -> int:
    """Return the line of a position, from 1."""
    return text.count("\n", 0, position) + 1


def column_of(text: str, position: int) -> int:
    """Return how many characters stand before a position on its line."""
    return position - max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) - 1


def _walk(node: ValueNode, path: Path) -> Iterator[tuple[Path, ValueNode]]:
    """Yield a node and all below, each with its path; the depth is bounded by the readers."""
    yield path, node
    for key, child in unique_keys(node.children or []):
        yield from _walk(child, (*path, key))
