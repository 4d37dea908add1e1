"""Catalogs of keys and values in one language: a translation is a copy of the source's file, or its own.

Without an existing file every text of the source is to be filled, and the written file is the source's with
its values replaced. Texts that are not filled are left out of it, since programs then take them from the
source language, and the next run finds them missing. An existing file keeps what it has; texts that it lacks
are added where the source has them. A message of several texts (branches of a choice) is written once all of
them are filled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from seq2seq.documents.catalogs.additions import Additions
from seq2seq.documents.catalogs.choices import Choice, Keys, Pattern, adapt, has_choice, leaf_texts, spread
from seq2seq.documents.catalogs.entry import Catalog, CatalogEntry, CatalogError, Replacement, edited
from seq2seq.documents.catalogs.icu import CHOICE, quote_icu, read_icu, rekey_icu
from seq2seq.documents.catalogs.messages import CatalogMessage, ChoiceMessage, TextMessage
from seq2seq.documents.catalogs.nodes import Path, Syntax, ValueNode, ValueTree, is_translatable


def read_pair(
    read: Callable[[bytes], ValueTree], data: bytes, existing: bytes | None
) -> tuple[ValueTree, ValueTree | None]:
    """Read the file of the source language and that of the target language, if that has anything in it."""
    source = read(data)
    return source, read(existing) if existing and existing.strip() else None


class ValueCatalog(Catalog):
    """A catalog of keys and values, made from the file of the source language.

    Args:
        source: the source language's file.
        existing: the target language's file, None if there is none yet.
        source_language: the code that the source's file declares.
        target_language: the code of the target language.
    """

    syntax: ClassVar[Syntax]

    def __init__(
        self,
        source: ValueTree,
        existing: ValueTree | None,
        source_language: str | None,
        target_language: str | None,
    ) -> None:
        super().__init__(source.name, [], source_language, target_language)
        self.source = source
        self.document = existing or source
        self.is_new = existing is None
        self._messages = [message for message in self.messages() if self._fits(message)]
        self._owners = {entry: message for message in self._messages for entry in message.entries}
        self.entries = list(self._owners)

    def messages(self) -> Iterator[CatalogMessage]:
        """Yield the messages of the source, in order."""
        for path, node in self.source.nodes.items():
            if self.is_text(path, node):
                yield self.message(path, node)

    def is_text(self, path: Path, node: ValueNode) -> bool:
        """Return whether a value is to be translated."""
        return is_translatable(node.text)

    def message(self, path: Path, node: ValueNode) -> CatalogMessage:
        """Return the message of a value: its text, or the texts of its choices."""
        (target,) = self.target_texts([path])
        pattern = self._pattern(node)
        if pattern is None:
            return TextMessage(self, path, node, target)
        template, variants = adapt(pattern, self.target_language, self.rekey)
        existing = self._pattern(self.document.nodes[path]) if target else None
        return ChoiceMessage(self, path, node, template, variants, existing)

    def target_texts(self, paths: Sequence[Path]) -> list[str]:
        """Return the texts that the existing file has, "" for those it lacks."""
        nodes = {} if self.is_new else self.document.nodes
        return [nodes[path].text or "" if path in nodes else "" for path in paths]

    def _pattern(self, node: ValueNode) -> Pattern | None:
        """Return the spread pattern of a value with choices, None for a text or what cannot be read."""
        try:
            pattern = self.read_pattern(node)
            return spread(pattern, self.quote) if pattern and has_choice(pattern) else None
        except ValueError:
            return None

    def branch_texts(self, value: str) -> dict[Keys, str]:
        """Return the texts of a value's branches by their keys; of a plain text under no key."""
        pattern = self._pattern(ValueNode("", 0, 0, 0, text=value))
        return dict(leaf_texts(pattern or [value]))

    # What the formats differ in.

    def read_pattern(self, node: ValueNode) -> Pattern | None:
        """Return the texts and choices of a value; by default ICU's, wherever a value has such a choice."""
        return read_icu(node.text) if node.text and CHOICE.search(node.text) else None

    def quote(self, text: str, choice: Choice) -> str:
        """Return a text as it is written inside a choice."""
        return quote_icu(text, choice)

    def rekey(self, lead: str, old: str, new: str) -> str:
        """Return what is written before a branch, for another plural category."""
        return rekey_icu(lead, old, new)

    def unescape(self, text: str, in_branch: bool) -> str:
        """Return the text of a value as an entry shows it."""
        return text

    def escape(self, text: str, source: str, in_branch: bool) -> str:
        """Return a translation as a value; `source` is the value of the source."""
        return text

    def check_value(self, value: str) -> None:
        """Raise a ValueError if a value is none that the format's readers understand."""

    def flags_of(self, text: str) -> frozenset[str]:
        """Return gettext's names of the placeholders' format."""
        return frozenset()

    def is_whole(self, path: Path, node: ValueNode) -> bool:
        """Return whether the values inside a value are added together, those that are no text, too."""
        return node.style == "list"

    def extent(self, path: Path) -> list[Path]:
        """Return what is left out of a new file together with a text that is not filled."""
        return [path]

    def language_edits(self) -> list[Replacement]:
        """Return what writes the target language into the file, where the format declares it."""
        return []

    # Filling and writing.

    def _check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a CatalogError if a translation breaks the syntax of its message."""
        super()._check(entry, targets)
        try:
            self._owners[entry].check(entry, targets)
        except ValueError as error:
            sentence = f"the translation of {entry.key!r} cannot be written ({error}): {list(targets)!r}"
            raise CatalogError(self.name, sentence, entry.line) from error

    def to_bytes(self) -> bytes:
        """Return the file of the target language; the one that was read if nothing was filled."""
        document = self.document
        replacements = self.language_edits() if self._fillings else []
        added: dict[Path, str] = {}
        notes: dict[Path, str] = {}
        removed: set[Path] = set()
        for message in self._messages:
            values = message.values() if any(each in self._fillings for each in message.entries) else {}
            if values and (note := self._note(message)):
                notes[next(iter(values))] = note
            for path, value in values.items():
                node = document.nodes.get(path)
                if node is None:
                    added[path] = value
                elif value != node.text:
                    literal = self.syntax.literal(document, node, value)
                    replacements.append(Replacement(node.start, node.end, literal))
            if self._fillings and self.is_new:
                removed |= {
                    each
                    for path in message.source_paths()
                    if path not in values
                    for each in self.extent(path)
                }
        removed = self._whole_removals(removed)
        additions = Additions(self.syntax, document, self.source, self._messages, self.is_whole, removed)
        replacements += self._removals(removed)
        replacements += additions.replacements(added, notes)
        for path, note in notes.items():
            if node := document.nodes.get(path):
                replacements += self.syntax.noted(document, node, note)
        return document.decoded.encode(edited(document.text, replacements))

    def _fits(self, message: CatalogMessage) -> bool:
        """Return whether a message's places in the document are texts, or can be added."""
        nodes = self.document.nodes
        for path in message.paths():
            if path in nodes:
                if nodes[path].text is None:
                    return False
                continue
            parent = next(nodes[path[:n]] for n in range(len(path) - 1, -1, -1) if path[:n] in nodes)
            if parent.children is None or parent.style == "list":
                return False
        return True

    def _note(self, message: CatalogMessage) -> str:
        notes = (self._fillings[entry].note for entry in message.entries if entry in self._fillings)
        return "; ".join(dict.fromkeys(" ".join(note.split()) for note in notes if note))

    def _whole_removals(self, paths: set[Path]) -> set[Path]:
        """Return the paths to remove: a value whose children all go goes itself; of a list nothing goes."""
        nodes = self.document.nodes
        below = _children(nodes)
        removed = {path for path in paths if path in nodes}
        for path in sorted(below, key=len, reverse=True):
            if path and all(child in removed for child in below[path]):
                removed.add(path)

        def is_inside(path: Path) -> bool:
            above = [path[:length] for length in range(1, len(path))]
            return any(each in removed or nodes[each].style == "list" for each in above)

        return {path for path in removed if not is_inside(path)}

    def _removals(self, paths: set[Path]) -> list[Replacement]:
        nodes = self.document.nodes
        groups: dict[Path, list[ValueNode]] = {}
        for path in paths:
            groups.setdefault(path[:-1], []).append(nodes[path])
        return [
            cut
            for path, group in groups.items()
            for cut in self.syntax.removed(self.document, nodes[path], group)
        ]


def _children(nodes: Mapping[Path, ValueNode]) -> dict[Path, list[Path]]:
    children: dict[Path, list[Path]] = {}
    for path in nodes:
        if path:
            children.setdefault(path[:-1], []).append(path)
    return children
