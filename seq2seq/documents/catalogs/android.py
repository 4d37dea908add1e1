"""Android's strings.xml: strings, plurals and arrays are filled, in the escapes of Android.

    <string name="open">Open <xliff:g id="file">%s</xliff:g></string>
    <plurals name="files"><item quantity="one">%d file</item><item quantity="other">%d files</item></plurals>

Plurals get the quantities of the target language. `<xliff:g>` is carried as an empty element, other tags as
they are. Not filled: translatable="false" and references (@string/open). An array that has grown gets its new
items at its end. The format has no mark for review; a note becomes a comment in front.
"""

import re
from collections.abc import Iterator

from seq2seq.documents.catalogs.android_text import AndroidText
from seq2seq.documents.catalogs.entry import CatalogEntry, CatalogError, Filling, Replacement
from seq2seq.documents.catalogs.monolingual import MonolingualXml, XmlUnit, read_pair_of_files
from seq2seq.documents.catalogs.plurals import CATEGORIES, plural_categories, singular_category
from seq2seq.documents.catalogs.xml_tree import XmlElement, XmlFile

_KINDS = ("string", "plurals", "string-array")
_REFERENCE = re.compile(r"\s*[@?](?:\+?[\w.]+:)?(?:\w+/)?[\w.]+\s*")
_LONGEST_COMMENT = 4000  # characters
Key = tuple[str, str, str]


def read_catalog(
    name: str, data: bytes, target_language: str | None = None, existing: bytes | None = None
) -> "AndroidCatalog":
    """Read a strings.xml of the source language, and that of the target language if there is one.

    Raises:
        CatalogError: the bytes are not such a file.
    """
    sentence = "is no strings.xml of Android: it begins with <{}>, not <resources>"
    return AndroidCatalog(*read_pair_of_files(name, data, existing, "resources", sentence), target_language)


class AndroidCatalog(MonolingualXml):
    """A strings.xml of Android.

    Args:
        source: the file of the source language.
        existing: the file of the target language, if there is one.
        target_language: the language to fill; None keeps the quantities of plurals.
    """

    def __init__(self, source: XmlFile, existing: XmlFile | None, target_language: str | None) -> None:
        self._language = target_language
        targets = {_key(element): element for element in existing.root.children} if existing else {}
        units: dict[CatalogEntry, XmlUnit] = {}
        for element in source.root.children:
            if element.name in _KINDS and element.attributes.get("translatable") != "false":
                self._add(units, source, element, existing, targets.get(_key(element)))
        declared = source.root.attributes.get("tools:locale")
        super().__init__(source, existing, units, declared, target_language)

    def _add(
        self,
        units: dict[CatalogEntry, XmlUnit],
        source: XmlFile,
        element: XmlElement,
        existing: XmlFile | None,
        target: XmlElement | None,
    ) -> None:
        """Add the entries of an element."""
        if element.name == "plurals":
            units[self._plural_entry(source, element, existing, target)] = XmlUnit(element, target)
            return
        texts = _texts(source, element)
        targets = _texts(existing, target) if existing and target else []
        for number, text in enumerate(texts):
            if not text.text.strip() or _REFERENCE.fullmatch(source.inner(_places(element)[number])):
                continue
            entry = _entry(source, element, text)
            if element.name == "string-array":
                entry.key += f"[{number}]"
            if number < len(targets) and targets[number].text:
                entry.targets, entry.state = [targets[number].text], "done"
            units[entry] = XmlUnit(element, target, number)

    def _plural_entry(
        self, source: XmlFile, element: XmlElement, existing: XmlFile | None, target: XmlElement | None
    ) -> CatalogEntry:
        texts = _quantities(source, element)
        if "other" not in texts:
            sentence = f"plurals {element.attributes.get('name')!r} has no item for other; add one"
            raise CatalogError(source.name, sentence, element.line)
        categories = self._categories(list(texts))
        singular = singular_category(self._language)
        entry = _entry(source, element, texts.get("one", texts["other"]))
        entry.source_plural = texts["other"].text
        entry.plural_forms = len(categories)
        entry.singular_form = categories.index(singular) if singular in categories[:-1] else None
        found = _quantities(existing, target) if existing and target else {}
        entry.targets = [found[each].text if each in found else "" for each in categories]
        entry.state = "done" if all(entry.targets) else "missing"
        return entry

    def _categories(self, found: list[str]) -> list[str]:
        if self._language:
            return list(plural_categories(self._language))
        return [category for category in CATEGORIES if category in found]

    def _changes(
        self, file: XmlFile, element: XmlElement, fillings: dict[CatalogEntry, Filling]
    ) -> Iterator[Replacement]:
        notes = {filling.note for filling in fillings.values() if filling.note}
        for note in sorted(notes):
            comment = f"<!-- {file.escape(note).replace('--', '- -')} -->"
            if comment != _comment_before(file, element):
                yield Replacement(element.start, element.start, comment + file.indent(element))
        units = [self._units[entry] for entry in fillings]
        if element.name == "plurals":
            for unit, filling in zip(units, fillings.values(), strict=True):
                yield from self._plural_changes(file, element, unit, filling.targets)
            return
        targets = {
            unit.number: filling.targets[0] for unit, filling in zip(units, fillings.values(), strict=True)
        }
        yield from self._text_changes(file, element, units[0].source, targets)

    def _text_changes(
        self, file: XmlFile, element: XmlElement, source: XmlElement, targets: dict[int, str]
    ) -> Iterator[Replacement]:
        """Yield the changes of a string or an array, given targets by number; an array may grow."""
        places, texts = _places(element), _texts(self._source, source)
        added: list[str] = []
        for number in range(max(targets) + 1):
            if number >= len(places):
                own = self._source.inner(_places(source)[number])
                text = texts[number].write(targets[number], file.escape) if number in targets else own
                added.append(f"<item>{text}</item>")
            elif number in targets:
                yield from _written(file, places[number], texts[number], targets[number])
        if added:
            place = places[-1].end if places else element.inner
            indent = file.indent(places[-1]) if places else ""
            yield Replacement(place, place, "".join(indent + item for item in added))

    def _plural_changes(
        self, file: XmlFile, element: XmlElement, unit: XmlUnit, targets: list[str]
    ) -> Iterator[Replacement]:
        """Yield the changes of plurals: items are filled, those that the language lacks go, new ones come."""
        texts = _quantities(self._source, unit.source)
        categories = self._categories(list(texts))
        items = {item.attributes.get("quantity", ""): item for item in element.children}
        indent = file.indent(element.children[0]) if element.children else ""
        waiting: list[str] = []  # new items, before the next one that exists
        for category, target in zip(categories, targets, strict=True):
            text = texts.get(category, texts["other"])
            if category not in items:
                written = text.write(target, file.escape)
                waiting.append(f'<item quantity="{category}">{written}</item>{indent}')
                continue
            item = items[category]
            if waiting:
                yield Replacement(item.start, item.start, "".join(waiting))
                waiting = []
            yield from _written(file, item, text, target)
        if waiting:
            last = element.children[-1].end if element.children else element.inner
            new = "".join(indent + each.removesuffix(indent) for each in waiting)
            yield Replacement(last, last, new)
        for category, item in items.items():
            if category not in categories:
                yield file.removal(item)


