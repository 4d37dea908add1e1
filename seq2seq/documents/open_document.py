"""OpenDocument (odt, odp, ods): paragraphs and headings are units, and spans move with their words.

Body, tables, text boxes, footnotes, comments, notes of slides, headers, footers, the alternative texts of
pictures and the document's title are translated. Kept: tracked deletions, formulas, generated numbers and
dates, sheet names, and cells of a spreadsheet that hold a formula, a number or a date.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from seq2seq.documents.archive import Archive
from seq2seq.documents.mixed import XmlVocabulary, read_mixed
from seq2seq.documents.template import Template
from seq2seq.documents.xml_parts import checked_xml, read_elements

_NAMESPACE = re.compile(
    r"""xmlns:([\w.-]+)\s*=\s*["']urn:oasis:names:tc:opendocument:xmlns:([\w-]+?)(?:-compatible)?:1\.0["']"""
)
_PREFIXES = {"drawing": "draw"}  # where the usual prefix is not the namespace's name
_KEPT = frozenset(
    {"text:tracked-changes", "office:change-info", "office:scripts", "office:forms", "text:ruby-text"}
)
_VALUE = re.compile(r"office:value-type\s*=\s*[\"'](?!string)|table:formula\s*=")
_META = frozenset({"dc:title", "dc:subject"})
_MANIFEST = "META-INF/manifest.xml"


def _is_kept(name: str, tag: str) -> bool:
    if name in ("table:table-cell", "table:covered-table-cell"):
        return bool(_VALUE.search(tag))
    return name in _KEPT or name.endswith("-source")


_VOCABULARY = XmlVocabulary(
    blocks=frozenset({"text:p", "text:h", "svg:title", "svg:desc"}),
    inline=frozenset({"text:span", "text:a", "text:meta", "text:ruby", "text:ruby-base"}),
    breaks=frozenset({"text:tab", "text:line-break"}),
    blanks=frozenset({"text:s"}),
    is_kept=_is_kept,
)
# Masters of slides hold texts of their layouts ("Click to edit ..."), which no slide shows.
_OF_MASTERS = replace(
    _VOCABULARY,
    is_kept=lambda name, tag: _is_kept(name, tag) or (name == "draw:frame" and "presentation:class=" in tag),
)
_READERS: dict[str, Callable[[str], Template]] = {
    "content.xml": lambda xml: read_mixed(xml, _canonical_names(xml), _VOCABULARY),
    "styles.xml": lambda xml: read_mixed(xml, _canonical_names(xml), _OF_MASTERS),
    "meta.xml": partial(read_elements, names=_META, codes=frozenset({"dc:language"})),
}


def read_open_document(content: bytes, name: str) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read a document: a template for each part with text, and a function from their texts to bytes.

    Raises:
        ValueError: the bytes are not an OpenDocument, or it is encrypted.
    """
    archive = Archive(content, name)
    media_type = archive.contents.get("mimetype", b"")
    if b"opendocument" not in media_type or "content.xml" not in archive.contents:
        raise ValueError(f"{name!r} is not an OpenDocument; save it as .odt, .odp or .ods")
    if b"encryption-data" in archive.contents.get(_MANIFEST, b""):
        raise ValueError(f"{name!r} is encrypted; save it without a password")
    parts = [part for part in _READERS if part in archive.contents]
    templates = [
        _READERS[part](checked_xml(archive.contents[part], name, may_have_type=True)) for part in parts
    ]
    return templates, lambda filled: archive.write(dict(zip(parts, filled, strict=True)))


def _canonical_names(xml: str) -> Callable[[str], str]:
    """Return a function that gives names their usual prefixes, whichever the document uses."""
    names = ((prefix, _PREFIXES.get(name, name)) for prefix, name in _NAMESPACE.findall(xml))
    prefixes = {prefix: name for prefix, name in names if prefix != name}

    def canonical(name: str) -> str:
        prefix, colon, local = name.partition(":")
        return f"{prefixes[prefix]}:{local}" if colon and prefix in prefixes else name

    return canonical if prefixes else lambda name: name
