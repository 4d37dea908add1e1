"""Catalogs of strings: their entries, and the file that comes back with some of them filled.

A reader makes a `Catalog` with its entries, `fill` gives an entry its translation, `to_bytes` writes the
file. What is not filled comes back byte for byte.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from seq2seq.documents.catalogs.elements import elements_problem

State = Literal["missing", "review", "done"]


class CatalogError(ValueError):
    """A catalog that cannot be read or filled: its name, the line where that is known, and a remedy.

    Args:
        name: the file's name.
        sentence: the problem and its remedy, without the name and without a full stop.
        line: the line, counted from 1.
    """

    def __init__(self, name: str, sentence: str, line: int | None = None) -> None:
        place = f"{name!r}, line {line}" if line else f"{name!r}"
        super().__init__(f"{place}: {sentence}")
        self.name = name
        self.line = line


@dataclass(eq=False)
class CatalogEntry:
    """A string of a catalog with its translation.

    Attributes:
        key: the name of the entry in its file, unique but for duplicates.
        source: the text to translate. With `markup` it is an XML fragment; otherwise plain text, unescaped.
        targets: the translations, one, or one for each plural form; an empty string is missing.
        context: what tells equal sources apart (msgctxt, the class of a dialog).
        source_plural: the source for several things; None for an entry without plural forms.
        plural_forms: the number of targets.
        singular_form: the number of the form that serves the number 1; None where no form is its own.
        flags: the format of the placeholders and the like, such as `c-format`.
        state: `missing` if a target is empty, `review` if the file marks the targets as unsure, else `done`.
        comment: remarks of the file for translators.
        max_length: the longest translation, in characters.
        markup: whether source and targets are XML fragments: `&` and `<` are escaped, and elements must
            come back once each.
        line: the line where the entry begins, from 1.
    """

    key: str
    source: str
    targets: list[str] = field(default_factory=lambda: [""])
    context: str = ""
    source_plural: str | None = None
    plural_forms: int = 1
    singular_form: int | None = None
    flags: frozenset[str] = frozenset()
    state: State = "missing"
    comment: str = ""
    max_length: int | None = None
    markup: bool = False
    line: int = 0

    @property
    def sources(self) -> list[str]:
        """The text to translate for each target: the singular for the form of 1, else the plural."""
        if self.source_plural is None:
            return [self.source]
        return [
            self.source if form == self.singular_form else self.source_plural
            for form in range(self.plural_forms)
        ]


class Filling(NamedTuple):
    """The targets of an entry, a note for translators, and whether they are marked as unsure."""

    targets: list[str]
    note: str | None
    review: bool


class Catalog(ABC):
    """A file of strings to translate; each format derives its own.

    Attributes:
        name: the file's name, for errors.
        entries: the entries that can be filled, in the order of the file.
        source_language: the code that the file declares, None if none.
        target_language: the code that the file declares or the caller gave, None if none.
    """

    def __init__(
        self,
        name: str,
        entries: Sequence[CatalogEntry],
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> None:
        self.name = name
        self.entries = list(entries)
        self.source_language = source_language
        self.target_language = target_language
        self._fillings: dict[CatalogEntry, Filling] = {}

    def fill(
        self, entry: CatalogEntry, targets: Sequence[str], *, note: str | None = None, review: bool = True
    ) -> None:
        """Give an entry its translations; a later call replaces an earlier one.

        Args:
            entry: one of `entries`.
            targets: as many as `entry.plural_forms`, in the syntax of `entry.source`.
            note: a remark for translators, written where the format has a place for it.
            review: mark the translation as unsure, where the format has a mark.

        Raises:
            CatalogError: the targets are too few, too many or empty, or the format cannot hold them.
        """
        if len(targets) != entry.plural_forms or not all(targets):
            raise CatalogError(
                self.name,
                f"{entry.key!r} takes {entry.plural_forms} translations that are not empty, "
                f"but was given {list(targets)!r}",
                entry.line,
            )
        self._check(entry, targets)
        self._fillings[entry] = Filling(list(targets), note, review)
        entry.targets = list(targets)
        entry.state = "review" if review else "done"

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return the file with its filled entries; all else is byte for byte as it was read."""

    def set_target_language(self, code: str) -> None:
        """Set the code of the target language, which formats that declare theirs write into the file."""
        self.target_language = code

    def _check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a CatalogError if the format cannot hold the targets."""
        if not entry.markup:
            return
        for source, target in zip(entry.sources, targets, strict=True):
            problem = elements_problem(source, target)
            # A form may serve 1 and 21, so that it takes the elements of either source.
            if problem and entry.source_plural is not None:
                problem = elements_problem(entry.source_plural, target) and problem
            if problem:
                sentence = f"the translation of {entry.key!r} {problem}: {target!r}; keep the elements"
                raise CatalogError(self.name, sentence, entry.line)


class Replacement(NamedTuple):
    """A replacement of the characters from `start` to `end`, which is not included."""

    start: int
    end: int
    new: str


def edited(text: str, replacements: Iterable[Replacement]) -> str:
    """Return a text with replacements made; those at one place come in the order given.

    Raises:
        AssertionError: two replacements overlap, which is a reader's mistake.
    """
    parts: list[str] = []
    position = 0
    for start, end, new in sorted(replacements, key=lambda each: each[:2]):
        assert start >= position, f"the replacement at {start} overlaps the one before"
        parts += [text[position:start], new]
        position = end
    return "".join([*parts, text[position:]])
