"""JSON catalogs of one language: ARB, WebExtension's messages.json, and i18next's nested keys.

    ARB           {"@@locale": "en", "title": "Files", "@title": {"description": "..."}}
    WebExtension  {"title": {"message": "Files of $USER$", "placeholders": {...}}}
    i18next       {"menu": {"title": "Files", "file_one": "{{count}} file", "file_other": "{{count}} files"}}

A .json file is a WebExtension's if all its values are objects with a `message`, and ARB if it has an
`@@locale`. Messages with ICU's choices are read as such in all of them. i18next's older plurals
(`key_plural`) are texts of their own.
"""

import re
from collections.abc import Iterator

from seq2seq.documents.catalogs.entry import Catalog, Replacement
from seq2seq.documents.catalogs.icu import escape_icu, read_icu, unescape_icu
from seq2seq.documents.catalogs.json_syntax import JsonSyntax, json_string
from seq2seq.documents.catalogs.messages import CatalogMessage, PluralMessage, shown_path
from seq2seq.documents.catalogs.nodes import Path, ValueNode, ValueTree, decode_catalog, is_translatable
from seq2seq.documents.catalogs.plurals import CATEGORIES, ordinal_categories, plural_categories
from seq2seq.documents.catalogs.value_catalog import ValueCatalog, read_pair

_FORM = re.compile(rf"(?P<base>.+)_(?P<category>{'|'.join(CATEGORIES)})(?P<number>\0\d+)?", re.DOTALL)
_ORDINAL = "_ordinal"


def read_catalog(name: str, data: bytes, target_language: str | None, existing: bytes | None) -> Catalog:
    """Read a JSON catalog of one language.

    Raises:
        CatalogError: the bytes are no JSON object.
    """
    syntax = JsonSyntax()
    source, target = read_pair(lambda each: syntax.read(decode_catalog(each, name), name), data, existing)
    declared = _locale(target) if target else None
    return _kind(source)(source, target, _locale(source), target_language or declared)


def _kind(tree: ValueTree) -> type["JsonCatalog"]:
    children = tree.root.children or []
    if tree.name.lower().endswith(".arb") or ("@@locale",) in tree.nodes:
        return ArbCatalog
    if children and all(_is_message(node) for node in children):
        return WebExtensionCatalog
    return I18nextCatalog


def _is_message(node: ValueNode) -> bool:
    return any(child.key == "message" and child.style == "string" for child in node.children or [])


def _locale(tree: ValueTree) -> str | None:
    node = tree.nodes.get(("@@locale",))
    return node.text if node else None


class JsonCatalog(ValueCatalog):
    """A catalog in JSON."""

    syntax = JsonSyntax()


class ArbCatalog(JsonCatalog):
    """An application resource bundle: ICU messages by key, metadata under `@key`."""

    def is_text(self, path: Path, node: ValueNode) -> bool:
        """Return whether a value is a message, and not metadata."""
        return len(path) == 1 and not node.key.startswith("@") and is_translatable(node.text)

    def message(self, path: Path, node: ValueNode) -> CatalogMessage:
        """Return the message of a value; its comment is the description of its metadata."""
        description = self.source.nodes.get((f"@{path[0]}", "description"))
        node.comment = description.text or "" if description else ""
        return super().message(path, node)

    def extent(self, path: Path) -> list[Path]:
        """Return a message and its metadata."""
        return [path, (f"@{path[0]}",)]

    def unescape(self, text: str, in_branch: bool) -> str:
        """Return a text without ICU's doubled apostrophes."""
        return unescape_icu(text)

    def escape(self, text: str, source: str, in_branch: bool) -> str:
        """Return a text whose apostrophes quote nothing."""
        return escape_icu(text, source, in_branch)

    def check_value(self, value: str) -> None:
        """Raise a ValueError if a value is no ICU message."""
        read_icu(value)

    def language_edits(self) -> list[Replacement]:
        """Return what writes the language into `@@locale`."""
        node = self.document.nodes.get(("@@locale",))
        code = (self.target_language or "").replace("-", "_")
        if node is None or not code or (node.text or "").replace("-", "_") == code:
            return []
        return [Replacement(node.start, node.end, json_string(code))]


class WebExtensionCatalog(JsonCatalog):
    """A browser extension's messages; placeholders and descriptions are copied with a message."""

    def is_text(self, path: Path, node: ValueNode) -> bool:
        """Return whether a value is the text of a message."""
        return len(path) == 2 and node.key == "message" and is_translatable(node.text)

    def message(self, path: Path, node: ValueNode) -> CatalogMessage:
        """Return the message of a value, by the name of its object."""
        description = self.source.nodes.get((path[0], "description"))
        node.comment = description.text or "" if description else ""
        message = super().message(path, node)
        for entry in message.entries:
            entry.key = shown_path(path[:1]) + entry.key.removeprefix(shown_path(path))
        return message

    def is_whole(self, path: Path, node: ValueNode) -> bool:
        """Return True: a message is added with its placeholders."""
        return True

    def extent(self, path: Path) -> list[Path]:
        """Return the object of a message."""
        return [path[:1]]


class I18nextCatalog(JsonCatalog):
    """Keys in objects, with plural forms as `key_one`, `key_other` beside each other."""

    def messages(self) -> Iterator[CatalogMessage]:
        """Yield the messages of the source: plurals first where a form of them is met."""
        plurals = self._plurals()
        done: set[Path] = set()
        for path, node in self.source.nodes.items():
            if path in done:
                continue
            if path in plurals:
                base, forms = plurals[path]
                done |= set(forms.values())
                yield self._plural(base, forms)
            elif self.is_text(path, node):
                yield self.message(path, node)

    def _plurals(self) -> dict[Path, tuple[Path, dict[str, Path]]]:
        """Return the plurals by the places of their forms: the place without a category, and the forms.

        A form for zero is a text of its own in languages without that category: it serves the number 0.
        """
        groups: dict[Path, dict[str, Path]] = {}
        for path, node in self.source.nodes.items():
            match = _FORM.fullmatch(path[-1]) if path and node.text is not None else None
            if match:
                base = (*path[:-1], match["base"] + (match["number"] or ""))
                groups.setdefault(base, {})[match["category"]] = path
        plurals: dict[Path, tuple[Path, dict[str, Path]]] = {}
        for base, forms in groups.items():
            if "other" in forms and is_translatable(self.source.nodes[forms["other"]].text):
                if "zero" not in self._categories(base):
                    forms.pop("zero", None)
                plurals |= dict.fromkeys(forms.values(), (base, forms))
        return plurals

    def _categories(self, base: Path) -> tuple[str, ...]:
        is_ordinal = base[-1].partition("\0")[0].endswith(_ORDINAL)
        return (ordinal_categories if is_ordinal else plural_categories)(self.target_language)

    def _plural(self, base: Path, forms: dict[str, Path]) -> CatalogMessage:
        key, zero, number = base[-1].partition("\0")
        targets = {
            category: (*base[:-1], f"{key}_{category}{zero}{number}") for category in self._categories(base)
        }
        nodes = {category: self.source.nodes[path] for category, path in forms.items()}
        is_ordinal = key.endswith(_ORDINAL)
        return PluralMessage(self, shown_path(base), targets, nodes, list(forms.values()), is_ordinal)
