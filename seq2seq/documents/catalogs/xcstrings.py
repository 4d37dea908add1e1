"""Apple's .xcstrings, a string catalog of Xcode: all languages of a program's strings in one JSON file.

    {"sourceLanguage": "en", "strings": {"Files": {"localizations": {"de": {"stringUnit": {...}}}}}}

A string's source is its own text of the source language or its key. Variations by plural and by device, and
substitutions, are filled text by text; a localization that is new is written once all its texts are there.
Left as they are: strings that are stale, or not to be translated. The format has no place for notes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seq2seq.documents.catalogs.entry import Catalog, CatalogEntry, CatalogError, Replacement, State, edited
from seq2seq.documents.catalogs.json_syntax import JsonSyntax
from seq2seq.documents.catalogs.nodes import (
    AddedValue,
    Path,
    ValueNode,
    ValueTree,
    decode_catalog,
    is_translatable,
)
from seq2seq.documents.catalogs.plurals import plural_categories, singular_form

_UNIT = "stringUnit"
_MODEL = ValueNode("", 0, 0, 0, style="object")
_UNIT_MODEL = ValueNode(_UNIT, 0, 0, 0, children=[], style="object")
_PLACEHOLDER = re.compile(r"%(?:\d+\$)?[-+0# ]*[\d.*]*(?:hh|h|ll|l|q|z|t|j|L)?[@dDiuUxXoOfFeEgGcCsSpaA]|%#@")
_STATES: dict[str, State] = {
    "translated": "done",
    "needs_review": "review",
    "new": "missing",
    "stale": "review",
}


def read_catalog(name: str, data: bytes, target_language: str | None, existing: bytes | None) -> Catalog:
    """Read a string catalog.

    Args:
        name: the file's name.
        data: the file's bytes.
        target_language: the language to fill; None is that of the file if there is one besides the source's.
        existing: None; the file holds all languages.

    Raises:
        CatalogError: the bytes are no string catalog, or its target language is not known.
    """
    tree = JsonSyntax().read(decode_catalog(data, name), name)
    strings = tree.nodes.get(("strings",))
    source = tree.nodes.get(("sourceLanguage",))
    if strings is None or strings.style != "object" or source is None or not source.text:
        raise CatalogError(
            name, "is no string catalog: it has no sourceLanguage and strings; give one of Xcode"
        )
    others = {path[3] for path in tree.nodes if len(path) == 4 and path[2] == "localizations"} - {source.text}
    if target_language is None and len(others) != 1:
        found = ", ".join(sorted(others)) or "no other"
        raise CatalogError(name, f"holds {found} besides {source.text}; name the target language")
    return StringCatalog(tree, source.text, _known_code(target_language or others.pop(), others))


def _known_code(language: str, others: set[str]) -> str:
    """Return a code as the file writes it: pt-BR where pt_BR was given."""
    code = language.replace("_", "-")
    return next((other for other in others if other.replace("_", "-").lower() == code.lower()), code)


@dataclass(eq=False)
class _Unit:
    """Texts of one entry: their places below a localization, each `(..., "stringUnit")`."""

    key: str  # of the string, as in the tree's paths
    paths: list[Path]


class StringCatalog(Catalog):
    """A string catalog of Xcode."""

    def __init__(self, tree: ValueTree, source_language: str, target_language: str) -> None:
        self._tree = tree
        self._syntax = JsonSyntax()
        self._units: dict[CatalogEntry, _Unit] = {}
        super().__init__(tree.name, [], source_language, target_language)
        self._read()

    def set_target_language(self, code: str) -> None:
        """Set the language to fill; each has its own entries, so that what was filled is forgotten."""
        code = code.replace("_", "-")
        if code != self.target_language:
            super().set_target_language(code)
            self._fillings.clear()
            self._read()

    def _read(self) -> None:
        strings = self._tree.nodes["strings",]
        keys = [path[1] for path in self._tree.nodes if len(path) == 2 and path[0] == "strings"]
        self._units = {}
        for key, node in zip(keys, strings.children or [], strict=True):
            if node.style == "object" and self._is_wanted(key):
                self._units |= dict(self._entries(key, node))
        self.entries = list(self._units)
        self._owned: dict[str, list[CatalogEntry]] = {}
        for entry, each in self._units.items():
            self._owned.setdefault(each.key, []).append(entry)

    def _is_wanted(self, key: str) -> bool:
        nodes = self._tree.nodes
        translates = nodes.get(("strings", key, "shouldTranslate"))
        state = nodes.get(("strings", key, "extractionState"))
        is_kept = translates is not None and self._tree.text[translates.start : translates.end] == "false"
        return not is_kept and (state is None or state.text != "stale")

    def _entries(self, key: str, node: ValueNode) -> Iterator[tuple[CatalogEntry, _Unit]]:
        """Yield the entries of a string: one for each text or plural of the source's localization."""
        sources = self._values(key, str(self.source_language))
        if not sources:
            sources = {(_UNIT,): key.partition("\0")[0]}
        done: set[Path] = set()
        for path in sources:
            plural = _plural_base(path)
            base = path if plural is None else plural
            if base in done or not is_translatable(sources[path]):
                continue
            done.add(base)
            if plural is None:
                unit, texts = _Unit(key, [path]), [sources[path]]
            else:
                categories = plural_categories(self.target_language)
                unit = _Unit(key, [(*plural, category, _UNIT) for category in categories])
                other = sources.get((*plural, "other", _UNIT), sources[path])
                texts = [sources.get((*plural, "one", _UNIT), other), other]
            if self._has_place(unit):
                yield self._entry(node, unit, base, texts), unit

    def _has_place(self, unit: _Unit) -> bool:
        """Return whether a localization that is there has the shape of the source's."""
        top = ("strings", unit.key, "localizations", str(self.target_language))
        nodes = self._tree.nodes
        return top not in nodes or all(
            (*top, *path) in nodes or (_plural_base(path) is not None and (*top, *path[:-2]) in nodes)
            for path in unit.paths
        )

    def _entry(self, node: ValueNode, unit: _Unit, base: Path, texts: Sequence[str]) -> CatalogEntry:
        targets, states = [], []
        for path in unit.paths:
            text, state = self._target(unit.key, path)
            targets.append(text if state != "missing" else "")
            states.append(state if text else "missing")
        labels = [
            part for part in base if part not in (_UNIT, "variations", "plural", "device", "substitutions")
        ]
        comment = self._tree.nodes.get(("strings", unit.key, "comment"))
        is_plural = len(texts) > 1
        order: list[State] = ["missing", "review", "done"]
        categories = tuple(path[-2] for path in unit.paths) if is_plural else ()
        return CatalogEntry(
            key=node.key + "".join(f"[{label}]" for label in labels),
            source=texts[0],
            source_plural=texts[1] if is_plural else None,
            targets=targets,
            plural_forms=len(targets),
            singular_form=singular_form(categories, self.target_language),
            state=min(states, key=order.index),
            comment=comment.text or "" if comment else "",
            flags=frozenset({"objc-format"}) if _PLACEHOLDER.search(texts[-1]) else frozenset(),
            line=node.line,
        )

    def _values(self, key: str, language: str) -> dict[Path, str]:
        """Return the texts of a localization by their places in it."""
        top = ("strings", key, "localizations", language)
        node = self._tree.nodes.get(top)
        return dict(_texts(node, ())) if node else {}

    def _target(self, key: str, path: Path) -> tuple[str, State]:
        top = ("strings", key, "localizations", str(self.target_language), *path)
        value = self._tree.nodes.get((*top, "value"))
        state = self._tree.nodes.get((*top, "state"))
        text = value.text or "" if value else ""
        return text, _STATES.get(state.text or "", "done") if state else "done"

    def to_bytes(self) -> bytes:
        """Return the file with its filled entries; all else is byte for byte as it was read."""
        changes: list[Replacement] = []
        filled: dict[str, list[CatalogEntry]] = {}
        for entry in self._fillings:
            filled.setdefault(self._units[entry].key, []).append(entry)
        for key, entries in filled.items():
            changes += self._changes(key, entries)
        return self._tree.decoded.encode(edited(self._tree.text, changes))

    def _changes(self, key: str, entries: Sequence[CatalogEntry]) -> list[Replacement]:
        """Return the changes of a string: values that are replaced or added, or a whole localization."""
        top = ("strings", key, "localizations", str(self.target_language))
        if top in self._tree.nodes:
            return [change for entry in entries for change in self._value_changes(top, entry)]
        every = self._owned[key]
        if not all(entry in self._fillings for entry in every):
            return []
        units = {path: unit for entry in every for path, unit in self._filled_units(entry)}
        source = self._tree.nodes.get((*top[:3], str(self.source_language)))
        shape = source.children if source and source.children else [_UNIT_MODEL]
        localization = AddedValue(top[-1], _MODEL, [*self._shaped(shape, (), units)], None)
        parent = self._tree.nodes.get(top[:3])
        if parent is None:
            parent = self._tree.nodes[top[:2]]
            localization = AddedValue("localizations", _MODEL, [localization], None)
        before = [child for child in parent.children or [] if child.key < localization.key]
        return self._add(parent, before[-1] if before else None, [localization])

    def _filled_units(self, entry: CatalogEntry) -> Iterator[tuple[Path, AddedValue]]:
        filling = self._fillings[entry]
        state = "needs_review" if filling.review else "translated"
        for path, target in zip(self._units[entry].paths, filling.targets, strict=True):
            yield path, _unit(target, state)

    def _value_changes(self, top: Path, entry: CatalogEntry) -> Iterator[Replacement]:
        """Yield the changes of an entry whose string is localized: values, states and new plural forms."""
        nodes = self._tree.nodes
        added: dict[Path, list[AddedValue]] = {}
        for path, unit in self._filled_units(entry):
            assert isinstance(unit.value, list)
            node = nodes.get((*top, *path))
            if node is None:
                form = AddedValue(path[-2], _MODEL, [unit], None)
                added.setdefault((*top, *path[:-2]), []).append(form)
                continue
            for part in unit.value:
                place = nodes.get((*top, *path, part.key))
                if place is None:
                    yield from self._add(node, None, [part])
                elif place.text != part.value:
                    literal = self._syntax.literal(self._tree, place, str(part.value))
                    yield Replacement(place.start, place.end, literal)
        for parent, forms in added.items():
            siblings = nodes[parent].children
            yield from self._add(nodes[parent], siblings[-1] if siblings else None, forms)

    def _shaped(
        self, nodes: Sequence[ValueNode], above: Path, units: Mapping[Path, AddedValue]
    ) -> Iterator[AddedValue]:
        """Yield values of the shape of the source's, with the plural forms of the target language."""
        for node in nodes:
            path = (*above, node.key)
            if node.key == _UNIT:
                text = next((child.text for child in node.children or [] if child.key == "value"), None)
                yield units.get(path) or _unit(text or "", "translated")  # a placeholder alone
            elif node.key == "plural" and any(unit[: len(path)] == path for unit in units):
                forms = [unit for unit in units if unit[: len(path)] == path]
                inside = [AddedValue(form[-2], _MODEL, [units[form]], None) for form in forms]
                yield AddedValue(node.key, _MODEL, inside, None)
            elif node.style == "object":
                yield AddedValue(node.key, _MODEL, [*self._shaped(node.children or [], path, units)], None)
            else:
                yield AddedValue(node.key, node, None, None)

    def _add(
        self, parent: ValueNode, after: ValueNode | None, values: Sequence[AddedValue]
    ) -> list[Replacement]:
        return self._syntax.added(self._tree, self._tree, parent, after, values)


def _unit(text: str, state: str) -> AddedValue:
    parts = [AddedValue("state", _MODEL, state, None), AddedValue("value", _MODEL, text, None)]
    return AddedValue(_UNIT, _MODEL, parts, None)


def _texts(node: ValueNode, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the texts of a localization by their places, each `(..., "stringUnit")`."""
    for child in node.children or []:
        if path and path[-1] == _UNIT:
            if child.key == "value" and child.text is not None:
                yield path, child.text
        else:
            yield from _texts(child, (*path, child.key))


def _plural_base(path: Path) -> Path | None:
    """Return the place of the plural that a text is a form of, None if it is none."""
    return path[:-2] if len(path) > 2 and path[-3] == "plural" else None
