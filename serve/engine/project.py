"""The terms and earlier translations of a project, heeded on every route.

    text ─┬─ suggested or in the memory, exactly ──> recalled
          └─ not ──> model, with the glossary of its languages unless the request has one

Suggestions are heeded before the memory, those of other processes that share their file among them.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from seq2seq import DecodeOptions
from seq2seq.inference.memory.entries import MemoryEntry, serves
from seq2seq.inference.memory.files import load_directions
from seq2seq.inference.memory.memory import MemoryMatch, TranslationMemory
from seq2seq.inference.memory.recall import recall
from seq2seq.inference.memory.suggestions import SuggestionFile
from seq2seq.text.glossary import GlossaryPairs, read_glossary, split_languages

from .registry import LanguagePair

if TYPE_CHECKING:
    from .registry import Hop
    from .routing import Route

SUGGESTED = "suggestion"  # the origin of a unit that a user suggested


class Project:
    """Memories and glossaries by direction, and a file for suggestions."""

    def __init__(
        self,
        pairs: Sequence[LanguagePair],
        memories: dict[LanguagePair, TranslationMemory] | None = None,
        glossaries: dict[LanguagePair, GlossaryPairs] | None = None,
        suggestions: SuggestionFile | None = None,
    ) -> None:
        self.pairs = pairs
        self.memories = memories or {}
        self.suggestions = suggestions
        self._glossaries = glossaries or {}
        self._suggested: dict[LanguagePair, TranslationMemory] = {}
        self._taking = threading.Lock()  # of several threads one takes what is new
        # A request's options are few, and each change of them is checked anew.
        self._with_terms = lru_cache(maxsize=256)(self._add_terms)

    @classmethod
    def load(
        cls,
        pairs: Sequence[LanguagePair],
        memories: Sequence[str] = (),
        glossaries: Sequence[str] = (),
        suggestions: str | None = None,
    ) -> "Project | None":
        """Read the files of a project; None for no file.

        Raises:
            ValueError: A file cannot be read, or is of no language that is served.
        """
        if not (memories or glossaries or suggestions):
            return None
        file = SuggestionFile(suggestions) if suggestions else None
        if file:
            file.check()
        project = cls(pairs, load_directions(memories, pairs), load_glossaries(glossaries, pairs), file)
        for memory in project.memories.values():
            memory.exact("")  # makes the index now, so that no request waits for it
        project.take_suggestions()
        return project

    @property
    def has_memory(self) -> bool:
        """True where there is a memory, if only of what will be suggested."""
        return bool(self.memories) or self.suggestions is not None

    def recall(self, text: str, options: DecodeOptions, hops: Sequence["Hop"]) -> MemoryMatch | None:
        """Return the exact match of a text on a route, or None; the options' own words go before it."""
        if not hops:
            return None
        found = [recall(memory, text, options) for memory in self._of(_pair(hops))]
        return max(filter(None, found), key=lambda match: match.score, default=None)

    def recall_all(
        self, texts: Sequence[str], options: DecodeOptions, routes: Sequence["Route"]
    ) -> dict[int, MemoryMatch]:
        """Return the exact matches of those texts that have one, by their numbers."""
        found = {
            number: self.recall(text, options, route.hops)
            for number, (text, route) in enumerate(zip(texts, routes, strict=True))
        }
        return {number: match for number, match in found.items() if match}

    def matches(self, text: str, hops: Sequence["Hop"], limit: int = 3) -> list[MemoryMatch]:
        """Return the best matches of a text on a route, exact and similar, suggestions before the memory."""
        memories = self._of(_pair(hops)) if hops else []
        found = [match for memory in memories for match in memory.matches(text, limit)]
        return sorted(found, key=lambda match: -match.score)[:limit]

    def options_on(self, options: DecodeOptions, hops: Sequence["Hop"]) -> DecodeOptions:
        """Return the options of a route, with the glossary of its languages where they have none.

        A route through another language has none: its first model does not know the terms' translations.
        """
        if options.glossary or len(hops) != 1 or _pair(hops) not in self._glossaries:
            return options
        return self._with_terms(options, _pair(hops))

    def suggest(self, source: str, target: str, pair: LanguagePair) -> None:
        """Keep a suggestion, which is heeded from now on.

        Raises:
            OSError: The file cannot be written.
            ValueError: The file is full.
        """
        assert self.suggestions is not None
        self.suggestions.append(MemoryEntry(((pair[0], source), (pair[1], target)), None, SUGGESTED))
        self.take_suggestions()

    def take_suggestions(self) -> None:
        """Take the suggestions that came to the file since the last call."""
        if self.suggestions is None:
            return
        with self._taking:
            for entry in self.suggestions.new():
                (source_language, source), (target_language, target) = entry.texts[:2]
                for pair in self.pairs:
                    # Not the other way round: a suggestion is for the direction in which it was made.
                    if serves(source_language, pair[0]) and serves(target_language, pair[1]):
                        memory = self._suggested.setdefault(pair, TranslationMemory(*pair))
                        memory.add(source, target, entry.context, entry.origin or SUGGESTED)

    def _of(self, pair: LanguagePair) -> list[TranslationMemory]:
        """Return the memories of a direction, suggestions first."""
        self.take_suggestions()
        found = [known.get(pair) for known in (self._suggested, self.memories)]
        return [memory for memory in found if memory is not None]

    def _add_terms(self, options: DecodeOptions, pair: LanguagePair) -> DecodeOptions:
        try:
            return replace(options, glossary=self._glossaries[pair])
        except ValueError:  # the request bans or stops at what a term would write: its own words go first
            return options


def load_glossaries(paths: Sequence[str], pairs: Sequence[LanguagePair]) -> dict[LanguagePair, GlossaryPairs]:
    """Read glossaries by direction; of a term in several files the last is taken.

    Raises:
        ValueError: A file cannot be read, or does not name its languages though several directions are
            served.
    """
    merged: dict[LanguagePair, dict[str, str]] = {}
    for path in paths:
        languages, terms = split_languages(read_glossary(path), lambda *row: bool(_served(row, pairs)))
        served = _served(languages, pairs) if languages else list(pairs)
        if languages is None and len(pairs) != 1:
            shown = ", ".join(f"{source} to {target}" for source, target in pairs)
            raise ValueError(
                f"{path} names no languages, and {shown} are served; begin it with a line such as en, a tab, "
                "de, or serve one direction"
            )
        for pair in served:
            known = merged.setdefault(pair, {})
            for term, translation in terms:
                known[term.casefold()] = translation
    glossaries = {pair: tuple(terms.items()) for pair, terms in merged.items() if terms}
    for pair_terms in glossaries.values():
        DecodeOptions(glossary=pair_terms)  # refuses a term that came in two forms
    return glossaries


def _served(languages: Sequence[str], pairs: Sequence[LanguagePair]) -> list[LanguagePair]:
    """Return the directions that two languages serve, regions aside."""
    return [pair for pair in pairs if serves(languages[0], pair[0]) and serves(languages[1], pair[1])]


def _pair(hops: Sequence["Hop"]) -> LanguagePair:
    return hops[0].source.lower(), hops[-1].target.lower()
