"""Resources of .NET, .resx and .resw: the values of strings are filled; all else is kept.

    <data name="Open" xml:space="preserve"><value>Open</value><comment>verb</comment></data>

Not filled: data with a type (images, sizes, colours), and the designer's own names (>>button.Name). The
format has no mark for review; a note is added to the comment.
"""

from collections.abc import Iterator

from seq2seq.documents.catalogs.entry import CatalogEntry, Filling, Replacement
from seq2seq.documents.catalogs.monolingual import MonolingualXml, XmlUnit, read_pair_of_files
from seq2seq.documents.catalogs.xml_tree import XmlElement, XmlFile


def read_catalog(
    name: str, data: bytes, target_language: str | None = None, existing: bytes | None = None
) -> "ResxCatalog":
    """Read a .resx of the source language, and that of the target language if there is one.

    Raises:
        CatalogError: the bytes are not such a file.
    """
    sentence = "holds no resources of .NET: it begins with <{}>, not <root>"
    return ResxCatalog(*read_pair_of_files(name, data, existing, "root", sentence), target_language)


class ResxCatalog(MonolingualXml):
    """A .resx or .resw file.

    Args:
        source: the file of the source language.
        existing: the file of the target language, if there is one.
        target_language: the language to fill.
    """

    def __init__(self, source: XmlFile, existing: XmlFile | None, target_language: str | None) -> None:
        targets = {each.attributes.get("name"): each for each in existing.root.children} if existing else {}
        units: dict[CatalogEntry, XmlUnit] = {}
        for element in filter(_is_string, source.root.children):
            value, comment = element.child("value"), element.child("comment")
            text = source.characters(value) if value else ""
            if not text.strip():
                continue
            name = element.attributes.get("name", "")
            target = targets.get(name)
            entry = CatalogEntry(
                key=name,
                source=text,
                flags=frozenset({"csharp-format"} if "{0" in text else ()),
                comment=source.characters(comment).strip() if comment else "",
                line=element.line,
            )
            done = target and existing and (old := target.child("value")) and existing.characters(old)
            if done:
                entry.targets, entry.state = [done], "done"
            units[entry] = XmlUnit(element, target)
        super().__init__(source, existing, units, None, target_language)

    def _changes(
        self, file: XmlFile, element: XmlElement, fillings: dict[CatalogEntry, Filling]
    ) -> Iterator[Replacement]:
        filling = next(iter(fillings.values()))
        value, comment = element.child("value"), element.child("comment")
        written = file.escape(filling.targets[0])
        if value is None:
            first = f"<value>{written}</value>"
            yield Replacement(element.inner, element.inner, first)
        elif value.is_empty_tag:
            yield Replacement(value.start, value.end, f"<value>{written}</value>")
        elif file.characters(value) != filling.targets[0]:
            yield Replacement(value.inner, value.close, written)
        note = file.escape(filling.note or "")
        if not note:
            return
        if comment is None:
            place = value.end if value else element.inner
            indent = file.indent(value) if value else ""
            yield Replacement(place, place, f"{indent}<comment>{note}</comment>")
        elif comment.is_empty_tag:
            yield Replacement(comment.start, comment.end, f"<comment>{note}</comment>")
        elif note not in file.inner(comment):
            yield Replacement(comment.close, comment.close, f"; {note}")


def _is_string(element: XmlElement) -> bool:
    attributes = element.attributes
    if element.name != "data" or "type" in attributes or "mimetype" in attributes:
        return False
    return not attributes.get("name", "").startswith(">>")
