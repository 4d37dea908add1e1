"""The translation memory: units of a source and a target, found by text, by form and by similarity.

    memory = TranslationMemory.load(["project.tmx"], "en", "de")
    memory.best("Open…")          100 the same text, 99 the same in another frame, below that similar
    memory.matches("Open it…")    the best few

A match of 99 or 100 is exact: its target is a translation of the text that was asked for, with its
accelerator, ellipsis, final mark and placeholders.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from seq2seq.inference.memory.forms import LabelForm, adapted, form_of, has_slots, other_slots
from seq2seq.inference.memory.similar import FEW, SimilarityIndex, percent_of, similar_keys

SAME, SAME_FORM, MOST_SIMILAR = 100, 99, 98  # percent
LEAST = 70  # percent below which a match costs more to correct than to translate anew


class MemoryUnit(NamedTuple):
    """A source with a translation.

    Attributes:
        source: The source text.
        target: Its translation.
        context: Where it stands in the program (gettext's msgctxt), None where that is not known.
        origin: What it comes from, such as a file or "suggestion".
    """

    source: str
    target: str
    context: str | None = None
    origin: str | None = None


class MemoryMatch(NamedTuple):
    """A unit that matches a text.

    Attributes:
        source: The source of the unit.
        target: Its translation, in the frame of the text that was asked for.
        score: The similarity in percent; 100 for the same text, 99 for the same in another frame.
        is_exact: Whether the target is a translation of the text: the same words and placeholders.
        context: The context of the unit.
        origin: The origin of the unit.
    """

    source: str
    target: str
    score: int
    is_exact: bool
    context: str | None = None
    origin: str | None = None


class TranslationMemory:
    """Units of one direction. Of several targets of a source the most frequent goes first, then the newest.

    The methods may be called from several threads.
    """

    def __init__(self, source_language: str | None = None, target_language: str | None = None) -> None:
        self.source_language = source_language
        self.target_language = target_language
        # Columns instead of objects: a memory of a million units is mostly its texts.
        self._sources: list[str] = []
        self._targets: list[str] = []
        self._contexts: dict[int, list[str]] = {}
        self._origins: dict[int, str] = {}
        self._counts: dict[int, int] = {}  # of units that came more than once
        self._newest: dict[int, int] = {}  # of these, the time of the last
        self._time = 0
        self._by_source: dict[str, list[int]] = {}
        self._index = _FormIndex(self._by_source)

    def __len__(self) -> int:
        return len(self._sources)

    def __repr__(self) -> str:
        return f"TranslationMemory({self.source_language}-{self.target_language}, {len(self)} units)"

    @classmethod
    def load(
        cls,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        source_language: str | None,
        target_language: str | None,
    ) -> "TranslationMemory":
        """Read the units of a direction from files: TMX, PO, MO, TSV, JSON lines.

        Regions fall back to their language: en-US serves en.

        Raises:
            ValueError: A file cannot be read, or has no unit of these languages; the message names it.
        """
        from seq2seq.inference.memory.files import read_units  # on use: formats need parsers

        memory = cls(source_language, target_language)
        for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
            for unit in read_units(path, source_language, target_language):
                memory.add(*unit)
        return memory

    def units(self) -> Iterator[MemoryUnit]:
        """Yield the units in the order in which they came, each with every context."""
        for number, (source, target) in enumerate(zip(self._sources, self._targets, strict=True)):
            contexts: list[str | None] = [*self._contexts.get(number, ())] or [None]
            for context in contexts:
                yield MemoryUnit(source, target, context, self._origins.get(number))

    def add(self, source: str, target: str, context: str | None = None, origin: str | None = None) -> None:
        """Add a unit. One that is there already becomes more frequent and newer; a blank side is left out."""
        if not source.strip() or not target.strip():
            return
        self._time += 1
        numbers = self._by_source.setdefault(source, [])
        if not numbers:
            self._index.add(source)
        number = next((number for number in numbers if self._targets[number] == target), None)
        if number is None:
            number = len(self._sources)
            self._sources.append(source)
            self._targets.append(target)
            numbers.append(number)
        else:
            self._counts[number] = self._counts.get(number, 1) + 1
        self._newest[number] = self._time
        if context and context not in self._contexts.get(number, ()):
            self._contexts.setdefault(number, []).append(context)
        if origin:
            self._origins[number] = origin

    def best(self, source: str, context: str | None = None, least: int = LEAST) -> MemoryMatch | None:
        """Return the best match of at least `least` percent, or None; units of the same context go first."""
        found = self.matches(source, 1, least, context)
        return found[0] if found else None

    def exact(self, source: str, context: str | None = None) -> MemoryMatch | None:
        """Return the best exact match, or None. Similar texts are not looked for: it takes microseconds."""
        found = self._exact(source, form_of(source), context)
        return next((match for match in found if match.is_exact), None)

    def matches(
        self, source: str, limit: int = 5, least: int = LEAST, context: str | None = None
    ) -> list[MemoryMatch]:
        """Return the best matches of at least `least` percent, best first, each target once."""
        form = form_of(source)
        found: dict[str, MemoryMatch] = {}
        for match in self._exact(source, form, context):
            if match.score >= least:
                found.setdefault(match.target, match)
        if sum(match.is_exact for match in found.values()) < limit:
            for match in self._similar(form, limit, least, context):
                found.setdefault(match.target, match)
        return sorted(found.values(), key=lambda match: -match.score)[:limit]

    def prepare(self) -> None:
        """Build the index of similar texts now instead of at the first question."""
        self._index.search("", 1, LEAST)

    def _exact(self, source: str, form: LabelForm, context: str | None) -> Iterator[MemoryMatch]:
        """Yield the matches of the same text, then those with the same key."""
        for number in self._ranked(self._by_source.get(source, ()), context):
            yield self._match(number, form, form, SAME)
        others = [other for other in self._index.sources(form.key) if other != source]
        # Among frames the likest goes first: "Open…" for "_Open…" before "Open".
        known = sorted(((form_of(other), other) for other in others), key=lambda each: _unlike(each[0], form))
        for other_form, other in known:
            for number in self._ranked(self._by_source[other], context):
                yield self._match(number, other_form, form, SAME_FORM)

    def _similar(self, form: LabelForm, limit: int, least: int, context: str | None) -> Iterator[MemoryMatch]:
        for source, percent in self._index.search(form.key, limit, least):
            known = form_of(source)
            if known.key == form.key:
                continue
            for number in self._ranked(self._by_source[source], context):
                yield self._match(number, known, form, min(percent, MOST_SIMILAR))

    def _match(self, number: int, known: LabelForm, query: LabelForm, score: int) -> MemoryMatch:
        """Return the match of a unit; without the right placeholders it is no exact one."""
        target = self._targets[number]
        is_exact = score >= SAME_FORM
        if is_exact:
            wrong = other_slots(known, query) or (not has_slots(known, target))
            if wrong:
                is_exact = False
                score = min(MOST_SIMILAR, percent_of(int(wrong), max(len(known.key), 2)))
        contexts = self._contexts.get(number)
        return MemoryMatch(
            self._sources[number],
            adapted(target, known, query, self.target_language),
            score,
            is_exact,
            contexts[0] if contexts else None,
            self._origins.get(number),
        )

    def _ranked(self, numbers: Iterable[int], context: str | None) -> list[int]:
        """Return units of one source: those of the context first, then the most frequent, then the newest."""

        def rank(number: int) -> tuple[bool, int, int]:
            elsewhere = context is None or context not in self._contexts.get(number, ())
            return elsewhere, -self._counts.get(number, 1), -self._newest[number]

        return sorted(numbers, key=rank)


def _unlike(known: LabelForm, query: LabelForm) -> tuple[int, int]:
    """Return how many parts of two forms differ, their placeholders first."""
    parts = zip(known, query, strict=True)
    return other_slots(known, query), sum(own != other for own, other in parts)


class _FormIndex:
    """The sources of a memory by their keys, built on first use, and kept as sources are added.

    Args:
        sources: the sources of the memory, which it changes.
    """

    def __init__(self, sources: dict[str, list[int]]) -> None:
        self._all = sources
        self._by_key: dict[str, list[str]] | None = None
        self._similar: SimilarityIndex | None = None
        self._indexed: list[str] = []
        self._recent: list[str] = []  # keys since the index was built
        self._lock = threading.RLock()

    def add(self, source: str) -> None:
        """Add a source that is new."""
        with self._lock:
            if self._by_key is not None:
                self._file(source)

    def sources(self, key: str) -> list[str]:
        """Return the sources with a key."""
        with self._lock:
            return list(self._keys().get(key, ()))

    def search(self, key: str, limit: int, least: int) -> list[tuple[str, int]]:
        """Return the sources with the keys most similar to a key, each with its percentage."""
        with self._lock:
            keys = self._keys()
            if self._similar is None or len(self._recent) > FEW + len(self._indexed) // 8:
                self._indexed, self._recent = list(keys), []
                self._similar = SimilarityIndex(self._indexed)
            similar, indexed, recent = self._similar, self._indexed, list(self._recent)
        found = [(indexed[number], percent) for number, percent in similar.search(key, limit, least)]
        found += [(recent[number], percent) for number, percent in similar_keys(key, recent, limit, least)]
        found.sort(key=lambda each: -each[1])
        with self._lock:
            return [(source, percent) for other, percent in found[:limit] for source in keys[other]]

    def _keys(self) -> dict[str, list[str]]:
        if self._by_key is None:
            self._by_key = {}
            for source in list(self._all):
                self._file(source)
        return self._by_key

    def _file(self, source: str) -> None:
        assert self._by_key is not None
        key = form_of(source).key
        sources = self._by_key.setdefault(key, [])
        if not sources:
            self._recent.append(key)
        sources.append(source)
