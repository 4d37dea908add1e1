"""Parallel text: from a hub data set, a folder like one, or local files, through `datasets`, to clean rows.

    Corpus --read--> (source, target), ... in one buffer --clean--> kept rows + a report

A row holds texts that translate each other, one per language: a pair, or more where `languages` has more.
Cleaning keeps a row unchanged or drops it. Training rows that share a text with the validation set are
dropped.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

from datasets import Dataset

from seq2seq.documents.bitext import is_bitext, languages_of, read_bitext
from seq2seq.text.tables import TableRow, cell, names_of, read_side_by_side, read_table, table_kind

from .cleaning import CleaningReport, clean, row_digest
from .hub import Split, open_data_set, open_parquet
from .packed import PackedRows
from .strings import most_frequent, plain_rows

Direction = tuple[str, str]  # source and target language

# Without validation files every 20th source is split off, at most 1,000.
SPLIT_EVERY, MOST_SPLIT = 20, 1000
MOST_WEIGHT = 1000


@dataclass(frozen=True)
class Corpus:
    """A source of parallel text, and the limits of its cleaning.

    Args:
        name: a hub data set such as bentrevett/multi30k, or a folder laid out like one.
        subset: the configuration of a hub data set that has several, such as de-en.
        files: instead of name, the training files: tables (.tsv .csv .jsonl .json .parquet), bilingual files
            (.tmx .xlf .po .mo) or folders of them, or pairs of text files, source before target (with
            languages, one file per language, in that order). One file, or [a list].
        synthetic: tables of pairs translated by a model (`seq2seq synthesize`), trained on beside the
            others; their columns are named by the languages (with data.languages two or more of them), or
            source and target where both are of one language. One file, or [a list].
        valid_files: the validation files, likewise; they replace the validation split of name.
        source: the language translated from.
        target: the language translated to.
        languages: instead of source and target, languages that all translate each other: the model learns
            every direction, and a tag on the source names the target language.
        columns: the columns of these languages, by name or, in TSV and CSV without header, by number from 0;
            null: named by the languages.
        max_characters: pairs with more characters on a side are dropped.
        max_ratio: pairs with a larger ratio of the longer side to the shorter, 10 characters added to both,
            are dropped.
        weight: how often each pair of this corpus is trained on in an epoch; below 1 a share of the pairs,
            drawn anew for each epoch.
        strings: the texts are strings of programs: accelerators, ellipses and blanks around them are taken
            off, what is copied (`%s`, markup, addresses) becomes a placeholder of the vocabulary, and of a
            source with several translations the most frequent stays.
    """

    name: str | None = None
    subset: str | None = None
    files: str | list[str] = field(default_factory=list)
    synthetic: str | list[str] = field(default_factory=list)
    valid_files: str | list[str] = field(default_factory=list)
    source: str = "en"
    target: str = "de"
    languages: list[str] = field(default_factory=list)
    columns: list[str | int] | None = None
    max_characters: int = 1000
    max_ratio: float = 6.0
    weight: float = 1.0
    strings: bool = False

    def __post_init__(self) -> None:
        if bool(self.name) == bool(self.files):
            remedy = (
                "and where the recipe names the other, set that to null or []"
                if self.name
                else "such as --data.files pairs.tsv; an overlay goes over a recipe that has one: "
                "--config quickstart --config attention/gqa.yaml"
            )
            raise ValueError(
                f"data.name is {self.name!r} and data.files is {self.files}; give one of the two, {remedy}"
            )
        for place in [self.name or "", *self.files_of("train"), *self.files_of("validation")]:
            if "://" in place:
                raise ValueError(f"data names {place!r}, a URL; download it first and name the local file")
        if len(self.languages) == 1 or len(set(self.languages)) != len(self.languages):
            raise ValueError(f"data.languages is {self.languages}; name two or more different languages")
        if len(set(self.column_names)) != len(self.spoken) or len(self.column_names) != len(self.spoken):
            count = {2: "two"}.get(len(self.spoken), len(self.spoken))
            raise ValueError(
                f"data.columns is {self.columns}; name {count} different columns, "
                + (f"those of {', '.join(self.languages)}" if self.languages else "source first")
            )
        if self.max_characters < 1:
            raise ValueError(f"data.max_characters is {self.max_characters}; give at least 1")
        if self.max_ratio < 1:
            raise ValueError(f"data.max_ratio is {self.max_ratio}; give at least 1")
        if not 0 < self.weight <= MOST_WEIGHT:
            raise ValueError(
                f"data.weight is {self.weight}; give a number above 0 up to {MOST_WEIGHT}, such as 0.5"
            )

    def files_of(self, split: Split) -> list[str]:
        """Return the local files of a split."""
        files = {"train": self.files, "validation": self.valid_files, "test": []}[split]
        return [files] if isinstance(files, str) else files

    @property
    def spoken(self) -> tuple[str, ...]:
        """The languages of a row."""
        return tuple(self.languages) or (self.source, self.target)

    @property
    def directions(self) -> list[Direction]:
        """The translation directions of the corpus."""
        return list(permutations(self.languages, 2)) or [(self.source, self.target)]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of `spoken`."""
        return tuple(str(column) for column in self.columns or self.spoken)


