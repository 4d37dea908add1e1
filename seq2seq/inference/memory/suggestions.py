r"""A file of suggestions: better translations as users send them, one line of JSON each.

    {"source_language": "en", "target_language": "de", "source": "Open", "target": "\u00d6ffnen", ...}

Lines are only appended, each by one write under a lock, so that several processes may share a file. It is a
memory of its own: `seq2seq memory suggestions.jsonl --to project.tmx` makes a TMX of it.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from seq2seq.inference.memory.entries import MemoryEntry
from seq2seq.inference.memory.files import entry_of_row, json_line

MOST_BYTES = 64 * 2**20  # of the file; half a million suggestions


class SuggestionFile:
    """A file to which suggestions are appended, and from which those of others are read.

    Args:
        path: the file, made at the first suggestion.
        most: the size in bytes from which on no suggestion is taken.
    """

    def __init__(self, path: str | os.PathLike[str], most: int = MOST_BYTES) -> None:
        self.path = Path(path)
        self.most = most
        self._read = 0  # bytes that were read

    def check(self) -> None:
        """Refuse a path to which nothing can be appended.

        Raises:
            ValueError: It is no file that can be written, or in no folder that exists.
        """
        target = self.path if self.path.exists() else self.path.resolve().parent
        is_right = target.is_file() if self.path.exists() else target.is_dir()
        if not is_right or not os.access(target, os.W_OK):
            raise ValueError(f"{self.path} cannot be written; name a file in a folder that is writable")

    def append(self, entry: MemoryEntry) -> None:
        """Append a suggestion; a line that cannot be written whole is taken back.

        Raises:
            OSError: The disk is full, or the file cannot be written.
            ValueError: The file has reached its size.
        """
        line = json_line(entry)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            with _locked(descriptor):
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    line = b"\n" + line  # what a process left that was killed while it wrote
                if size + len(line) > self.most:
                    raise ValueError(
                        f"{self.path.name} has reached its {self.most:,} bytes; make a memory of it and "
                        "begin another"
                    )
                if os.write(descriptor, line) != len(line):
                    os.ftruncate(descriptor, size)
                    raise OSError(28, "No space left on device", str(self.path))
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def new(self) -> Iterator[MemoryEntry]:
        """Yield the suggestions that came since the last call, those of other processes among them.

        A line that is no suggestion is passed over.
        """
        try:
            size = self.path.stat().st_size
        except OSError:
            return
        if size == self._read:
            return
        self._read = min(self._read, size) if size > self._read else 0  # smaller: another file took its place
        with self.path.open("rb") as file:
            file.seek(self._read)
            lines = file.read(size - self._read)
        whole = lines[: lines.rfind(b"\n") + 1]  # the last may be on its way
        self._read += len(whole)
        for line in whole.split(b"\n"):
            with contextlib.suppress(ValueError):
                if entry := entry_of_row(json.loads(line)):
                    yield entry


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Hold a lock on an open file where the system has such locks; one write is one line without, too."""
    try:
        import fcntl
    except ImportError:  # not a Unix
        yield
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
