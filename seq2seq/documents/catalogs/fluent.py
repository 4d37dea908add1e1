"""Mozilla's Fluent, .ftl: values and attributes of messages and terms; the branches of selectors are texts.

    files = { $count ->
        [one] One file
       *[other] { $count } files
    }
        .title = Files

A message is written once all its texts are filled. Not filled: attributes that name keys and styles
(`.accesskey`, `.style`), and those of terms, which only selectors read.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from seq2seq.documents.catalogs.choices import Choice, ChoiceBranch, Pattern
from seq2seq.documents.catalogs.entry import Catalog, CatalogError, Replacement
from seq2seq.documents.catalogs.flat_syntax import FlatSyntax, set_blocks
from seq2seq.documents.catalogs.messages import CatalogMessage, MessageGroup
from seq2seq.documents.catalogs.nodes import (
    AddedValue,
    Path,
    ValueNode,
    ValueTree,
    decode_catalog,
    is_translatable,
    line_of,
)
from seq2seq.documents.catalogs.plurals import CATEGORIES
from seq2seq.documents.catalogs.value_catalog import ValueCatalog, read_pair
from seq2seq.documents.encoding import Decoded

_KEPT = frozenset({".accesskey", ".key", ".commandkey", ".style", ".keycode", ".width", ".height"})
_EQUALS = re.compile(r"[ \t]*=")
_INDENT = re.compile(r"\n( +)(?=\S)")
_WRAPPING = "    "  # before further lines of a value that is read by itself
_INSIDE = " " * 12  # before further lines of a branch's text
_SPECIAL = re.compile(r"(?<=\n)( *)([\[*.])")  # at the beginning of a line they are syntax
_QUOTED = re.compile(r'\A\{"( +)"\}|\{"( +)"\}\Z|(?:\A|(?<=\n))( *)\{"([\[*.])"\}')


def read_catalog(name: str, data: bytes, target_language: str | None, existing: bytes | None) -> Catalog:
    """Read the .ftl of the source language, and that of the target language if there is one.

    Raises:
        CatalogError: a message cannot be read.
    """
    syntax = FluentSyntax()
    pair = read_pair(lambda each: syntax.read(decode_catalog(each, name), name), data, existing)
    return FluentCatalog(*pair, None, target_language)


class FluentSyntax(FlatSyntax):
    """Fluent's syntax. A message's node holds those of its value, whose key is empty, and its attributes."""

    def read(self, decoded: Decoded, name: str) -> ValueTree:
        """Read the values of a text.

        Raises:
            CatalogError: a message cannot be read.
        """
        from fluent.syntax import ast

        text = decoded.text
        nodes: list[ValueNode] = []
        ends: list[int] = []
        for entry in _parse(text, name).body:
            if isinstance(entry, ast.Junk):
                problem: Any = entry.annotations[0]
                sentence = f"{problem.message.rstrip('.')} ({problem.code}); correct the message"
                raise CatalogError(name, sentence, line_of(text, problem.span.start))
            if isinstance(entry, ast.Message | ast.Term):
                nodes.append(_message_node(text, entry))
                ends.append(nodes[-1].end)
        set_blocks(text, nodes, ends, self.rest)
        return ValueTree(name, decoded, ValueNode("", 0, 0, len(text), children=nodes, style="object"))

    def literal(self, tree: ValueTree, node: ValueNode, text: str) -> str:
        """Return a text as a pattern: on the line of its key, or on lines below it as another pattern is."""
        match = _INDENT.search(node.style.replace("\r", ""))
        indent = match[1] if match else "    "
        is_below = node.style.lstrip(" ")[:1] in ("\r", "\n")
        lines = _laid_out(text, indent, is_below)
        return re.sub(r" +(?=\n)", "", lines).replace("\n", tree.line_end)

    def added(
        self,
        tree: ValueTree,
        source: ValueTree,
        parent: ValueNode,
        after: ValueNode | None,
        values: Sequence[AddedValue],
    ) -> list[Replacement]:
        """Return what adds messages, or a value or attributes to a message."""
        if parent.style != "message":
            return super().added(tree, source, parent, after, values)
        parts = [
            self.literal(tree, value.model, str(value.value))
            if not value.key
            else f"{tree.line_end}    {value.key} ={self.literal(tree, value.model, str(value.value))}"
            for value in values
        ]
        place = after.end if after else parent.start
        return [Replacement(place, place, "".join(parts))]


def _laid_out(text: str, indent: str, is_below: bool) -> str:
    """Return a pattern as it stands behind the equals sign, its text on the same line or below."""
    if "->" in text and text.startswith("{"):  # its lines have their indentation
        return f"\n{indent}{text}" if is_below else f" {text}"
    if not is_below and "\n" not in text:
        return f" {text}"
    return _SPECIAL.sub(r'\1{"\2"}', f"\n{text}").replace("\n", f"\n{indent}")


def _parse(text: str, name: str) -> Any:
    from fluent.syntax import FluentParser

    try:
        return FluentParser(with_spans=True).parse(text)
    except RecursionError as error:
        raise CatalogError(name, "is nested too deeply; use fewer braces inside braces") from error


def _message_node(text: str, entry: Any) -> ValueNode:
    begin = entry.id.span.start - (text[entry.id.span.start - 1 : entry.id.span.start] == "-")
    line = line_of(text, begin)
    comment = entry.comment.content or "" if entry.comment else ""
    parts = [
        ("", entry.id, entry.value),
        *((f".{each.id.name}", each.id, each.value) for each in entry.attributes),
    ]
    children = []
    start = entry.id.span.end
    for key, identifier, pattern in parts:
        equals = _EQUALS.match(text, identifier.span.end)
        after = equals.end() if equals else identifier.span.end
        start = start if key else after
        if pattern is not None:
            raw = text[after : pattern.span.end]
            value = _text(text, pattern)
            children.append(ValueNode(key, begin, after, pattern.span.end, line, value, None, comment, raw))
    key = text[begin : entry.id.span.end]
    return ValueNode(key, begin, start, entry.span.end, line, None, children, comment, "message")


def _text(text: str, pattern: Any) -> str:
    """Return a pattern without its indentation; what is in braces is as it is written."""
    from fluent.syntax import ast

    return "".join(
        element.value
        if isinstance(element, ast.TextElement)
        else text[element.span.start : element.span.end].replace("\r\n", "\n")
        for element in pattern.elements
    )


def read_fluent(value: str) -> Pattern:
    """Return the texts and selectors of a value.

    Raises:
        ValueError: it is no pattern.
    """
    from fluent.syntax import FluentParser, ast

    # Below its key a text keeps its indentation; behind the equals sign no letter is special.
    is_below = "\n" in value and not value.startswith(("{", "[", "*", "."))
    lines = f"\n{value}" if is_below else f" {value}"
    wrapped = "message =" + lines.replace("\n", f"\n{_WRAPPING}") + "\n"
    body: list[Any]
    try:
        body = FluentParser(with_spans=True).parse(wrapped).body
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if len(body) != 1 or not isinstance(body[0], ast.Message) or body[0].attributes or not body[0].value:
        problem = next((each.annotations[0].message for each in body if isinstance(each, ast.Junk)), "")
        raise ValueError(f"no Fluent pattern: {problem}" if problem else "no Fluent pattern")
    return _pattern(wrapped, body[0].value)


def _pattern(text: str, pattern: Any) -> Pattern:
    from fluent.syntax import ast

    parts: Pattern = []
    for element in pattern.elements:
        if isinstance(element, ast.TextElement):
            part: str | Choice = element.value
        elif isinstance(element.expression, ast.SelectExpression):
            part = _choice(text, element)
        else:
            part = _raw(text, element.span.start, element.span.end)
        if parts and isinstance(part, str) and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


def _choice(text: str, placeable: Any) -> Choice:
    variants = placeable.expression.variants
    position = len(text[: variants[0].span.start].rstrip())  # behind the arrow
    head = _raw(text, placeable.span.start, position)
    branches = []
    for variant in variants:
        start, end = variant.value.span.start, variant.value.span.end
        key = getattr(variant.key, "name", None) or variant.key.value
        branches.append(ChoiceBranch(_raw(text, position, start), key, _pattern(text, variant.value), ""))
        position = end
    return Choice(head, _kind(placeable.expression), branches, _raw(text, position, placeable.span.end))


def _raw(text: str, start: int, end: int) -> str:
    """Return a piece of a wrapped value without the wrapping's indentation."""
    return text[start:end].replace(f"\n{_WRAPPING}", "\n")


