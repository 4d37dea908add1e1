"""Values that a translation's file lacks, added where the source has them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from seq2seq.documents.catalogs.entry import Replacement
from seq2seq.documents.catalogs.messages import CatalogMessage
from seq2seq.documents.catalogs.nodes import AddedValue, Path, Syntax, ValueNode, ValueTree


class Additions:
    """Places of values that are added to a file, by the order of the source.

    Args:
        syntax: the format's syntax.
        document: the file that is written.
        source: the file of the source language.
        messages: all messages of the source.
        is_whole: whether the values below a path are added together, those that are no text, too.
        removed: paths that are taken out of the document.
    """

    def __init__(
        self,
        syntax: Syntax,
        document: ValueTree,
        source: ValueTree,
        messages: Sequence[CatalogMessage],
        is_whole: Callable[[Path, ValueNode], bool],
        removed: Iterable[Path],
    ) -> None:
        self._syntax = syntax
        self._document = document
        self._source = source
        self._is_whole = is_whole
        self._removed = frozenset(removed)
        self._models = {path: node for each in messages for path, node in each.models().items()}
        self._siblings = _siblings(source, messages)

    def replacements(self, texts: Mapping[Path, str], notes: Mapping[Path, str]) -> list[Replacement]:
        """Return what adds texts, each behind what stands before it in the source."""
        if not texts:
            return []
        needed = _prefixes(texts)
        replacements = []
        # The deepest first: what is added at the end of a mapping comes before what is added behind it.
        for parent in sorted(needed & self._document.nodes.keys(), key=len, reverse=True):
            for after, paths in self._groups(parent, needed):
                values = [self._value(path, texts, notes, needed, False) for path in paths]
                if added := [value for value in values if value is not None]:
                    node = self._document.nodes[parent]
                    replacements += self._syntax.added(self._document, self._source, node, after, added)
        return replacements

    def _groups(self, parent: Path, needed: set[Path]) -> list[tuple[ValueNode | None, list[Path]]]:
        """Return the missing paths below a parent, by the child of the document behind which they belong."""
        groups: list[tuple[ValueNode | None, list[Path]]] = [(None, [])]
        for path in self._siblings.get(parent, []):
            node = self._document.nodes.get(path)
            if node and path not in self._removed:
                groups.append((node, []))
            elif node is None and path in needed:
                groups[-1][1].append(path)
        return [group for group in groups if group[1]]

    def _value(
        self, path: Path, texts: Mapping[Path, str], notes: Mapping[Path, str], needed: set[Path], whole: bool
    ) -> AddedValue | None:
        """Return a value to add; None for one of several texts that are not all there yet."""
        key = path[-1].partition("\0")[0]
        if path in texts:
            return AddedValue(key, self._models[path], texts[path], notes.get(path))
        if path in self._models:
            return None
        node = self._source.nodes[path]
        if node.style == "alias":  # what it stands for may not be in the other file
            return None
        if not node.children:
            return AddedValue(key, node, None, None)
        whole = whole or self._is_whole(path, node)
        paths = [each for each in self._siblings.get(path, []) if whole or each in needed]
        values = [self._value(each, texts, notes, needed, whole) for each in paths]
        within = [value for value in values if value is not None]
        if not within or (whole and len(within) < len(values)):
            return None
        return AddedValue(key, node, within, None)


def _prefixes(paths: Iterable[Path]) -> set[Path]:
    return {path[:length] for path in paths for length in range(len(path) + 1)}


def _siblings(source: ValueTree, messages: Sequence[CatalogMessage]) -> dict[Path, list[Path]]:
    """Return the paths below each path in the order of the source, with the target's plural forms."""
    owners = {path: message for message in messages for path in message.source_paths()}
    siblings: dict[Path, list[Path]] = {}
    done: set[CatalogMessage] = set()
    for path in source.nodes:
        message = owners.get(path)
        paths = [path] if message is None else [] if message in done else message.paths()
        if message:
            done.add(message)
        for each in paths:
            if each:
                siblings.setdefault(each[:-1], []).append(each)
    return siblings
