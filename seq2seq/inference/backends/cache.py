"""Cache of converted models: one file a model in the user's cache folder, made once.

    $XDG_CACHE_HOME/seq2seq/ctranslate2/KEY.zip      KEY: a checksum of what the conversion depends on

A zip archive has a checksum of each file in it, so that a torn one is noticed; its comment is the key. It
appears by a rename: a reader finds all of it or nothing, and of two processes that convert at once the second
replaces what the first has written by the same.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

log = logging.getLogger("seq2seq")

NEW = ".new-"  # begins the name of a folder that a process writes into
ABANDONED = 24 * 3600  # seconds after which such a folder is that of a killed process


def cache_folder() -> Path:
    """Return the folder of converted models, which need not exist."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    return base / "seq2seq" / "ctranslate2"


def cache_key(**causes: Any) -> str:
    """Return the key of a conversion: a checksum of everything that it depends on, as JSON values."""
    return hashlib.sha256(json.dumps(causes, sort_keys=True).encode()).hexdigest()[:40]


def cached_files(key: str, make: Callable[[Path], None]) -> dict[str, bytes]:
    """Return the files of a converted model by name, made by `make(folder)` unless the cache has them.

    Raises:
        OSError: The cache can be neither read nor written.
    """
    path = cache_folder() / f"{key}.zip"
    try:
        return _read(path, key)
    except FileNotFoundError:
        pass
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        log.warning("the converted model %s is damaged (%s) and is made anew", path, error)
    _write(path, key, make)
    return _read(path, key)


def _read(path: Path, key: str) -> dict[str, bytes]:
    """Return the files in an archive.

    Raises:
        OSError: There is no archive, or it cannot be read.
        ValueError: It is one of another key; other exceptions of `zipfile` where it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        if archive.comment != key.encode():
            raise ValueError("it is of another model or version")
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, key: str, make: Callable[[Path], None]) -> None:
    """Make the files in a folder of this process's own, and put them in place as an archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path.parent)
    with tempfile.TemporaryDirectory(prefix=NEW, dir=path.parent) as name:
        files = Path(name) / "files"
        files.mkdir()
        make(files)
        fresh = Path(name) / path.name
        with zipfile.ZipFile(fresh, "w") as archive:
            archive.comment = key.encode()
            for file in sorted(files.iterdir()):
                archive.write(file, file.name)
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(path)


def _clear(folder: Path) -> None:
    """Remove the folders that killed processes have left."""
    for left in folder.glob(f"{NEW}*"):
        with contextlib.suppress(OSError):  # another process may be removing it, too
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left)
