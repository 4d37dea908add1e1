"""Text for a language model: text files, tables or a hub data set, read as a stream.

    text files     one endless text, line by line; the last `valid_share` of its characters is for validation
    tables, hub    a document per row; without a validation split, evenly spread rows, `valid_share` of them

Nothing is held in memory, so a corpus may be larger than memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from seq2seq.text.tables import cell, read_lines, read_table, table_kind

from .hub import open_data_set, open_parquet


@dataclass(frozen=True)
class TextCorpus:
    """A source of text, and the part of it for validation.

    Args:
        name: a hub data set, or a folder laid out like one.
        subset: the configuration of a hub data set that has several.
        files: instead of name, text files (.txt, read one after the other as one text) or tables (.tsv .csv
            .jsonl .parquet, a document per row); all but Parquet may be gzipped. One file, or [a list].
        valid_files: the validation files, likewise; they replace the validation split of name.
        language: the language of the text.
        column: the column that holds the text.
        valid_share: share that is split off for validation where there is no validation data.
        streaming: read a hub data set while it downloads instead of downloading all of it first.
        most_characters: stop after this many characters of training text; 0 for no limit.
    """

    name: str | None = None
    subset: str | None = None
    files: str | list[str] = field(default_factory=list)
    valid_files: str | list[str] = field(default_factory=list)
    language: str = "en"
    column: str = "text"
    valid_share: float = 0.1
    streaming: bool = False
    most_characters: int = 0

    def __post_init__(self) -> None:
        if bool(self.name) == bool(self.files):
            raise ValueError(
                f"data.name is {self.name!r} and data.files is {self.files}; give one of the two: a data set "
                "of the hub, or text files of your own, such as --data.files book.txt"
            )
        for place in [self.name or "", *self.training_files, *self.validation_files]:
            if "://" in place:
                raise ValueError(f"data names {place!r}, a URL; download it first and name the local file")
        if not 0 < self.valid_share < 1:
            raise ValueError(f"data.valid_share is {self.valid_share}; give a number between 0 and 1")
        if self.most_characters < 0:
            raise ValueError(f"data.most_characters is {self.most_characters}; give 0 (no limit) or more")
        kinds = {table_kind(file) is None for file in [*self.training_files, *self.validation_files]}
        kinds |= {False} if self.name else set()  # its rows are documents, as those of a table
        if len(kinds) > 1:
            named = self.name or ", ".join(self.training_files)
            raise ValueError(
                f"data {named} and data.valid_files {self.validation_files} mix tables and text; use one kind"
            )

    @property
    def training_files(self) -> list[str]:
        """The files to train on."""
        return [self.files] if isinstance(self.files, str) else self.files

    @property
    def validation_files(self) -> list[str]:
        """The files to validate on."""
        return [self.valid_files] if isinstance(self.valid_files, str) else self.valid_files

    @property
    def ends(self) -> bool:
        """True where each text is a document with an end (tables), False for the lines of text files."""
        return not self.training_files or table_kind(self.training_files[0]) is not None

    @property
    def where(self) -> str:
        """The corpus in words, for reports and the model card."""
        return self.name or ", ".join(Path(file).name for file in self.training_files)


TextSource = Callable[[], Iterator[str]]  # reads from the beginning each time it is called


def open_texts(corpus: TextCorpus) -> tuple[TextSource, TextSource]:
    """Return training and validation text: whole documents, or lines with their line breaks."""
    training, validation = _open_split(corpus)
    most = corpus.most_characters
    return (lambda: _limited(training(), most)) if most else training, validation


def _open_split(corpus: TextCorpus) -> tuple[TextSource, TextSource]:
    def split_rows(rows: TextSource) -> tuple[TextSource, TextSource]:
        is_validation = _spread_over(corpus.valid_share)
        return (
            lambda: (text for number, text in enumerate(rows()) if not is_validation(number)),
            lambda: (text for number, text in enumerate(rows()) if is_validation(number)),
        )

    if corpus.name:
        training = _rows_of(corpus, "train")
        if corpus.validation_files:
            return training, lambda: _read(corpus.validation_files, corpus.column)
        try:
            return training, _rows_of(corpus, "validation")
        except ValueError:  # a data set without that split
            return split_rows(training)
    training = lambda: _read(corpus.training_files, corpus.column)  # noqa: E731
    if corpus.validation_files:
        return training, lambda: _read(corpus.validation_files, corpus.column)
    if corpus.ends:
        return split_rows(training)
    characters = sum(map(len, training()))
    size = int(characters * (1 - corpus.valid_share))
    return lambda: _limited(training(), size), lambda: _rest(training(), size)


def _spread_over(share: float) -> Callable[[int], bool]:
    """Return a test of indices from 0: true for `share` of them, evenly spread, 0 among them."""
    exact = Fraction(
        str(share)
    )  # the float 0.1 is not a tenth, and errors would add up over millions of rows
    return lambda number: number * exact.numerator % exact.denominator < exact.numerator


def _rows_of(corpus: TextCorpus, split: Any) -> TextSource:
    """Return the documents of a split of a hub data set."""
    assert corpus.name is not None
    data_set = open_data_set(corpus.name, corpus.subset, split, streaming=corpus.streaming)
    return lambda: _cells(data_set, corpus.column, f"data.name {corpus.name!r}")


def _read(files: list[str], column: str) -> Iterator[str]:
    for file in files:
        match table_kind(file):
            case None:
                yield from (f"{line}\n" for line in read_lines(file))
            case "parquet":
                yield from _cells(open_parquet([file]), column, file)
            case _:
                yield from (row[0] for row in read_table(file, (column,)))


def _cells(data_set: Any, column: str, where: str) -> Iterator[str]:
    for number, row in enumerate(data_set, start=1):
        yield cell(row, column, f"{where}, row {number},")


def _limited(texts: Iterator[str], most: int) -> Iterator[str]:
    """Yield the first `most` characters, the last text cut there."""
    for text in texts:
        if len(text) >= most:
            yield text[:most]
            return
        yield text
        most -= len(text)


def _rest(texts: Iterator[str], first: int) -> Iterator[str]:
    """Yield all but the first `first` characters."""
    for text in texts:
        if first < len(text):
            yield text[first:]
        first = max(0, first - len(text))
