"""Parallel text: from a hub data set, a folder like one, or local files, through `datasets`, to clean pairs.

    Corpus --open--> datasets.Dataset --> [(source, target), ...] --clean--> kept pairs + a report

Cleaning drops pairs with an empty side, a side too long, or lengths too far apart, exact repetitions, and
training pairs that the validation set also holds. It compares normalised text and gives back the text as it
was.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetNotFoundError

from seq2seq.text import normalize

from .files import Pair, cell, read_side_by_side, read_table, table_kind

Split = Literal["train", "validation", "test"]

_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
SPLIT_EVERY, MOST_SPLIT = 20, 1000  # of training files without validation files
_RATIO_SLACK = 10  # characters added to both sides, so that "OK." may be translated at length


@dataclass(frozen=True)
class Corpus:
    """Where parallel text comes from and which pairs of it are dropped.

    Args:
        name: a hub data set such as bentrevett/multi30k, or a folder laid out like one.
        subset: the configuration of a hub data set that has several, such as de-en.
        files: instead of name, the training files: tables (.tsv .csv .jsonl .parquet), or text files by
            twos, source before target; all but Parquet may be gzipped. One file, or [a list].
        valid_files: the validation files, likewise; they go before the validation split of name.
        source: the language translated from.
        target: the language translated to.
        columns: the two columns, by name or, in TSV and CSV without header, by number from 0; null: the
            languages.
        max_characters: a pair with more characters on a side is dropped.
        max_ratio: a pair whose longer side is more than so many times the shorter, 10 characters added to
            both, is dropped.
    """

    name: str | None = None
    subset: str | None = None
    files: str | list[str] = field(default_factory=list)
    valid_files: str | list[str] = field(default_factory=list)
    source: str = "en"
    target: str = "de"
    columns: list[str | int] | None = None
    max_characters: int = 1000
    max_ratio: float = 6.0

    def __post_init__(self) -> None:
        if bool(self.name) == bool(self.files):
            raise ValueError(
                f"data.name is {self.name!r} and data.files is {self.files}; give one of the two, and where "
                "the recipe names the other, set that to null or []"
            )
        for place in [self.name or "", *self.files_of("train"), *self.files_of("validation")]:
            if "://" in place:
                raise ValueError(f"data names {place!r}, a URL; download it first and name the local file")
        if len(set(self.column_names)) != 2:
            raise ValueError(f"data.columns is {self.columns}; name two different columns, source first")
        if self.max_characters < 1:
            raise ValueError(f"data.max_characters is {self.max_characters}; give at least 1")
        if self.max_ratio < 1:
            raise ValueError(f"data.max_ratio is {self.max_ratio}; give at least 1")

    def files_of(self, split: Split) -> list[str]:
        """The local files of a split."""
        files = {"train": self.files, "validation": self.valid_files, "test": []}[split]
        return [files] if isinstance(files, str) else files

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of source and target."""
        return tuple(str(column) for column in self.columns or (self.source, self.target))


@dataclass
class CleaningReport:
    """How many pairs were kept, and how many dropped for which reason; `split_off` became validation."""

    kept: int = 0
    empty: int = 0
    too_long: int = 0
    ratio: int = 0
    duplicate: int = 0
    held_out: int = 0
    split_off: int = 0

    def __str__(self) -> str:
        counts = {part.name: getattr(self, part.name) for part in fields(self)}
        kept, split = counts.pop("kept"), counts.pop("split_off")
        dropped = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        said = f"corpus: {kept} of {kept + sum(counts.values())} pairs kept; dropped: {dropped or 'none'}"
        return f"{said}; {split} more split off for validation" if split else said


