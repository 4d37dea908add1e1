"""Atomic directories: files written together, and read with checksums.

Writing: all files go into `.NAME.new` beside the target and are flushed to disk (fsync). Then an earlier
directory is renamed to `.NAME.previous`, the new one to NAME, and the earlier one is removed. A reader sees
the old files or the new ones, never a mixture. The next write clears what a killed process left behind.
Reading: a file is read once, and only bytes of the expected size and sha256 are returned.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def checksum(data: bytes) -> dict[str, Any]:
    """Return the size in bytes and the sha256 of data, as `read_checked` expects them."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def previous_of(directory: Path) -> Path:
    """Return the path to which an earlier directory is moved while a new one takes its place."""
    return directory.with_name(f".{directory.name}.previous")


def write_directory(directory: str | Path, contents: dict[str, bytes]) -> None:
    """Make `directory` hold exactly these files.

    Raises:
        OSError: the files could not be written; the earlier directory is unchanged.
    """
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
    """Replace the contents of one file atomically."""
    fresh = path.with_name(f".{path.name}.new")
    _write(fresh, data)
    fresh.replace(path)
    _sync_directory(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` once the block ends; an error leaves what was there."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    _sync_directory(path.parent)


def read_checked(path: Path, expected: Any) -> bytes:
    """Return the bytes of a file after checking size and sha256.

    Raises:
        ValueError: a missing file, a malformed checksum, or bytes of another size or sha256.
    """
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
    """Write a file and flush it to disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Flush the names in a directory to disk, where the system can, so that they survive a power cut."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _put_in_place(fresh: Path, target: Path) -> None:
    """Rename a new directory to its target and an earlier one away; undo both where the rename fails."""
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
