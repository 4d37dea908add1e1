"""The folder of the page's files, removed when the server stops, and after it was killed.

All files of the page, translated ones too, are in one folder of this server. A server that was killed leaves
it behind, and the next one removes every such folder whose server is gone.
"""

import atexit
import contextlib
import functools
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

PREFIX = "seq2seq-page-"
NEW_SECONDS = 2  # that a folder is left alone which is not locked: its server may be about to lock it


@functools.cache
def open_page_folder() -> Path:
    """Make the folder for the page's files, tell Gradio of it, and remove those of servers that are gone."""
    base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    _lock(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # where Gradio looks, at many places
    return folder


def _lock(folder: Path) -> bool:
    """Lock a folder until this process ends, however it ends; return whether nobody else has.

    The lock goes with the process, which a file with its number does not.
    """
    try:
        import fcntl
    except ImportError:  # not a Unix
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return False
    return True


def _remove_abandoned(base: Path) -> None:
    """Remove the folders of servers of this user that were killed."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another server removes it at the same time
            status = folder.lstat()
            is_ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            is_old = time.time() - status.st_mtime > NEW_SECONDS
            if is_ours and is_old and stat.S_ISDIR(status.st_mode) and _lock(folder):
                shutil.rmtree(folder, ignore_errors=True)
