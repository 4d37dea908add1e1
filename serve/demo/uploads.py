"""Files that visitors upload to the page: counted, capped and removed.

    POST /gradio_api/upload ─> rate ─> room for this visitor? for all? ─> PAGE FOLDER/random/name
                               429            413            503              └─ read by its event, removed

Gradio's own route takes any number of files and keeps what a visitor left half-sent.
"""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fastapi import HTTPException, Request
from gradio_client.utils import strip_invalid_filename_characters
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from ..errors import Busy

TOTAL_BYTES = 64_000_000  # of all files of the page; more where four of the largest allowed need it
SHARES = 4  # visitors who may fill the folder together
KEPT_SECONDS = 600  # that an upload waits for its event
EMPTY_SECONDS = 60  # that an empty folder is left alone: its file may be on its way
BLOCK = 4096  # bytes of disk that the smallest file takes, and its folder too
MOST_FILES = 8  # of one upload


class _Upload(NamedTuple):
    """A file that waits for its event."""

    client: str
    end: float
    cost: int


class UploadStore:
    """The uploads of a page, with room for each visitor and for all."""

    def __init__(self, folder: Path, file_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """Take the folder, and the bytes that one file may have."""
        self.folder = folder
        self.total_bytes = max(TOTAL_BYTES, SHARES * cost_of(file_bytes))
        self.client_bytes = self.total_bytes // SHARES
        self._clock = clock
        self._uploads: dict[Path, _Upload] = {}
        self._lock = threading.RLock()

    def put(self, client: str, name: str, content: bytes) -> Path:
        """Write a file and return its path; its name is that of the upload without what paths are made of.

        Raises:
            HTTPException: 413; the visitor has no room left.
            Busy: 503; nobody has.
        """
        with self._lock:
            self.sweep()
            cost = cost_of(len(content))
            held = sum(upload.cost for upload in self._uploads.values() if upload.client == client)
            if held + cost > self.client_bytes:
                raise HTTPException(
                    413,
                    f"your uploads have {held + cost} bytes, but at most {self.client_bytes} are allowed; "
                    f"translate them first, or wait {KEPT_SECONDS // 60} minutes",
                )
            if self._used() + cost > self.total_bytes:
                sentence = f"the uploads of all visitors fill their {self.total_bytes} bytes; try again later"
                raise Busy("busy_full", sentence, EMPTY_SECONDS)
            path = self.folder / secrets.token_hex(16) / _safe(name)
            path.parent.mkdir()
            path.write_bytes(content)
            self._uploads[path] = _Upload(client, self._clock() + KEPT_SECONDS, cost)
            return path

    def sweep(self) -> None:
        """Remove uploads that no event has read in time, and empty folders."""
        now = self._clock()
        with self._lock:
            for path, upload in list(self._uploads.items()):
                if upload.end < now:
                    path.unlink(missing_ok=True)
                if not path.exists():
                    del self._uploads[path]
                    with contextlib.suppress(OSError):
                        path.parent.rmdir()
            for folder in [path for path in self.folder.iterdir() if path.is_dir()]:
                with contextlib.suppress(OSError):  # it is not empty, or has gone
                    if now - folder.stat().st_mtime > EMPTY_SECONDS:
                        folder.rmdir()

    def _used(self) -> int:
        """Return the disk that all files and folders of the page take."""
        used = 0
        for folder, _, names in os.walk(self.folder):
            used += BLOCK
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    used += _blocks(os.stat(os.path.join(folder, name)).st_size)
        return used


async def read_upload(request: Request) -> list[tuple[str, bytes]]:
    """Return the files of an upload, each with its name.

    Raises:
        HTTPException: 400; the body is no form with files.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(400, "the body is no form with a file; send multipart/form-data")
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
            files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
            if not files:
                raise HTTPException(400, "files is missing; give a file of the form")
            return [(file.filename or "", await file.read()) for file in files]
    except MultiPartException as error:
        raise HTTPException(400, f"the form cannot be read: {error.message}") from None


def cost_of(size: int) -> int:
    """Return the disk that a file of some bytes takes, with its folder."""
    return BLOCK + _blocks(size)


def _blocks(size: int) -> int:
    return max(1, -(-size // BLOCK)) * BLOCK


def _safe(name: str) -> str:
    """Return a name without directories and characters that paths are made of."""
    safe = strip_invalid_filename_characters(Path(name.replace("\\", "/")).name)
    return safe if safe.strip(".") else "file"
