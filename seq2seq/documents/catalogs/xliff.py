"""XLIFF 1.2 and 2.0: targets are filled beside their sources and marked for review; all else is kept.

    <trans-unit id="a"><source>Open</source><target state="needs-review-translation">Öffnen</target>
    <segment state="translated" subState="seq2seq:review"><source>Open</source><target>Öffnen</target>

Inline elements stay in the text: `<g id="1">words</g>`; those whose content is code (ph, bpt, ept, sc, ec and
the like) as empty elements with their id. Where seg-source marks segments, the marks are kept. What says
translate="no" is no entry. A note becomes a `<note>`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from seq2seq.documents.catalogs.entry import (
    Catalog,
    CatalogEntry,
    CatalogError,
    Filling,
    Replacement,
    State,
    edited,
)
from seq2seq.documents.catalogs.inline_codes import InlineText
from seq2seq.documents.catalogs.xml_tree import XmlElement, XmlFile

_CODES = frozenset({"x", "bx", "ex", "ph", "bpt", "ept", "it", "sc", "ec", "cp", "sm", "em"})
_REVIEW_12 = "needs-review-translation"
_NEW = frozenset({"new", "initial", "needs-translation"})
_REVIEW_20 = "seq2seq:review"  # a subState is an authority and its value


def read_catalog(
    name: str, data: bytes, target_language: str | None = None, existing: bytes | None = None
) -> "XliffCatalog":
    """Read an XLIFF file; `existing` is always None, since a file holds both languages.

    Raises:
        CatalogError: the bytes are not XLIFF of a version that is read.
    """
    file = XmlFile(name, data)
    version = file.root.attributes.get("version", "")
    if file.root.name != "xliff" or version[:2] not in ("1.", "2."):
        raise CatalogError(name, f"is no XLIFF 1.2 or 2.0 but <{file.root.raw_name}> {version}".rstrip())
    return XliffCatalog(file, version.startswith("2"), target_language)


class XliffUnit(NamedTuple):
    """A trans-unit or a segment: the element with the state, its source and target, and its unit."""

    element: XmlElement
    unit: XmlElement
    source: XmlElement
    before: XmlElement  # the element after which a target stands
    target: XmlElement | None
    text: InlineText


class XliffCatalog(Catalog):
    """An XLIFF file.

    Args:
        file: the file's XML.
        is_2: whether its version is 2.x.
        target_language: the language, where the file names none.
    """

    def __init__(self, file: XmlFile, is_2: bool, target_language: str | None) -> None:
        self._file, self._is_2 = file, is_2
        self._source_attribute, self._target_attribute = (
            ("srcLang", "trgLang") if is_2 else ("source-language", "target-language")
        )
        self._holders = [file.root] if is_2 else [e for e in file.root.walk() if e.name == "file"]
        self._units: dict[CatalogEntry, XliffUnit] = {}
        for unit in _units(file, is_2):
            self._units[self._entry(unit)] = unit
        languages = self._holders[0].attributes if self._holders else {}
        declared = languages.get(self._target_attribute) or target_language
        self._new_language: str | None = None
        super().__init__(file.name, list(self._units), languages.get(self._source_attribute), declared)

    def set_target_language(self, code: str) -> None:
        """Set the language, which is written into each file element, or the root of XLIFF 2."""
        super().set_target_language(code)
        self._new_language = code.replace("_", "-")

    def to_bytes(self) -> bytes:
        """Return the file with its filled targets."""
        changes = [
            change for entry, filling in self._fillings.items() for change in self._changes(entry, filling)
        ]
        if self._fillings or self._new_language:
            changes += [*self._language_changes(), *self._notes()]
        return self._file.decoded.encode(edited(self._file.text, changes))

    def _language_changes(self) -> Iterator[Replacement]:
        for holder in self._holders:
            old = holder.attributes.get(self._target_attribute)
            new = self._new_language or old or (self.target_language or "").replace("_", "-")
            if new and new != old:
                tag = self._file.with_attributes(holder, {self._target_attribute: new})
                yield Replacement(holder.start, holder.inner, tag)

    def _changes(self, entry: CatalogEntry, filling: Filling) -> Iterator[Replacement]:
        unit, file = self._units[entry], self._file
        written = unit.text.write(filling.targets[0], file.escape)
        if self._is_2:
            attributes = unit.element.attributes
            states: dict[str, str | None] = {}
            if filling.review:
                states = {"state": "translated", "subState": _REVIEW_20}
            elif "state" in attributes:
                states = {"state": "translated", "subState": None}
            yield from self._tag_change(unit.element, states)
            target_states: dict[str, str | None] = {}
        else:
            target_states = self._target_states(unit, filling.review)
            if filling.review and unit.element.attributes.get("approved") == "yes":
                yield from self._tag_change(unit.element, {"approved": "no"})
        yield from self._target(unit, written, target_states)

    def _target_states(self, unit: XliffUnit, review: bool) -> dict[str, str | None]:
        if review:
            return {"state": _REVIEW_12}
        return {"state": "translated"} if unit.target and "state" in unit.target.attributes else {}

    def _tag_change(self, element: XmlElement, changes: dict[str, str | None]) -> Iterator[Replacement]:
        tag = self._file.with_attributes(element, changes)
        if tag != element.tag:
            yield Replacement(element.start, element.inner, tag)

    def _target(self, unit: XliffUnit, written: str, states: dict[str, str | None]) -> Iterator[Replacement]:
        target = unit.target
        if target is None:
            name = re.sub(r"(seg-)?source$", "target", unit.before.raw_name)
            state = "".join(f' {key}="{value}"' for key, value in states.items())
            new = f"{self._file.indent(unit.before)}<{name}{state}>{written}</{name}>"
            yield Replacement(unit.before.end, unit.before.end, new)
            return
        tag = self._file.with_attributes(target, states)
        if target.is_empty_tag:
            tag = re.sub(r"\s*/>$", ">", tag)
            yield Replacement(target.start, target.end, f"{tag}{written}</{target.raw_name}>")
            return
        if tag != target.tag:
            yield Replacement(target.start, target.inner, tag)
        if written != self._file.inner(target):
            yield Replacement(target.inner, target.close, written)

    def _notes(self) -> Iterator[Replacement]:
        """Yield the notes, those of the segments of a unit together."""
        notes: dict[XmlElement, list[str]] = {}
        for entry, filling in self._fillings.items():
            unit = self._units[entry]
            known = {self._file.characters(e) for e in unit.unit.walk() if e.name == "note"}
            added = notes.setdefault(unit.unit, [])
            if filling.note and filling.note not in known | set(added):
                added.append(filling.note)
        for element, texts in notes.items():
            if texts:
                yield self._note_20(element, texts) if self._is_2 else self._note_12(element, texts)

    def _note_12(self, unit: XmlElement, texts: list[str]) -> Replacement:
        children = [unit.child(name) for name in ("target", "seg-source", "source")]
        last, *_ = [child for child in children if child]
        indent = self._file.indent(last)
        new = "".join(indent + self._note(unit, 'from="seq2seq"', text) for text in texts)
        return Replacement(last.end, last.end, new)

    def _note_20(self, unit: XmlElement, texts: list[str]) -> Replacement:
        notes = unit.child("notes")
        written = [self._note(unit, 'category="seq2seq"', text) for text in texts]
        if notes and notes.children:
            last = notes.children[-1]
            return Replacement(
                last.end, last.end, "".join(self._file.indent(last) + each for each in written)
            )
        prefix = unit.raw_name.removesuffix("unit")
        first = next(e for e in unit.children if e.name in ("originalData", "segment", "ignorable"))
        place = (
            Replacement(notes.start, notes.end, "") if notes else Replacement(first.start, first.start, "")
        )
        new = f"<{prefix}notes>{''.join(written)}</{prefix}notes>"
        return place._replace(new=new if notes else new + self._file.indent(first))

    def _note(self, unit: XmlElement, attribute: str, text: str) -> str:
        prefix = re.sub(r"(trans-)?unit$", "", unit.raw_name)
        return f"<{prefix}note {attribute}>{self._file.escape(text)}</{prefix}note>"

    def _entry(self, unit: XliffUnit) -> CatalogEntry:
        file = self._file
        attributes = unit.unit.attributes
        target = InlineText(file.inner(unit.target), _CODES).text if unit.target else ""
        notes = [file.characters(e).strip() for e in unit.unit.walk() if e.name == "note"]
        segments = [e for e in unit.unit.children if e.name == "segment"]
        key = attributes.get("id", "")
        if len(segments) > 1:
            key += f"/{unit.element.attributes.get('id', segments.index(unit.element) + 1)}"
        return CatalogEntry(
            key=key,
            source=unit.text.text,
            targets=[target],
            context=attributes.get("resname") or attributes.get("name") or "",
            state=self._state(unit, target),
            comment="\n".join(filter(None, notes)),
            max_length=_max_length(unit),
            markup=unit.text.has_elements,
            line=unit.element.line,
        )

    def _state(self, unit: XliffUnit, target: str) -> State:
        if not target.strip():
            return "missing"
        attributes = (unit.element if self._is_2 or not unit.target else unit.target).attributes
        state = attributes.get("state", "")
        if state in _NEW:  # tools write the source there
            return "missing" if target == unit.text.text else "review"
        unsure = state.startswith("needs-") or attributes.get("subState", "").endswith(":review")
        return "review" if unsure else "done"


def _units(file: XmlFile, is_2: bool) -> Iterator[XliffUnit]:
    """Yield what can be translated, in the order of the file."""
    for element in file.root.walk():
        if element.name != ("segment" if is_2 else "trans-unit") or not _is_translatable(element):
            continue
        source = element.child("source")
        if not source:
            continue
        before = (not is_2 and element.child("seg-source")) or source
        text = InlineText(file.inner(before), _CODES)
        if text.text.strip():
            unit = element.parent if is_2 and element.parent else element
            yield XliffUnit(element, unit, source, before, element.child("target"), text)


def _is_translatable(element: XmlElement) -> bool:
    """Return whether an element may be translated: the nearest translate attribute says so."""
    for each in (element, *element.ancestors()):
        if (value := each.attributes.get("translate")) is not None:
            return value != "no"
    return True


def _max_length(unit: XliffUnit) -> int | None:
    """Return the longest target in characters: maxwidth in characters, or the size restriction of XLIFF 2."""
    for element in (unit.element, unit.source, *unit.element.ancestors()):
        attributes = element.attributes
        if attributes.get("size-unit") == "char" and attributes.get("maxwidth", "").isdecimal():
            return int(attributes["maxwidth"])
        restriction = next((v for k, v in attributes.items() if k.endswith(":sizeRestriction")), "")
        if match := re.fullmatch(r"(?:\d+\s*,\s*)?(\d{1,6})", restriction.strip()):
            return int(match[1])
    return None
