"""XML catalogs of one language: the file of the source language becomes that of the target language.

Without an existing file the source's is copied; strings that are not filled are left out, since programs then
take them from the source language, and the next run finds them missing. With one, its own strings are kept,
empty ones are filled, and what it lacks is added at its end.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from seq2seq.documents.catalogs.entry import Catalog, CatalogEntry, CatalogError, Filling, Replacement, edited
from seq2seq.documents.catalogs.xml_tree import XmlElement, XmlFile


class XmlUnit(NamedTuple):
    """The element that holds an entry, in both files, and the number of the entry in it."""

    source: XmlElement
    existing: XmlElement | None
    number: int = 0


def read_pair_of_files(
    name: str, data: bytes, existing: bytes | None, root: str, sentence: str
) -> tuple[XmlFile, XmlFile | None]:
    """Read the file of the source language, and that of the target language if there is one.

    Args:
        name: the name in errors.
        data: the file of the source language.
        existing: the file of the target language, or None.
        root: the name of the root element.
        sentence: the error for another root, whose name takes the place of `{}`.

    Raises:
        CatalogError: the bytes are no XML, or have another root.
    """
    files = [XmlFile(name, each) for each in (data, existing) if each is not None]
    for file in files:
        if file.root.name != root:
            raise CatalogError(name, sentence.format(file.root.raw_name))
    return files[0], files[1] if len(files) > 1 else None


class MonolingualXml(Catalog):
    """An XML catalog of one language.

    Args:
        source: the file of the source language.
        existing: the file of the target language, if there is one.
        units: the entries, each with its place.
        source_language: the code that the file declares.
        target_language: the language to fill.
    """

    def __init__(
        self,
        source: XmlFile,
        existing: XmlFile | None,
        units: dict[CatalogEntry, XmlUnit],
        source_language: str | None,
        target_language: str | None,
    ) -> None:
        self._source, self._existing, self._units = source, existing, units
        super().__init__(source.name, list(units), source_language, target_language)

    @abstractmethod
    def _changes(
        self, file: XmlFile, element: XmlElement, fillings: dict[CatalogEntry, Filling]
    ) -> Iterator[Replacement]:
        """Yield the changes of an element of a file whose entries are filled."""

    def to_bytes(self) -> bytes:
        """Return the file of the target language; the one that was read if nothing was filled."""
        file = self._existing or self._source
        changes: list[Replacement] = []
        if self._fillings and self._existing:
            changes = [*self._changes_of_existing(self._existing)]
        elif self._fillings:
            filled = self._filled(in_existing=False)
            for element, fillings in filled.items():
                changes += self._changes(file, element, fillings)
            left_out = {unit.source for unit in self._units.values()} - set(filled)
            changes += map(file.removal, left_out)
        return file.decoded.encode(edited(file.text, changes))

    def _filled(self, *, in_existing: bool) -> dict[XmlElement, dict[CatalogEntry, Filling]]:
        """Return the filled elements of one of the files, each with what its entries are filled with."""
        filled: dict[XmlElement, dict[CatalogEntry, Filling]] = {}
        for entry, filling in self._fillings.items():
            unit = self._units[entry]
            if in_existing and unit.existing:
                filled.setdefault(unit.existing, {})[entry] = filling
            elif not in_existing and not unit.existing:
                filled.setdefault(unit.source, {})[entry] = filling
        return filled

    def _changes_of_existing(self, file: XmlFile) -> Iterator[Replacement]:
        changes = [
            change
            for element, fillings in self._filled(in_existing=True).items()
            for change in self._changes(file, element, fillings)
        ]
        yield from changes
        added: list[str] = []
        for element, fillings in self._filled(in_existing=False).items():
            moved = [
                Replacement(start - element.start, end - element.start, new)
                for start, end, new in self._changes(self._source, element, fillings)
            ]
            own = edited(self._source.text[element.start : element.end], moved)
            added.append(own.replace("\r\n", "\n").replace("\n", file.newline))
        root, last = file.root, next(reversed(file.root.children), None)
        written = [*added, *(change.new for change in changes)]
        prefixes = {
            name: value
            for name, value in self._source.root.attributes.items()
            if name not in root.attributes
            and name.startswith("xmlns:")
            and any(f"{name[6:]}:" in each for each in written)
        }
        tag = file.with_attributes(root, {**prefixes})
        if tag != root.tag and not root.is_empty_tag:
            yield Replacement(root.start, root.inner, tag)
        if not added:
            return
        indent = (last and file.indent(last)) or f"{file.newline}    "
        lines = "".join(indent + each for each in added)
        if root.is_empty_tag:
            new = f"{tag.removesuffix('/>').rstrip()}>{lines}{file.newline}</{root.raw_name}>"
            yield Replacement(root.start, root.end, new)
            return
        place = last.end if last else root.inner
        yield Replacement(place, place, lines)
