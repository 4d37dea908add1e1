"""Catalogs: files of a program's strings, read entry by entry and filled in place.

    open_catalog("de.po", data) -> entries -> fill(entry, targets) -> to_bytes()

Each format has a module with `read_catalog(name, data, target_language, existing)`. A bilingual file holds
source and target (PO, XLIFF, Qt .ts). A monolingual file holds one language (Android, .resx): the file of the
source language is opened, and its translation is a file of its own, named by `localized_name`.
"""

from importlib import import_module
from typing import NamedTuple

from seq2seq.documents.catalogs.entry import Catalog, CatalogEntry, CatalogError
from seq2seq.documents.catalogs.names import localized_name

__all__ = [
    "CATALOG_ENDINGS",
    "MEDIA_TYPES",
    "Catalog",
    "CatalogEntry",
    "CatalogError",
    "is_catalog",
    "is_monolingual",
    "localized_name",
    "open_catalog",
]


class CatalogFormat(NamedTuple):
    """The module of a format, its media type, and whether a file has one language only."""

    module: str
    media_type: str
    monolingual: bool = False


# By the end of a file's name, in lower case; the longest that fits is taken, so that one may be a whole name.
_FORMATS: dict[str, CatalogFormat] = {
    ".po": CatalogFormat("gettext", "application/x-gettext"),
    ".pot": CatalogFormat("gettext", "application/x-gettext"),
    ".xlf": CatalogFormat("xliff", "application/xliff+xml"),
    ".xliff": CatalogFormat("xliff", "application/xliff+xml"),
    ".xml": CatalogFormat("android", "application/xml", monolingual=True),
    ".ts": CatalogFormat("qt", "application/x-linguist"),
    ".resx": CatalogFormat("resx", "application/xml", monolingual=True),
    ".resw": CatalogFormat("resx", "application/xml", monolingual=True),
    ".strings": CatalogFormat("apple_strings", "text/plain", monolingual=True),
    ".xcstrings": CatalogFormat("xcstrings", "application/json"),
    ".properties": CatalogFormat("properties", "text/x-java-properties", monolingual=True),
    ".ftl": CatalogFormat("fluent", "text/plain", monolingual=True),
    ".arb": CatalogFormat("json_catalogs", "application/json", monolingual=True),
    ".json": CatalogFormat("json_catalogs", "application/json", monolingual=True),
    ".yml": CatalogFormat("yaml_catalogs", "application/yaml", monolingual=True),
    ".yaml": CatalogFormat("yaml_catalogs", "application/yaml", monolingual=True),
}
CATALOG_ENDINGS = tuple(_FORMATS)
# By suffix, of formats that have one of their own.
MEDIA_TYPES = {end: each.media_type for end, each in _FORMATS.items() if end.rfind(".") == 0}


def is_catalog(name: str) -> bool:
    """Return whether a file of this name is read as a catalog."""
    return _format(name) is not None


def is_monolingual(name: str) -> bool:
    """Return whether a catalog of this name holds one language, so that a translation is another file."""
    found = _format(name)
    return found is not None and found.monolingual


def open_catalog(
    name: str, data: bytes, target_language: str | None = None, existing: bytes | None = None
) -> Catalog:
    """Read a catalog.

    Args:
        name: the file's name; its end tells the format, and it stands in errors.
        data: the file's bytes; of a monolingual format those of the source language.
        target_language: the language to fill; None takes the one that the file declares.
        existing: of a monolingual format the bytes of the target language's file, if there is one already:
            its strings are the targets, and the entries that it lacks are added to it.

    Raises:
        CatalogError: the format is not known, the bytes are not of that format, or `existing` is given for
            a file that holds both languages.
    """
    found = _format(name)
    if found is None:
        raise CatalogError(name, f"is no catalog; use one of {', '.join(CATALOG_ENDINGS)}")
    if existing is not None and not found.monolingual:
        raise CatalogError(name, "holds both languages; give the file to be filled alone")
    module = import_module(f"seq2seq.documents.catalogs.{found.module}")
    catalog: Catalog = module.read_catalog(name, data, target_language, existing)
    return catalog


def _format(name: str) -> CatalogFormat | None:
    ends = [ending for ending in _FORMATS if name.lower().endswith(ending)]
    return _FORMATS[max(ends, key=len)] if ends else None
