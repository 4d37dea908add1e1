"""Files that may be compressed, opened and written by their names: .gz, .bz2, .xz, .zst.

A file is read as a stream, so it takes no memory beyond a block, however large it is unpacked.
"""

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any, cast

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def without_compression(name: str) -> str:
    """Return a file's name in lower case, without the ending of a compression."""
    name = name.lower()
    return next((name.removesuffix(ending) for ending in COMPRESSED if name.endswith(ending)), name)


@contextmanager
def open_file(file: str) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked; errors of reading inside the block are sentences.

    Raises:
        ValueError: the file cannot be read, or is damaged.
    """
    try:
        with _open(file) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise ValueError(_damaged(file, error)) from error
    except OSError as error:
        if error.errno is None:  # bz2's own
            raise ValueError(_damaged(file, error)) from error
        raise ValueError(f"cannot read {file}: {error.strerror or error}; check the path") from error
    except Exception as error:
        if type(error).__name__ != "ZstdError":  # a class of a module that may not be imported
            raise
        raise ValueError(_damaged(file, error)) from error


@contextmanager
def packing(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """Open a stream that writes to a file what it is given, packed as the ending of a name says."""
    opened: dict[str, Callable[[], Any]] = {
        ".gz": lambda: gzip.GzipFile("", "wb", fileobj=file, mtime=0),
        ".bz2": lambda: bz2.BZ2File(file, "wb"),
        ".xz": lambda: lzma.LZMAFile(file, "wb"),  # noqa: SIM115 - the caller closes it
        ".zst": lambda: _zstd().open(file, "wb"),
    }
    pack = opened.get(Path(name).suffix.lower())
    if pack is None:
        yield file
    else:
        with pack() as stream:  # the file itself stays open
            yield stream


def _damaged(file: str, error: Exception) -> str:
    kind = {".gz": "gzip", ".xz": "xz", ".zst": "zstd"}.get(Path(file).suffix.lower(), "bzip2")
    return f"{file} is not a whole {kind} file ({error}); copy it again"


def _open(file: str) -> IO[bytes]:
    match Path(file).suffix.lower():
        case ".gz":
            return cast(IO[bytes], gzip.open(file))
        case ".bz2":
            return bz2.open(file)
        case ".xz":
            return lzma.open(file)
        case ".zst":
            return _open_zstd(file)
        case _:
            return Path(file).open("rb")


def _open_zstd(file: str) -> IO[bytes]:
    return cast(IO[bytes], _zstd().open(file))


def _zstd() -> ModuleType:
    # Imported on use, since most files are none. Python has it from 3.14 on.
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
