"""A directory of files that is written as one thing and read with checksums.

Writing: every file goes into `.NAME.new` beside the place and onto the disk (fsync); then an earlier
directory is renamed to `.NAME.previous`, the new one to NAME, and the earlier one is removed. A reader
finds the old files or the new ones, never some of each; what a killed run left is cleared by the next.
Reading: a file is read once, and only bytes of the expected size and sha256 are handed on.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any


def checksum(data: bytes) -> dict[str, Any]:
    """What `read_checked` expects of a file: its size in bytes and its sha256."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def previous_of(directory: Path) -> Path:
    """Where an earlier directory waits while a new one takes its place."""
    return directory.with_name(f".{directory.name}.previous")


def write_directory(directory: str | Path, contents: dict[str, bytes]) -> None:
    """Make `directory` hold exactly these files; a failure (OSError) leaves what was there before."""
    target = Path(os.path.realpath(directory))
    fresh = target.with_name(f".{target.name}.new")
    try:
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(parents=True)
        for name, data in contents.items():
            _write(fresh / name, data)
        _sync_directory(fresh)
        _put_in_place(fresh, target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise OSError(
            error.errno,
            f"could not be saved ({error.strerror or error}), what was there before is unchanged; "
            "free the disk or choose another place",
            str(directory),
        ) from error


def replace_file(path: Path, data: bytes) -> None:
    """Replace one file's contents, beside and then renamed."""
    fresh = path.with_name(f".{path.name}.new")
    _write(fresh, data)
    fresh.replace(path)
    _sync_directory(path.parent)


def read_checked(path: Path, expected: Any) -> bytes:
    """The bytes of a file; ValueError unless their size and sha256 are those of `expected`."""
    if not isinstance(expected, dict) or expected.keys() != {"bytes", "sha256"}:
        raise ValueError(f"the checksum of {path} is {expected!r}, not its bytes and sha256; fetch it again")
    if not path.is_file():
        raise ValueError(f"{path} is missing; fetch or save the model again")
    size = path.stat().st_size
    if size != expected["bytes"]:
        raise ValueError(
            f"{path} has {size} bytes where config.json says {expected['bytes']}; "
            "fetch or save the model again"
        )
    data = path.read_bytes()
    if checksum(data) != expected:
        raise ValueError(
            f"{path} is damaged (its sha256 is not that of config.json); fetch or save the model again"
        )
    return data


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _put_in_place(fresh: Path, target: Path) -> None:
    previous = previous_of(target)
    if target.exists():
        if previous.exists():
            shutil.rmtree(previous)
        target.rename(previous)
    try:
        fresh.rename(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    _sync_directory(target.parent)
    shutil.rmtree(previous, ignore_errors=True)
