"""Data sets of the hub, folders laid out like one, and Parquet files, opened by `datasets`.

    owner/name, folder --split--> Dataset       *.parquet --> Dataset

Every failure is a ValueError of one sentence with the remedy.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetNotFoundError

Split = Literal["train", "validation", "test"]

_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
PARQUET_COPY = "refs/convert/parquet"  # the branch in which the hub keeps a data set's rows as Parquet


def on_hub(names: Iterable[str | None]) -> list[str]:
    """Return the names that are data sets of the hub, without None and local folders."""
    return [name for name in names if name and not Path(name).is_dir()]


def open_parquet(files: list[str]) -> Dataset:
    """Return the rows of Parquet files, one after the other."""
    return _load("parquet", f"data.files {', '.join(files)}", split="train", data_files=files)


def open_data_set(name: str, subset: str | None, split: Split, *, streaming: bool = False) -> Dataset:
    """Return a split of a hub data set or of a folder like one; streaming reads it while it downloads."""
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
    """Call `load_dataset`, with each of its errors turned into one sentence."""
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
            return _load_parquet_copy(path, what, split=split, subset=subset)
        if "Unknown split" in str(error):
            setting = "data.valid_files" if split == "validation" else "data.files"
            raise ValueError(
                f"{what} has no {split} split ({error}); name local files in {setting}"
            ) from error
        raise ValueError(f"{what} cannot be read ({error.__cause__ or error}); mend or replace it") from error


def _load_parquet_copy(path: str, what: str, *, split: str, subset: str | None) -> Dataset:
    """Return the hub's Parquet copy of a data set that is a script; scripts are never run."""
    try:
        return load_dataset(path, subset, split=split, revision=PARQUET_COPY)
    except Exception as error:  # of pyarrow, httpx, the hub's client: the list has no end
        raise ValueError(
            f"{what} is a script, which is never run; the hub's Parquet copy of it cannot be read "
            f"({' '.join(str(error).split())}): download its data and name it in data.files"
        ) from error
