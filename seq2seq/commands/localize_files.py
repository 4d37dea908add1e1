"""Files of `seq2seq localize`: found, read with their entries, and written as a whole.

    po/de.po                        --in-place     the same file
    po/de.po                        --output out   out/de.po
    res/values/strings.xml          --in-place     res/values-de/strings.xml
    po                              every catalog below it that is of the target language, or of none

Without either flag app.po becomes app.de.po beside it, which must not exist.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seq2seq.commands import CommandError
from seq2seq.commands.lines import read_bytes
from seq2seq.documents import translated_name
from seq2seq.documents.catalogs import (
    CATALOG_ENDINGS,
    Catalog,
    CatalogEntry,
    is_catalog,
    is_monolingual,
    localized_name,
    open_catalog,
)
from seq2seq.storage.atomic import replace_file
from seq2seq.text.languages import language_name, served_language

if TYPE_CHECKING:
    from seq2seq.inference.localization.suggestions import Suggestion

SOURCE = "en"  # the language of nearly all programs, where neither flags nor files name one

# In a folder these may be anything; a file that is no catalog is not named there.
_COMMON = (".xml", ".json", ".yml", ".yaml", ".ts", ".properties")
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "build", "dist"})


@dataclass
class CatalogFile:
    """A catalog with its place, the suggestions for its entries, and what came of them.

    Attributes:
        path: the file that was given.
        output: the file to write.
        catalog: its entries.
        pending: the entries to fill.
        suggestions: those that were made, by the number in `pending`.
        filled: the numbers in `pending` that were filled.
        refused: by number, why a suggestion was not taken.
    """

    path: Path
    output: Path
    catalog: Catalog
    pending: list[CatalogEntry]
    suggestions: "dict[int, Suggestion]" = field(default_factory=dict)
    filled: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """True once each pending entry has had its suggestion."""
        return len(self.suggestions) == len(self.pending)

    def write(self) -> None:
        """Write the catalog, as a whole.

        Raises:
            CommandError: the file could not be written; what was there before is unchanged.
        """
        try:
            self.output.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.output.resolve(), self.catalog.to_bytes())
        except OSError as error:
            raise CommandError(
                f"{self.output} could not be written ({error.strerror or error}), what was there before is "
                "unchanged; choose another place with --output"
            ) from error


class FoundFile(NamedTuple):
    """A file that paths name, the folder that its place is relative to, and whether it was named itself."""

    path: Path
    root: Path
    is_named: bool


@dataclass(frozen=True)
class Placement:
    """The place of results: the files themselves, a folder, or beside the files."""

    in_place: bool = False
    folder: Path | None = None

    def output_of(self, path: Path, root: Path, language: str) -> Path:
        """Return the file that holds the result of another.

        Args:
            path: the file that is read.
            root: the folder that was given and holds it, or its own folder.
            language: the code of the target language.

        Raises:
            ValueError: the file exists, and nothing says that it may be replaced.
        """
        localized = Path(localized_name(str(path), language))
        if self.folder is not None:
            return self.folder / localized.relative_to(root)
        is_beside = localized == path and not self.in_place
        output = path.with_name(translated_name(path.name, language)) if is_beside else localized
        # A template's own result may be a translator's work by now; it is filled as what it is.
        if output.exists() and not (self.in_place and (localized == path or is_monolingual(path.name))):
            remedy = "localize that file" if self.in_place else "fill it with --in-place, or move it away"
            raise ValueError(f"{output} exists; {remedy}, or choose a folder with --output")
        return output


def find_files(
    names: Sequence[str], language: str, placement: Placement, source: str | None = None
) -> Iterator[FoundFile]:
    """Yield the files that paths name, those of folders among them.

    Args:
        names: files and folders.
        language: the code of the target language.
        placement: where results go.
        source: the code of the source language; None for English.

    Raises:
        ValueError: a path does not exist, or is a folder without catalogs, or without a place for its files.
    """
    for name in names:
        path = Path(name)
        if path.is_dir():
            if not placement.in_place and placement.folder is None:
                raise ValueError(
                    f"{name} is a folder; fill its files with --in-place, or name one with --output"
                )
            found = [
                file for file in _files_below(path) if _may_be_read(file, path, language, source or SOURCE)
            ]
            if not found:
                raise ValueError(f"{name} holds no catalog; they end in {', '.join(CATALOG_ENDINGS)}")
            yield from (FoundFile(file, path, False) for file in found)
        elif path.exists():
            yield FoundFile(path, path.parent, True)
        else:
            raise ValueError(f"{name} does not exist; check the path")


def _files_below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _LEFT_OUT)
        yield from (Path(place) / name for name in sorted(files) if name[0] != "." and is_catalog(name))


def _may_be_read(path: Path, root: Path, language: str, source: str) -> bool:
    """Return whether a file of a folder is one to fill: no settings, and no translation of another file."""
    if path.suffix == ".xml":
        return path.parent.name == "values"
    if path.suffix in (".json", ".yml", ".yaml"):
        # Only what is named by the source language: package.json and the like are no catalogs.
        words = re.split(r"[/\\._-]", str(path.relative_to(root).with_suffix("")))
        return source in words
    if is_monolingual(path.name):
        # Strings.de.resx is the result for Strings.resx.
        return not any(
            Path(localized_name(str(other), language)) == path and other != path
            for other in path.parent.iterdir()
        )
    return True


def read_file(found: FoundFile, language: str, placement: Placement) -> tuple[Catalog, Path] | None:
    """Read a catalog; None for one of a folder that is of another language, or is no catalog.

    Args:
        found: the file.
        language: the code of the target language.
        placement: where results go.

    Returns:
        The catalog, and the file to write.

    Raises:
        ValueError: it cannot be read, or is in another language than the target.
    """
    path, root, is_named = found
    data = read_bytes(str(path))
    output = placement.output_of(path, root, language)
    try:
        if is_monolingual(path.name):
            target = Path(localized_name(str(path), language))
            existing = read_bytes(str(target)) if target.exists() else None
            return open_catalog(str(path), data, language, existing), output
        declared = open_catalog(str(path), data).target_language
        if declared and served_language(declared, [language]) is None:
            if not is_named:
                return None
            raise ValueError(
                f"{path} is in {language_name(declared)} ({declared}) by its own account, not in "
                f"{language_name(language)}; name its language with --target-language"
            )
        return open_catalog(str(path), data, language), output
    except ValueError:
        if not is_named and path.suffix in _COMMON:
            return None
        raise


def entries_to_fill(catalog: Catalog, *, only_missing: bool) -> list[CatalogEntry]:
    """Return the entries without a translation and, unless only they, those to be reviewed."""
    states = ("missing",) if only_missing else ("missing", "review")
    return [entry for entry in catalog.entries if entry.state in states and entry.source.strip()]


def check_writable(path: Path) -> None:
    """Refuse a place that cannot be written, now rather than when the work is done.

    Raises:
        CommandError: with the remedy.
    """
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    can_write = os.access(path, os.W_OK) if path.exists() else folder.is_dir() and os.access(folder, os.W_OK)
    if not can_write or (path.exists() and not os.access(folder, os.W_OK)):
        raise CommandError(f"{path} cannot be written; choose another place with --output")
