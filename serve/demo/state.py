"""State of one visitor's page: the parts of the text, and the translations known of each.

    PageState ─> PagePart (a segment of the text) ─> PartVersion (a translation: its tokens and its score)

Maps and candidates are not stored: they are computed anew from the tokens, with one forced pass each.
"""

from typing import NamedTuple

from seq2seq import Translator
from seq2seq.inference.results import Alternative, Translation
from seq2seq.text.joining import join

from ..engine.registry import LanguagePair


class PartVersion(NamedTuple):
    """A translation of one part; one that was returned unchanged has no tokens."""

    text: str
    tokens: tuple[str, ...] = ()
    score: float = 0.0
    log_probability: float = 0.0


class PagePart(NamedTuple):
    """A segment of the text with what separates it from the next.

    `versions` are the model's own, best first, then the one that the reader forced. `chosen` is the one on
    the page, `own` the number of the model's, `forced` the steps whose token the reader chose.
    """

    source: str
    separator: str
    versions: tuple[PartVersion, ...]
    own: int = 1
    chosen: int = 0
    forced: tuple[int, ...] = ()

    @property
    def version(self) -> PartVersion:
        """The translation on the page."""
        return self.versions[self.chosen]

    def choose(self, number: int) -> "PagePart":
        """Return the part with another of its translations on the page."""
        return self._replace(chosen=number, forced=() if number < self.own else self.forced)

    def add(self, version: PartVersion, forced: tuple[int, ...]) -> "PagePart":
        """Return the part with a translation that the reader forced, which replaces an earlier one."""
        versions = (*self.versions[: self.own], version)
        return self._replace(versions=versions, chosen=self.own, forced=forced)


class PageState(NamedTuple):
    """All parts of the text, and how it was translated; without parts before the first translation.

    `pair` is that of the model that the tabs show, the last of the route; None where the text was in its
    target language already. `route` are the languages from the text's to its translation's where the reader
    did not choose them: the first was detected, or there is a pivot. `is_unlike` says that the text is unlike
    those that the model was trained on. `is_served` is false where the language that was
    detected is not served. `is_writing` says that a translation is being written, without parts so far.
    `recalled` is the percentage of a unit of the memory that it was recalled from, 0 for a model's.
    `left_out` is what the translation probably lacks of the text, in the text's words.
    """

    pair: LanguagePair | None = None
    parts: tuple[PagePart, ...] = ()
    route: tuple[str, ...] = ()
    is_unlike: bool = False
    is_served: bool = True
    is_writing: bool = False
    recalled: int = 0
    left_out: str = ""

    @property
    def unchanged(self) -> str:
        """The label that says why a text without a model's `pair` was returned unchanged."""
        return "same_language" if self.is_served else "not_served"

    @property
    def source(self) -> str:
        """The whole text that the last model read, the reader's own unless there is a pivot."""
        return "".join(part.source + part.separator for part in self.parts)

    @property
    def text(self) -> str:
        """The whole translation."""
        translated = [(part.source, part.version.text) for part in self.parts]
        return join(translated, [part.separator for part in self.parts])

    @property
    def visible(self) -> list[int]:
        """The numbers of the parts that are not blank."""
        return [number for number, part in enumerate(self.parts) if part.source.strip()]

    def replace(self, number: int, part: PagePart) -> "PageState":
        """Return the state with one part changed."""
        return self._replace(parts=(*self.parts[:number], part, *self.parts[number + 1 :]))


def read_version(translation: Translation | Alternative) -> PartVersion:
    """Return a translation or an alternative of it as a version."""
    tokens = tuple(translation.tokens)
    return PartVersion(translation.text, tokens, translation.score, translation.log_probability)


def read_part(source: str, separator: str, translation: Translation) -> PagePart:
    """Return a translated segment as a part."""
    versions = (read_version(translation), *map(read_version, translation.alternatives))
    return PagePart(source, separator, versions, own=len(versions))


def is_unchanged(translator: Translator, part: PagePart) -> bool:
    """Return whether the model returned the part as it is, so that there is nothing to explain."""
    ids = translator.tokenizer_of(part.source).encode(part.source)
    return not part.version.tokens or not translator.knows(ids)
