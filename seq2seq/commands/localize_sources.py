"""Sources of translations for `seq2seq localize`: memories, the files' own strings, and a model."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import load_translator
from seq2seq.commands.lines import read_bytes
from seq2seq.commands.localize_files import SOURCE, CatalogFile
from seq2seq.documents.catalogs import CatalogEntry, is_catalog, is_monolingual, open_catalog
from seq2seq.inference.localization.suggestions import EntryMemory, Suggester
from seq2seq.inference.memory.memory import TranslationMemory
from seq2seq.options import DecodeOptions
from seq2seq.storage.registry import default_strings_model
from seq2seq.text.languages import served_language

if TYPE_CHECKING:
    from seq2seq.inference.localization.string_translator import StringTranslator


def source_language(arguments: argparse.Namespace, files: Sequence[CatalogFile]) -> str:
    """Return the source language that the flags name, or else a file, or else English."""
    declared = (each.catalog.source_language for each in files)
    return str(arguments.source_language or next(filter(None, declared), SOURCE))


def load_memory(arguments: argparse.Namespace, source: str) -> tuple[TranslationMemory, list[CatalogEntry]]:
    """Return the memory of --memory, and the translated entries of the catalogs among its files.

    Raises:
        ValueError: a file cannot be read, or is of other languages.
    """
    language = arguments.target_language
    catalogs = [name for name in arguments.memory if is_catalog(name) and not is_monolingual(name)]
    # A PO file is read twice: its pairs by the memory, its plural forms and contexts as entries.
    tables = [name for name in arguments.memory if name not in catalogs or name.lower().endswith(".po")]
    memory = (
        TranslationMemory.load(tables, source, language) if tables else TranslationMemory(source, language)
    )
    entries: list[CatalogEntry] = []
    for name in catalogs:
        catalog = open_catalog(name, read_bytes(name))
        declared = catalog.target_language
        is_of_language = not declared or served_language(declared, [language]) is not None
        if not is_of_language and name not in tables:
            raise ValueError(
                f"{name} is in {declared}, so it is no memory from {source} to {language}; "
                "name another --memory"
            )
        entries += [entry for entry in catalog.entries if is_of_language and entry.state == "done"]
    return memory, entries


def make_suggester(
    arguments: argparse.Namespace, files: Sequence[CatalogFile], options: DecodeOptions
) -> Suggester:
    """Return the memories, with the translated strings of the files, and the model behind them."""
    source = source_language(arguments, files)
    memory, entries = load_memory(arguments, source)
    loaded: list[StringTranslator] = []

    def load_strings() -> "StringTranslator":
        if not loaded:
            loaded.append(_load_strings(arguments, options, source))
        return loaded[0]

    suggester = Suggester(
        memory, EntryMemory(), load_strings, arguments.target_language, similar=bool(arguments.report)
    )
    for entry in entries:
        suggester.remember(entry)
    for each in files:
        for entry in each.catalog.entries:
            if entry.state == "done":
                suggester.remember(entry, each.path.name)
    return suggester


def _load_strings(arguments: argparse.Namespace, options: DecodeOptions, source: str) -> "StringTranslator":
    """Load the model for the language of the files.

    Raises:
        ValueError: the model lacks the language, or knows no confidence although one is asked for.
    """
    from seq2seq.commands.localize_tagged import tagged_translation
    from seq2seq.inference.localization.string_translator import StringTranslator

    named = argparse.Namespace(**vars(arguments))
    named.model = arguments.model or default_strings_model(source, arguments.target_language)
    named.source_language = named.target_language = None
    translator = load_translator(named)
    settings = translator.settings
    target = served_language(arguments.target_language, settings.target_languages)
    if target is None:
        raise ValueError(
            f"the model {named.model} does not translate into {arguments.target_language}, only into "
            f"{', '.join(settings.target_languages)}; name another with --model"
        )
    own = served_language(arguments.source_language or source, settings.source_languages)
    translator = translator.directed(own or arguments.source_language, target)
    translator.translate([], options)  # refuses options that the model does not take
    if arguments.min_confidence is not None and not (settings.confidence or {}).get(target):
        raise ValueError(
            f"the model {named.model} does not know how sure it is; leave out --min-confidence, or name a "
            "model with confidence"
        )
    return StringTranslator(translator, options, tagged_translation(translator, options))
