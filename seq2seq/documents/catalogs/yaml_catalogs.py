"""YAML catalogs of one language: Rails' locale files, and Symfony's translations.

    Rails     en: {files: {one: "%{count} file", other: "%{count} files"}}
    Symfony   files: '{count, plural, one {# file} other {# files}}', or 'One file|%count% files'

A file is Rails' if all its outermost keys are codes of languages over mappings; the first of them is the
source's. Symfony's older plurals, parts between bars, are filled as forms of whole numbers.
"""

import re
from collections.abc import Iterator

from babel.localedata import exists

from seq2seq.documents.catalogs.choices import Choice, ChoiceBranch, Keys, Pattern
from seq2seq.documents.catalogs.entry import Catalog, Replacement
from seq2seq.documents.catalogs.icu import CHOICE, escape_icu, read_icu, unescape_icu
from seq2seq.documents.catalogs.messages import CatalogMessage, PluralMessage, shown_path
from seq2seq.documents.catalogs.nodes import Path, ValueNode, ValueTree, decode_catalog, is_translatable
from seq2seq.documents.catalogs.plurals import CATEGORIES, integer_categories, plural_categories
from seq2seq.documents.catalogs.value_catalog import ValueCatalog, read_pair
from seq2seq.documents.catalogs.yaml_scalars import key_scalar
from seq2seq.documents.catalogs.yaml_syntax import YamlSyntax

_CODE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z\d]{2,8})*")
_KEY = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s:]+")
_INTERVAL = re.compile(
    r"\s*(?:\{[-\d\s,.]+\}|[\[\]]\s*(?:-?\s*Inf|[-\d.]+)\s*,\s*(?:\+?\s*Inf|[-\d.]+)\s*[\[\]])\s*"
)
_COUNT = re.compile(r"%count%|\{\{\s*count\s*\}\}|%(?:limit|number|num|n)%")
_FORMATTED = re.compile(r"(?:%[-^#0-9]*[a-zA-Z%]|[^A-Za-z]|\\.)*")


def read_catalog(name: str, data: bytes, target_language: str | None, existing: bytes | None) -> Catalog:
    """Read a YAML catalog of the source language, and that of the target language if there is one.

    Raises:
        CatalogError: the bytes are no YAML, or no mapping.
    """
    ruby, symfony = YamlSyntax(is_ruby=True), YamlSyntax(is_ruby=False)
    source = ruby.read(decode_catalog(data, name), name)
    if not _is_rails(source.root):
        pair = read_pair(lambda each: symfony.read(decode_catalog(each, name), name), data, existing)
        return SymfonyCatalog(*pair, None, target_language)
    source, target = read_pair(
        lambda each: _below_language(ruby.read(decode_catalog(each, name), name)), data, existing
    )
    target = target if target and target.root.key else None  # remarks alone
    declared = target.root.key if target else None
    return RailsCatalog(source, target, source.root.key, target_language or declared)


def _is_rails(root: ValueNode) -> bool:
    children = root.children or []
    return bool(children) and all(
        child.children is not None
        and child.style != "list"
        and _CODE.fullmatch(child.key)
        and exists(re.split("[-_]", child.key)[0])
        for child in children
    )


def _below_language(tree: ValueTree) -> ValueTree:
    """Return a tree of what is below the first key, the language."""
    children = tree.root.children or []
    if not children:
        return tree
    node = children[0]
    if node.children is None:  # `de:` alone
        node.children, node.style = [], "object"
    return ValueTree(tree.name, tree.decoded, node)