def _kind(selection: Any) -> Literal["plural", "ordinal", "select"]:
    """Return the kind of a selector by its keys: plural categories beside each other or beside numbers."""
    from fluent.syntax import ast

    names = [key.name for variant in selection.variants if isinstance(key := variant.key, ast.Identifier)]
    is_number = (
        isinstance(selection.selector, ast.FunctionReference) and selection.selector.id.name == "NUMBER"
    )
    if not set(names) <= set(CATEGORIES) or (len(selection.variants) == 1 and not is_number):
        return "select"
    arguments = getattr(getattr(selection.selector, "arguments", None), "named", [])
    is_ordinal = any(each.name.name == "type" and each.value.value == "ordinal" for each in arguments)
    return "ordinal" if is_ordinal else "plural"


class FluentCatalog(ValueCatalog):
    """A .ftl file."""

    syntax = FluentSyntax()

    def messages(self) -> Iterator[CatalogMessage]:
        """Yield the messages of the source, each with its value and attributes."""
        for path, node in self.source.nodes.items():
            if node.style == "message":
                parts = [
                    self.message((*path, child.key), child)
                    for child in node.children or []
                    if self.is_text((*path, child.key), child)
                ]
                yield MessageGroup(parts)

    def is_text(self, path: Path, node: ValueNode) -> bool:
        """Return whether a value is a text, and not a key or a style."""
        is_kept = node.key in _KEPT or (bool(node.key) and path[0].startswith("-"))
        return not is_kept and is_translatable(_without_selectors(node.text))

    def message(self, path: Path, node: ValueNode) -> CatalogMessage:
        """Return the message of a value; its entry has the name of the message and the attribute."""
        message = super().message(path, node)
        name = path[0].partition("\0")[0] + node.key
        for entry in message.entries:
            entry.key = name + (entry.key[entry.key.index("[") :] if "[" in entry.key else "")
        return message

    def is_whole(self, path: Path, node: ValueNode) -> bool:
        """Return True: a message is added with all that it has."""
        return True

    def extent(self, path: Path) -> list[Path]:
        """Return the whole message."""
        return [path[:1]]

    def read_pattern(self, node: ValueNode) -> Pattern | None:
        """Return the texts and selectors of a value."""
        return read_fluent(node.text) if node.text and "->" in node.text else None

    def quote(self, text: str, choice: Choice) -> str:
        """Return a text as it is written inside a selector."""
        return text

    def rekey(self, lead: str, old: str, new: str) -> str:
        """Return what is written before a variant, for another category that is not the default."""
        return re.sub(rf"\*?\[\s*{re.escape(old)}\s*\]", lambda m: f"{' ' * (m[0][0] == '*')}[{new}]", lead)

    def unescape(self, text: str, in_branch: bool) -> str:
        """Return a text without the braces that its blanks and special letters need in a pattern."""
        return _QUOTED.sub(lambda match: match[1] or match[2] or match[3] + match[4], text)

    def escape(self, text: str, source: str, in_branch: bool) -> str:
        """Return a text as a pattern: blanks at its ends and special letters in braces."""
        text = re.sub(r"\A +| +\Z", lambda match: f'{{"{match[0]}"}}', text)
        text = _SPECIAL.sub(r'\1{"\2"}', text)
        return text.replace("\n", f"\n{_INSIDE}") if in_branch else text

    def check_value(self, value: str) -> None:
        """Raise a ValueError if a value is no pattern; without braces it is one."""
        if "{" in value or "}" in value or not value.strip():
            read_fluent(value)


def _without_selectors(text: str | None) -> str | None:
    """Return a value without what stands between a brace and an arrow, which is no language."""
    return None if text is None else re.sub(r"\{[^{}]*->|\[[^\[\]]*\]", "", text)
