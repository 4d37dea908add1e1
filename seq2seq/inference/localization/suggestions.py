"""Suggestions for the entries of catalogs: from a memory where it is exact, else by the model.

entry -> same entry elsewhere -> exact match of the memory -> model -> Suggestion(targets, origin, problems)
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from seq2seq.inference.localization.rules import check_arguments, check_length
from seq2seq.inference.localization.string_translator import (
    StringRequest,
    StringTranslation,
    StringTranslator,
)
from seq2seq.inference.memory.memory import MemoryMatch, TranslationMemory

Origin = Literal["memory", "model", "copied"]
BATCH = 64  # entries that are translated in common batches; what is done is kept when the work is stopped


class TranslatableEntry(Protocol):
    """The part of a catalog's entry that suggestions need."""

    key: str
    source: str
    targets: list[str]
    context: str
    source_plural: str | None
    plural_forms: int
    flags: frozenset[str]
    state: Literal["missing", "review", "done"]
    max_length: int | None

    @property
    def sources(self) -> list[str]:
        """The text to translate for each target."""


@dataclass(frozen=True)
class Suggestion:
    """The translation of an entry that was found or made.

    Attributes:
        targets: One text for each plural form.
        origin: Where it comes from; copied is what has no words.
        confidence: From 0 to 1, of the model only; None where it is not known.
        score: The least mean log-probability of a token; 0 from the memory.
        problems: The rules that the targets break.
        match: The unit of the memory that it is, or for one of the model the most similar one.
    """

    targets: list[str]
    origin: Origin
    confidence: float | None = None
    score: float = 0.0
    problems: tuple[str, ...] = ()
    match: MemoryMatch | None = None


class EntryMemory:
    """Translated entries of catalogs by key and by context, with all their plural forms."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, list[str]] = {}
        self._by_text: dict[Hashable, list[str]] = {}

    def add(self, entry: TranslatableEntry) -> None:
        """Add an entry that is done; the last of equal ones counts."""
        targets = list(entry.targets)
        self._by_key[self._key(entry)] = targets
        self._by_text[self._text(entry)] = targets

    def find(self, entry: TranslatableEntry) -> list[str] | None:
        """Return the targets of the same entry, or of one with the same text and context."""
        return self._by_key.get(self._key(entry)) or self._by_text.get(self._text(entry))

    @staticmethod
    def _key(entry: TranslatableEntry) -> Hashable:
        return entry.key, entry.context, entry.source, entry.source_plural, entry.plural_forms

    @staticmethod
    def _text(entry: TranslatableEntry) -> Hashable:
        return entry.context, entry.source, entry.source_plural, entry.plural_forms


class Suggester:
    """A source of suggestions: memories first, then a model.

    Args:
        memory: Units of the direction.
        entries: Translated entries of catalogs.
        load_strings: Loads the model, which an exact memory needs not.
        language: The code of the target language.
        similar: Whether a suggestion of the model names the most similar unit of the memory.
    """

    def __init__(
        self,
        memory: TranslationMemory,
        entries: EntryMemory,
        load_strings: Callable[[], StringTranslator],
        language: str | None,
        *,
        similar: bool = False,
    ) -> None:
        self.memory, self.entries = memory, entries
        self.load_strings, self.language, self.similar = load_strings, language, similar

    def remember(self, entry: TranslatableEntry, origin: str | None = None) -> None:
        """Add an entry that is done to both memories."""
        self.entries.add(entry)
        for source, target in dict(zip(entry.sources, entry.targets, strict=True)).items():
            self.memory.add(source, target, entry.context or None, origin)

    def suggest(self, entries: Iterable[TranslatableEntry]) -> Iterator[Suggestion]:
        """Yield a suggestion for each entry, in order; the model translates those of a group together."""
        remaining = iter(entries)
        while group := list(islice(remaining, BATCH)):
            yield from self._suggest_group(group)

    def _suggest_group(self, group: Sequence[TranslatableEntry]) -> Iterator[Suggestion]:
        found = [self.from_memory(entry) for entry in group]
        missing = [entry for entry, known in zip(group, found, strict=True) if known is None]
        requests = [
            StringRequest(source, entry.flags, entry.max_length)
            for entry in missing
            for source in entry.sources
        ]
        strings = iter(self.load_strings().translate(requests) if requests else [])
        for entry, known in zip(group, found, strict=True):
            yield known or self._by_model(entry, list(islice(strings, len(entry.sources))))

    def from_memory(self, entry: TranslatableEntry) -> Suggestion | None:
        """Return the exact suggestion of the memories, or None."""
        if same := self.entries.find(entry):
            unit = MemoryMatch(entry.source, same[0], 100, True, entry.context or None)
            return Suggestion(list(same), "memory", match=unit)
        if entry.source_plural is not None and entry.plural_forms > 2:
            return None  # a memory of pairs does not tell the further forms apart
        matches = [self.memory.exact(source, entry.context or None) for source in entry.sources]
        exact = [match for match in matches if match is not None]
        if not matches or len(exact) < len(matches):
            return None
        targets = [match.target for match in exact]
        # A translator's own habits (marks, capitals) are not judged here, only what breaks a program or file.
        if any(
            check_arguments(source, target, entry.flags) or check_length(target, entry.max_length)
            for source, target in zip(entry.sources, targets, strict=True)
        ):
            return None
        return Suggestion(targets, "memory", match=min(exact, key=lambda match: match.score))

    def _by_model(self, entry: TranslatableEntry, strings: Sequence[StringTranslation]) -> Suggestion:
        known = [each.confidence for each in strings if each.confidence is not None]
        is_copied = all(each.is_copied for each in strings)
        return Suggestion(
            [each.text for each in strings],
            "copied" if is_copied else "model",
            min(known, default=None),
            min((each.score for each in strings), default=0.0),
            tuple(dict.fromkeys(problem for each in strings for problem in each.problems)),
            self.memory.best(entry.source, entry.context or None) if self.similar and not is_copied else None,
        )
