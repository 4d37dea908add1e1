"""Strings with tags (`<b>`, `<a href>`): translated without them, and the tags put where their words went."""

import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING

from seq2seq.documents.markup import TagRules, read_xml
from seq2seq.documents.template import fill_all, texts_of
from seq2seq.inference.localization.string_translator import (
    StringRequest,
    StringTranslator,
    TranslateTagged,
    WordsTranslation,
    words_translation,
)
from seq2seq.options import DecodeOptions

if TYPE_CHECKING:
    from seq2seq.inference.memory.memory import TranslationMemory
    from seq2seq.inference.results import Translation
    from seq2seq.inference.translator import Translator

_REFERENCE = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|\w{1,30});")
# Everything else is within a sentence: a label is one.
_RULES = TagRules(
    splitting=frozenset({"br", "p", "li", "ul", "ol", "tr", "td", "h1", "h2", "h3"}), outline=False
)


def tagged_translation(translator: "Translator", options: DecodeOptions) -> TranslateTagged:
    """Return the function that translates strings with tags, all in one batch."""

    def translate(strings: list[str]) -> list[WordsTranslation]:
        templates = [read_xml(string, _RULES) for string in strings]
        results: list[Translation] = []

        def translated(texts: list[str]) -> "Iterator[Translation]":
            results.extend(translator.translate_batch(texts, options))
            return iter(results)

        filled = fill_all(templates, translated)
        words = []
        for string, template, text in zip(strings, templates, filled, strict=True):
            slots = len(texts_of([template]))
            own, results[:slots] = [words_translation(result) for result in results[:slots]], []
            # In a string that is no markup, "Tom & Jerry" has no entities; what was written escaped them.
            text = text if _REFERENCE.search(string) else unescape(text)
            words.append(_joined(text, own))
        return words

    return translate


def string_lines(
    translator: "Translator",
    strings: list[str],
    options: DecodeOptions,
    memory: "TranslationMemory | None" = None,
) -> Iterator[str]:
    """Yield the translations of strings of a program, those that a memory has from there, one a line."""
    known = {string: memory.exact(string) for string in strings} if memory else {}
    own = StringTranslator(translator, options, tagged_translation(translator, options))
    missing = [string for string in strings if known.get(string) is None]
    made = iter(own.translate([StringRequest(string) for string in missing]))
    for string in strings:
        match = known.get(string)
        yield f"{match.target if match else next(made).text}\n"


def _joined(text: str, parts: list[WordsTranslation]) -> WordsTranslation:
    known = [part.confidence for part in parts if part.confidence is not None]
    least = min(known) if known and len(known) == len(parts) else None
    return WordsTranslation(text, least, min((part.score for part in parts), default=0.0))
