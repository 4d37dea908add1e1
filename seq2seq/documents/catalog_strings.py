r"""Catalogs as documents: strings without a translation are translated and marked for review.

    "_Save <b>as</b>…\n"  ->  accelerator, ellipsis and line end taken off, tags moved with their words

All else is kept. A string whose translation lacks a placeholder stays untranslated. `seq2seq localize` does
more: memories, all rules of strings, and a report.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from itertools import islice

from seq2seq.documents.catalogs import Catalog, CatalogEntry, CatalogError, open_catalog
from seq2seq.documents.lines import Line, whole_lines
from seq2seq.documents.markup import TagRules, read_xml
from seq2seq.documents.template import Group, Template
from seq2seq.text.accelerators import Accelerator, put_accelerator, take_accelerator
from seq2seq.text.frames import Frame, put_frame, take_frame
from seq2seq.text.languages import base_language

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|\w{1,30});")
# Everything else is within a sentence: a label is one.
_RULES = TagRules(splitting=frozenset({"br", "p", "li", "ul", "ol", "tr", "td"}), outline=False)


def read_catalog_document(
    content: bytes, name: str, target: str | None = None
) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read a catalog into a template for each text to translate, and a function that fills the catalog.

    Args:
        content: the file's bytes.
        name: its name.
        target: the code of the target language, which decides the plural forms.

    Raises:
        CatalogError: the bytes are not a catalog of that kind, or it is in another language than the target.
    """
    catalog = open_catalog(name, content, target)
    declared = catalog.target_language
    if target and declared and base_language(declared) != base_language(target):
        sentence = (
            f"holds translations into {declared}, not into {target}; choose {declared}, or its template"
        )
        raise CatalogError(name, sentence)
    entries = [entry for entry in catalog.entries if entry.state == "missing"]
    templates = [_template(entry, source, target) for entry in entries for source in entry.sources]
    return templates, partial(_filled, catalog, entries)


def _filled(catalog: Catalog, entries: list[CatalogEntry], texts: list[str]) -> bytes:
    """Return the catalog's bytes, with the texts of its entries in order."""
    from seq2seq.inference.localization.rules import check_arguments  # it loads torch, as translators do

    waiting = iter(texts)
    for entry in entries:
        targets = list(islice(waiting, entry.plural_forms))
        pairs = zip(entry.sources, targets, strict=True)
        if all(targets) and not any(check_arguments(source, text, entry.flags) for source, text in pairs):
            catalog.fill(entry, targets)
    return catalog.to_bytes()


def _template(entry: CatalogEntry, source: str, target: str | None) -> Template:
    if entry.markup:
        return read_xml(source, _RULES)
    return list(_lines(source, target))


def _lines(source: str, target: str | None) -> Iterator[str | Group]:
    """Yield the lines of a string, each with its accelerator, ellipsis and blanks put back by its group."""
    for line in whole_lines(source):
        body, frame = take_frame(line)
        words, accelerator = take_accelerator(body)
        if not any(map(str.isalpha, words)):
            yield line
            continue
        yield Group(_words(words), partial(_label, frame, accelerator, target))


def _label(frame: Frame, accelerator: Accelerator | None, target: str | None, text: str) -> str:
    """Return translated words as a label."""
    return put_frame(put_accelerator(text, accelerator, target) if accelerator else text, frame, target)


def _words(words: str) -> Template:
    """Return the words of a line, with tags that move along."""
    if not _TAG.search(words):
        return [Line(words)]
    template = read_xml(words, _RULES)
    # In a string that is no markup, "Tom & Jerry" has no entities; what is written escapes them.
    return [Group(template, str if _REFERENCE.search(words) else unescape)]