def load_corpus(corpus: Corpus) -> tuple[list[Pair], list[Pair], CleaningReport]:
    """Gives the cleaned training pairs, the validation pairs as they are, and what cleaning dropped.

    Files without validation files give their every 20th pair, or 1,000 pairs evenly spread, for validation.
    """
    raw, split_off = load_pairs(corpus, "train"), 0
    if corpus.name or corpus.valid_files:
        validation = load_pairs(corpus, "validation")
    else:
        if len(raw) < 2 * SPLIT_EVERY:
            raise ValueError(
                f"{', '.join(corpus.files_of('train'))} has {len(raw)} pairs, too few to split some off for "
                f"validation; give {2 * SPLIT_EVERY} or more, better some hundreds, or name data.valid_files"
            )
        step = max(SPLIT_EVERY, -(-len(raw) // MOST_SPLIT))
        validation = raw[::step]
        del raw[::step]
        split_off = len(validation)
    training, report = clean(
        raw,
        max_characters=corpus.max_characters,
        max_ratio=corpus.max_ratio,
        held_out=validation,
    )
    report.split_off = split_off
    if not training:
        raise ValueError(f"{report}, so nothing is left to train on; check data.columns and the files")
    return training, validation, report


def load_pairs(corpus: Corpus, split: Split) -> list[Pair]:
    """Gives the (source, target) texts of a split in order, unchanged.

    ValueError where the data cannot be had or a file is broken, with the file, the line and what to do.
    """
    if files := corpus.files_of(split):
        return _pairs(_open_files(files, corpus), corpus, ", ".join(files))
    if corpus.name is None:
        raise ValueError(f"the corpus has no {split} files; name them in data.valid_files or give data.name")
    return _pairs(open_data_set(corpus.name, corpus.subset, split), corpus, corpus.name)


def clean(
    pairs: Iterable[Pair],
    *,
    max_characters: int = 1000,
    max_ratio: float = 6.0,
    held_out: Iterable[Pair] = (),
) -> tuple[list[Pair], CleaningReport]:
    """Gives the pairs worth training on, in order, and how many were dropped for which reason.

    held_out: pairs of the validation set; a pair of which it holds the source or the target is dropped.
    """
    held = (
        [{normalize(pair[side]).text for pair in held_out} for side in (0, 1)] if held_out else [set(), set()]
    )
    kept: list[Pair] = []
    report = CleaningReport()
    seen: set[Pair] = set()
    for pair in pairs:
        if max(map(len, pair)) > 8 * max_characters:  # not worth normalising: blanks do not make up that much
            report.too_long += 1
            continue
        source, target = normalize(pair[0]).text, normalize(pair[1]).text
        shorter, longer = sorted((len(source), len(target)))
        if not shorter:
            report.empty += 1
        elif longer > max_characters:
            report.too_long += 1
        elif longer + _RATIO_SLACK > max_ratio * (shorter + _RATIO_SLACK):
            report.ratio += 1
        elif (source, target) in seen:
            report.duplicate += 1
        elif source in held[0] or target in held[1]:
            report.held_out += 1
        else:
            seen.add((source, target))
            kept.append(pair)
    report.kept = len(kept)
    return kept, report


def _pairs(dataset: Dataset, corpus: Corpus, where: str) -> list[Pair]:
    source, target = corpus.column_names
    for needed in ([source, target], ["translation"]):
        if set(needed) <= set(dataset.column_names):
            dataset = dataset.select_columns(needed)  # an image beside the texts stays undecoded
            break
    pairs: list[Pair] = []
    for batch in dataset.iter(batch_size=1000):
        for row in zip(*batch.values(), strict=True):
            named = dict(zip(batch, row, strict=True))
            at = f"{where}, row {len(pairs) + 1},"
            pairs.append((cell(named, source, at), cell(named, target, at)))
    if not pairs:
        raise ValueError(f"{where} holds no pairs; check the file")
    return pairs


def _open_files(files: list[str], corpus: Corpus) -> Dataset:
    kinds = {table_kind(file) for file in files}
    if kinds == {"parquet"}:
        return open_parquet(files)
    source, target = corpus.column_names
    pairs: list[Pair] = []
    if kinds == {None}:
        if len(files) % 2:
            raise ValueError(f"data.files {files}: text files come by twos, source before target")
        for source_file, target_file in zip(files[::2], files[1::2], strict=True):
            pairs += read_side_by_side(source_file, target_file)
    elif kinds & {None, "parquet"}:
        raise ValueError(f"data.files {files} mix tables, Parquet and text; use one kind")
    else:
        for file in files:
            pairs += read_table(file, (source, target))
    return Dataset.from_dict({source: [pair[0] for pair in pairs], target: [pair[1] for pair in pairs]})


def open_parquet(files: list[str]) -> Dataset:
    """The rows of Parquet files, one after the other."""
    return _load("parquet", f"data.files {', '.join(files)}", split="train", data_files=files)


def open_data_set(name: str, subset: str | None, split: Split, *, streaming: bool = False) -> Dataset:
    """A split of a hub data set or of a folder like one; streaming reads it as it arrives."""
    if Path(name).is_file():
        raise ValueError(f"data.name is the file {name}; name files in data.files")
    if not Path(name).is_dir() and not _HUB_ID.fullmatch(name):
        raise ValueError(f"data.name is {name!r}, which is neither a folder nor a hub data set; check it")
    return _load(name, f"data.name {name!r}", subset=subset, split=split, streaming=streaming)


def _load(
    path: str,
    what: str,
    *,
    split: str,
    subset: str | None = None,
    data_files: list[str] | None = None,
    streaming: bool = False,
) -> Dataset:
    """Calls `load_dataset`, its many errors made one sentence each."""
    try:
        return load_dataset(path, subset, split=split, data_files=data_files, streaming=streaming)
    except DatasetNotFoundError as error:
        raise ValueError(f"{what}: there is no such data set that may be read; check its name") from error
    except FileNotFoundError as error:
        raise ValueError(f"{what}: {error}; check the path") from error
    except ConnectionError as error:
        raise ValueError(
            f"{what} is not here and the hub cannot be reached; name a local folder or files, or connect"
        ) from error
    except Exception as error:  # of pyarrow, httpx, the hub's client: the list has no end
        if "scripts are no longer supported" in str(error):
            raise ValueError(
                f"{what} is a script, which is never run; download its data and name it in data.files, "
                "or use the copy of the data set that the hub keeps as Parquet"
            ) from error
        raise ValueError(f"{what} cannot be read ({error.__cause__ or error}); mend or replace it") from error