def _entry(file: XmlFile, element: XmlElement, text: AndroidText) -> CatalogEntry:
    attributes = element.attributes
    product = attributes.get("product")
    is_format = "%" in text.text and attributes.get("formatted") != "false"
    return CatalogEntry(
        key=attributes.get("name", "") + (f";{product}" if product else ""),
        source=text.text,
        flags=frozenset({"java-printf-format"} if is_format else ()),
        comment=_comment_before(file, element)[4:-3].strip(),
        markup=text.has_elements,
        line=element.line,
    )


def _comment_before(file: XmlFile, element: XmlElement) -> str:
    """Return the comment in front of an element, "" if there is none."""
    before = file.text[max(0, element.start - _LONGEST_COMMENT) : element.start].rstrip()
    start = before.rfind("<!--")
    return before[start:] if before.endswith("-->") and start >= 0 else ""


def _key(element: XmlElement) -> Key:
    attributes = element.attributes
    return element.name, attributes.get("name", ""), attributes.get("product", "")


def _places(element: XmlElement) -> list[XmlElement]:
    """Return the elements of a string or an array that hold a text."""
    return element.children if element.name == "string-array" else [element]


def _texts(file: XmlFile, element: XmlElement) -> list[AndroidText]:
    return [AndroidText(file.inner(place)) for place in _places(element)]


def _quantities(file: XmlFile, element: XmlElement) -> dict[str, AndroidText]:
    """Return the texts of plurals by their quantities."""
    raws = {item.attributes.get("quantity", ""): file.inner(item) for item in element.children}
    has_elements = any(AndroidText(raw).has_elements for raw in raws.values())
    texts = {quantity: AndroidText(raw, has_elements) for quantity, raw in raws.items()}
    for text in texts.values():
        for other in texts.values():
            text.adopt(other)
    return texts


def _written(file: XmlFile, place: XmlElement, text: AndroidText, target: str) -> Iterator[Replacement]:
    """Yield the change of an element that holds a text, none if it holds the target already."""
    if place.is_empty_tag:
        new = f"{place.tag.removesuffix('/>').rstrip()}>{text.write(target, file.escape)}</{place.raw_name}>"
        yield Replacement(place.start, place.end, new)
    elif AndroidText(file.inner(place)).text != target:
        yield Replacement(place.inner, place.close, text.write(target, file.escape))
