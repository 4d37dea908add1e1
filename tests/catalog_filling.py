"""Catalogs filled by a function, as the tests of the formats do it."""

from collections.abc import Callable

from seq2seq.documents.catalogs import Catalog, open_catalog


def shout(text: str) -> str:
    """Return a stand-in for a translation, which leaves placeholders as they are."""
    return f"{text} ÄÖ!"


def fill_missing(catalog: Catalog, translate: Callable[[str], str] = shout, note: str | None = None) -> bytes:
    """Fill what is missing and return the file."""
    for entry in catalog.entries:
        if entry.state == "missing":
            catalog.fill(entry, [translate(source) for source in entry.sources], note=note)
    return catalog.to_bytes()


def filled(
    name: str,
    source: str | bytes,
    language: str,
    existing: str | bytes | None = None,
    translate: Callable[[str], str] = shout,
    note: str | None = None,
) -> str:
    """Return a filled file as text, after the rules that hold for every format.

    Unfilled, a file is as it was read; the filled one, opened again, misses nothing, and filled with its own
    translations it is as it was.
    """
    data = source.encode() if isinstance(source, str) else source
    before = existing.encode() if isinstance(existing, str) else existing
    catalog = open_catalog(name, data, language, before)
    assert catalog.to_bytes() == (before or data)
    result = fill_missing(catalog, translate, note)
    one_file = name.endswith(".xcstrings")
    again = open_catalog(name, result if one_file else data, language, None if one_file else result)
    for entry in again.entries:
        assert entry.state != "missing", entry
        again.fill(entry, entry.targets)
    assert again.to_bytes() == result
    return result.decode()
