"""What stands on one visitor's page: the parts of the text, and for each the translations known of it.

    Shown ─> Part (a segment of the text) ─> Version (a translation: its pieces and its score)

Maps and candidates are not kept: they are computed anew from the pieces, one forced pass each.
"""

from typing import NamedTuple

from seq2seq import Translator
from seq2seq.inference.results import Alternative, Translation
from seq2seq.text.joining import join

from ..engine.registry import LanguagePair


class PartVersion(NamedTuple):
    """A translation of one part; one given back as it is has no pieces."""

    text: str
    pieces: tuple[str, ...] = ()
    score: float = 0.0
    log_probability: float = 0.0


class PagePart(NamedTuple):
    """A segment of the text with what separates it from the next.

    `versions` are the model's own, best first, then those that the reader brought about; `chosen` is the
    one on the page, `own` how many are the model's, `forced` the steps whose piece the reader chose.
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
        """The part with another of its translations on the page."""
        return self._replace(chosen=number, forced=() if number < self.own else self.forced)

    def add(self, version: PartVersion, forced: tuple[int, ...]) -> "PagePart":
        """The part with a translation that the reader brought about, in the place of an earlier one."""
        versions = (*self.versions[: self.own], version)
        return self._replace(versions=versions, chosen=self.own, forced=forced)


class PageState(NamedTuple):
    """Every part of the text, and how it was translated; no part before a text is.

    `pair` is that of the model that is looked at, the last on the way; None where the text was in its target
    language already. `way` are the languages from the text's to its translation's, where that is to be said:
    the first was detected, or there is one between.
    """

    pair: LanguagePair | None = None
    parts: tuple[PagePart, ...] = ()
    way: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole translation."""
        sewn = [(part.source, part.version.text) for part in self.parts]
        return join(sewn, [part.separator for part in self.parts])

    @property
    def visible(self) -> list[int]:
        """The numbers of the parts that there is something to be seen of."""
        return [number for number, part in enumerate(self.parts) if part.source.strip()]

    def replace(self, number: int, part: PagePart) -> "PageState":
        """The same with one part changed."""
        return self._replace(parts=(*self.parts[:number], part, *self.parts[number + 1 :]))


def read_version(found: Translation | Alternative) -> PartVersion:
    """A translation or an alternative of it as a version."""
    return PartVersion(found.text, tuple(found.tokens), found.score, found.log_probability)


def read_part(source: str, separator: str, found: Translation) -> PagePart:
    """A translated segment."""
    versions = (read_version(found), *map(read_version, found.alternatives))
    return PagePart(source, separator, versions, own=len(versions))


def is_blank(translator: Translator, part: PagePart) -> bool:
    """Whether the part was given back as it is, with nothing to be looked at."""
    ids = translator.tokenizer_of(part.source).encode(part.source)
    return not part.version.pieces or not translator.knows(ids)