class RailsCatalog(ValueCatalog):
    """A locale file of Rails, of what is below the key of its language."""

    syntax = YamlSyntax(is_ruby=True)

    def messages(self) -> Iterator[CatalogMessage]:
        """Yield the messages of the source; a mapping of plural categories is one."""
        forms: set[Path] = set()
        for path, node in self.source.nodes.items():
            if _is_plural(node):
                message, used = self._plural(path, node)
                forms |= used
                yield message
            elif path not in forms and self.is_text(path, node):
                yield self.message(path, node)

    def _plural(self, path: Path, node: ValueNode) -> tuple[CatalogMessage, set[Path]]:
        """Return a plural and the places of its forms; a `zero` that is no category is a text of its own."""
        categories = plural_categories(self.target_language)
        nodes = {child.key: child for child in node.children or []}
        if "zero" not in categories:
            nodes.pop("zero", None)
        paths = {key: (*path, key) for key in nodes}
        targets = {category: (*path, category) for category in categories}
        message = PluralMessage(self, shown_path(path), targets, nodes, list(paths.values()))
        return message, set(paths.values())

    def is_text(self, path: Path, node: ValueNode) -> bool:
        """Return whether a value is a text, and not a symbol or the format of dates and numbers."""
        return is_translatable(node.text) and not _FORMATTED.fullmatch(node.text or "")

    def language_edits(self) -> list[Replacement]:
        """Return what makes the target's code the outermost key."""
        code = (self.target_language or "").replace("_", "-")
        root = self.document.root
        match = _KEY.match(self.document.text, root.begin) if root.key and code else None
        if not match or root.key.replace("_", "-") == code:
            return []
        return [Replacement(match.start(), match.end(), key_scalar(code))]


def _is_plural(node: ValueNode) -> bool:
    children = node.children or []
    keys = {child.key for child in children}
    return "other" in keys and keys <= set(CATEGORIES) and all(child.text for child in children)


class SymfonyCatalog(ValueCatalog):
    """A translation file of Symfony; ICU messages if its name has `+intl-icu`, or where they have choices."""

    syntax = YamlSyntax(is_ruby=False)

    def read_pattern(self, node: ValueNode) -> Pattern | None:
        """Return the forms between bars, or ICU's choices."""
        text = node.text or ""
        if CHOICE.search(text):
            return read_icu(text)
        parts = text.split("|")
        if (
            "||" in text
            or not (_COUNT.search(text) or _INTERVAL.match(text))
            or not all(map(str.strip, parts))
        ):
            return None
        return _bar_choice(parts, integer_categories(self.target_language))

    def branch_texts(self, value: str) -> dict[Keys, str]:
        """Return the texts of a value's branches; the only form of a language has no bar beside it."""
        texts = super().branch_texts(value)
        is_one_form = integer_categories(self.target_language) == ("other",)
        return {**texts, ("other",): value} if is_one_form and () in texts else texts

    def unescape(self, text: str, in_branch: bool) -> str:
        """Return a text without ICU's doubled apostrophes."""
        return unescape_icu(text) if self._is_icu(text) else text

    def escape(self, text: str, source: str, in_branch: bool) -> str:
        """Return a text whose apostrophes quote nothing, and without bars where they part forms."""
        return escape_icu(text, source, in_branch) if self._is_icu(source) else text

    def _is_icu(self, text: str) -> bool:
        return "+intl-icu" in self.name or bool(CHOICE.search(text))

    def check_value(self, value: str) -> None:
        """Raise a ValueError if a value is no ICU message where it should be one."""
        if self._is_icu(value):
            read_icu(value)


def _bar_choice(parts: list[str], categories: tuple[str, ...]) -> Pattern | None:
    """Return parts between bars as a choice: those with intervals, and the forms of whole numbers.

    Args:
        parts: the parts.
        categories: those of the target language, which its file has where that are more than two.
    """
    plain = [part for part in parts if not _INTERVAL.match(part)]
    keys = {0: (), 1: ("other",), 2: ("one", "other"), len(categories): categories}.get(len(plain))
    if len(parts) < 2 or keys is None:
        return None
    names = iter(keys)
    branches = []
    for part in parts:
        match = _INTERVAL.match(part)
        lead = match[0] if match else ""
        branches.append(ChoiceBranch(lead, lead.strip() or next(names), [part[len(lead) :]], ""))
    return [Choice("", "integer" if plain else "select", branches, "", "|")]
