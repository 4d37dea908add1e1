"""Translation through a memory: texts that it has exactly are recalled, the others go to the model.

    texts ─┬─ in the memory ──────────────────────┬─> translations in order, each with its `match` or None
           └─ not in it ──> model, as without it ─┘

A text is not recalled where its options ask for words that the match lacks, or for samples.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from seq2seq.alignment.maps import Alignment
from seq2seq.inference.decoding import Decode, decode_sources
from seq2seq.inference.memory.entries import serves
from seq2seq.inference.memory.memory import MemoryMatch, TranslationMemory
from seq2seq.inference.results import ForcedDecoding, Translation
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled, rows_cancelled
from seq2seq.text.glossary import find_terms

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator

Align = Callable[[str, str], Alignment]  # source and target to their word alignment


class BatchTranslate(Protocol):
    """A function that translates texts in common batches, each with its options."""

    def __call__(
        self,
        texts: Sequence[str],
        options: Sequence[DecodeOptions],
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
    ) -> list[Translation]:
        """Return the translations in order."""


def through_memory(
    translator: "Translator", translate: BatchTranslate, memory: TranslationMemory
) -> BatchTranslate:
    """Return a function that translates as `translate` does, but recalls what the memory has.

    Raises:
        ValueError: The memory is one of other languages than the translator's.
    """
    check_direction(memory, translator.source_language, translator.target_language)
    return partial(_translate, translate, translator.align, memory)


def check_direction(memory: TranslationMemory, source: str | None, target: str | None) -> None:
    """Refuse a memory of other languages; a region falls back to its language.

    Raises:
        ValueError: With the languages of both.
    """
    own = memory.source_language, memory.target_language
    for known, wanted in zip(own, (source, target), strict=True):
        if known and wanted and not serves(known, wanted):
            raise ValueError(
                f"the memory is from {own[0]} to {own[1]}, the model translates from {source} to {target}; "
                "load the memory for these languages"
            )


def recall(memory: TranslationMemory, text: str, options: DecodeOptions) -> MemoryMatch | None:
    """Return the exact match of a text that meets the options, or None.

    Words that the options ask for go before the memory, and so does sampling. A glossary does where a term of
    the text is translated otherwise in the match.
    """
    words = options.forced_words or options.banned_words or options.target_prefix or options.stop
    if words or options.search_kind == "sampling":
        return None
    match = memory.exact(text)
    if match and options.glossary:
        target = match.target.casefold()
        if any(term.target.casefold() not in target for term in find_terms(text, options.glossary_pairs)):
            return None
    return match


def recalled(text: str, match: MemoryMatch, align: Align | None) -> Translation:
    """Return the translation of a match; its word alignment is computed on first use."""
    explain = partial(_explain, align, text, match.target) if align else None
    return Translation(text, match.target, explain=explain, match=match)


def _translate(
    translate: BatchTranslate,
    align: Align,
    memory: TranslationMemory,
    texts: Sequence[str],
    options: Sequence[DecodeOptions],
    cancelled: Cancelled | None = None,
    decode: Decode = decode_sources,
) -> list[Translation]:
    found: dict[int, Translation] = {}
    for number, (text, text_options) in enumerate(zip(texts, options, strict=True)):
        match = recall(memory, text, text_options) if isinstance(text, str) else None
        if match:
            found[number] = recalled(text, match, align)
    rest = [number for number in range(len(texts)) if number not in found]
    translations = translate(
        [texts[number] for number in rest],
        [options[number] for number in rest],
        rows_cancelled(cancelled, rest),
        decode,
    )
    found.update(zip(rest, translations, strict=True))
    return [found[number] for number in range(len(texts))]


def _explain(align: Align, text: str, target: str) -> ForcedDecoding:
    """Return the model's word alignment of a recalled pair, an empty one where it cannot read the pair."""
    try:
        return ForcedDecoding([], align(text, target))
    except ValueError:
        return ForcedDecoding([], Alignment(text, target, ()))