def load_corpus(corpus: Corpus) -> tuple[PackedRows, PackedRows, CleaningReport]:
    """Return the cleaned training rows, the validation rows unchanged, and the report of the cleaning."""
    raw, validation, split_off = read_corpus(corpus)
    training, report = clean_corpus(corpus, raw, list(zip(*validation, strict=True)))
    report.split_off = split_off
    return training, validation, report


def read_corpus(corpus: Corpus) -> tuple[PackedRows, PackedRows, int]:
    """Return training and validation rows unchanged, and how many of the latter were split off.

    Of files without validation files every 20th source, or 1,000 evenly spread ones, are split off for
    validation, after the cleaning.
    """
    raw, validation, split_off = load_pairs(corpus, "train"), PackedRows(), 0
    if corpus.strings:
        raw = PackedRows(most_frequent(plain_rows(raw)))
    if corpus.name or corpus.valid_files:
        validation = load_pairs(corpus, "validation")
        if corpus.strings:
            validation = PackedRows(plain_rows(validation))
    else:
        raw, validation = _split(raw, corpus)
        split_off = len(validation)
    raw.extend(load_synthetic(corpus))
    return raw, validation, split_off


def _split(raw: PackedRows, corpus: Corpus) -> tuple[PackedRows, PackedRows]:
    """Return the rows of training and of validation; the latter are clean."""
    kept, report = clean(raw, max_characters=corpus.max_characters, max_ratio=corpus.max_ratio)
    seen: set[int] = set()
    firsts: list[int] = []  # where each source stands first
    for place, row in enumerate(kept):
        digest = row_digest(row[:1])
        if digest not in seen:
            seen.add(digest)
            firsts.append(place)
    if len(firsts) < 2 * SPLIT_EVERY:
        raise ValueError(
            f"{', '.join(corpus.files_of('train'))} has {len(firsts)} different sources, too few to split "
            f"some off for validation ({report}); give {2 * SPLIT_EVERY} or more, better some hundreds, or "
            "name data.valid_files"
        )
    # By source, with all its references: a source on both sides would be dropped from training.
    stride = max(SPLIT_EVERY, -(-len(firsts) // MOST_SPLIT))
    chosen = {kept[place][0] for place in firsts[::stride]}
    validation = PackedRows(row for row in kept if row[0] in chosen)
    split_off = set(validation)
    return raw.select(place for place, row in enumerate(raw) if row not in split_off), validation


def clean_corpus(
    corpus: Corpus, raw: Iterable[TableRow], held_out: Sequence[Collection[str]]
) -> tuple[PackedRows, CleaningReport]:
    """Clean rows within the limits of a corpus; ValueError where nothing is left."""
    training, report = clean(
        raw, max_characters=corpus.max_characters, max_ratio=corpus.max_ratio, held_out=held_out
    )
    if not training:
        raise ValueError(f"{report}, so nothing is left to train on; check data.columns and the files")
    return training, report


def load_pairs(corpus: Corpus, split: Split) -> PackedRows:
    """Return the rows of a split in order, (source, target) or one text per language, unchanged.

    Raises:
        ValueError: the data cannot be read; the sentence has the file, the line and the remedy.
    """
    if files := corpus.files_of(split):
        rows, where = PackedRows(_rows_of_files(files, corpus)), ", ".join(files)
    elif corpus.name is None:
        raise ValueError(f"the corpus has no {split} files; name them in data.valid_files or give data.name")
    else:
        where = corpus.name
        rows = PackedRows(_rows_of_data_set(open_data_set(where, corpus.subset, split), corpus, where))
    if not rows:
        raise ValueError(f"{where} holds no pairs; check the file")
    return rows


def load_synthetic(corpus: Corpus) -> Sequence[TableRow]:
    """Return the pairs translated by a model, in order; they are never used for validation.

    Those of a corpus of several languages are read by `synthetic_corpora`.
    """
    if corpus.languages or not corpus.synthetic:
        return []
    columns: list[str | int] = [*columns_of(corpus.source, corpus.target)]
    return load_pairs(_with_files(corpus, files=corpus.synthetic, columns=columns), "train")


def synthetic_corpora(corpus: Corpus) -> list[Corpus]:
    """Return the synthetic tables of a corpus of several languages, each as a corpus of the languages it has.

    Raises:
        ValueError: a table has columns of fewer than two of the languages.
    """
    if not corpus.languages:
        return []
    tables = [corpus.synthetic] if isinstance(corpus.synthetic, str) else corpus.synthetic
    corpora = []
    for table in tables:
        if is_bitext(table):
            names = languages_of(table, corpus.languages)
        else:
            names = open_parquet([table]).column_names if table_kind(table) == "parquet" else names_of(table)
        languages = [language for language in corpus.languages if language in names]
        if len(languages) < 2:
            raise ValueError(
                f"data.synthetic {table} has the columns {names[:8]}; it needs two or more of "
                f"{', '.join(corpus.languages)}, named so"
            )
        corpora.append(_with_files(corpus, files=[table], columns=None, languages=languages))
    return corpora


def _with_files(corpus: Corpus, **fields: Any) -> Corpus:
    return replace(corpus, name=None, subset=None, synthetic=[], valid_files=[], **fields)


def columns_of(source: str, target: str) -> list[str]:
    """Return the column names of a synthetic table: the languages, or source and target if both are one."""
    return [source, target] if source != target else ["source", "target"]


def _rows_of_data_set(dataset: Dataset, corpus: Corpus, where: str) -> Iterator[TableRow]:
    for needed in (list(corpus.column_names), ["translation"]):
        if set(needed) <= set(dataset.column_names):
            dataset = dataset.select_columns(needed)  # an image beside the texts stays undecoded
            break
    number = 0
    for batch in dataset.iter(batch_size=1000):
        for row in zip(*batch.values(), strict=True):
            named, number = dict(zip(batch, row, strict=True)), number + 1
            at = f"{where}, row {number},"
            yield tuple(cell(named, column, at) for column in corpus.column_names)


def _rows_of_files(files: list[str], corpus: Corpus) -> Iterator[TableRow]:
    kinds = {"bitext" if is_bitext(file) else table_kind(file) for file in files}
    columns = corpus.column_names
    if kinds == {"parquet"}:
        yield from _rows_of_data_set(open_parquet(files), corpus, ", ".join(files))
    elif kinds == {None}:
        count = len(columns)
        if len(files) % count:
            order = f"one each for {', '.join(columns)}" if count > 2 else "source before target"
            raise ValueError(
                f"data.files {files}: text files come by {'twos' if count == 2 else f'{count}s'}, {order}"
            )
        for first in range(0, len(files), count):
            yield from read_side_by_side(*files[first : first + count])
    elif kinds & {None, "parquet"}:
        raise ValueError(f"data.files {files} mix tables, Parquet and text; use one kind")
    else:
        for file in files:
            yield from read_bitext([file], corpus.spoken) if is_bitext(file) else read_table(file, columns)
