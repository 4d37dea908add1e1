"""Zip archives read into memory within limits, and written again: names in order, contents by name.

Sizes in an archive's directory are claims; bytes are counted while they are inflated. Nothing is ever written
to a folder, and names that could lead out of one are refused all the same: somebody may unpack what comes
back.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping

MOST_ENTRIES = 2_000
MOST_BYTES = 64 * 2**20  # of all entries, inflated
MOST_RATIO = 200  # inflated to deflated, of the whole; text seldom reaches 30
FREE_BYTES = 2**20  # below which no ratio counts
_CHUNK = 2**16


class Archive:
    """The entries of a zip archive. ValueError when it is none, or one that grows too large."""

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                self._entries = archive.infolist()
                self._check_names()
                self.contents = self._inflate(archive, len(content))
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise ValueError(f"{name!r} is no archive that can be read; save the document again") from error

    def write(self, changed: Mapping[str, str]) -> bytes:
        """The archive with the contents of some entries replaced, all else as it was."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in self._entries:
                content = changed.get(entry.filename)
                written = self.contents[entry.filename] if content is None else content.encode()
                fresh = zipfile.ZipInfo(entry.filename, entry.date_time)
                fresh.compress_type, fresh.external_attr = entry.compress_type, entry.external_attr
                archive.writestr(fresh, written)
        return buffer.getvalue()

    def _check_names(self) -> None:
        names = [entry.filename for entry in self._entries]
        if len(names) > MOST_ENTRIES:
            raise ValueError(f"{self.name!r} holds {len(names)} entries, but at most {MOST_ENTRIES} are read")
        for name in names:
            if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
                raise ValueError(f"{self.name!r} holds {name[:60]!r}, which leads out of it; save it again")
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name!r} holds two entries of one name; save the document again")

    def _inflate(self, archive: zipfile.ZipFile, size: int) -> dict[str, bytes]:
        allowed = min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * size))
        contents: dict[str, bytes] = {}
        for entry in self._entries:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{self.name!r} is packed in a way that documents are not; save it again")
            parts: list[bytes] = []
            with archive.open(entry) as stream:
                while part := stream.read(_CHUNK):
                    allowed -= len(part)
                    if allowed < 0:
                        raise ValueError(
                            f"{self.name!r} is too large unpacked (over {MOST_BYTES >> 20} MiB or "
                            f"{MOST_RATIO} times its size); send it in smaller parts"
                        )
                    parts.append(part)
            contents[entry.filename] = b"".join(parts)
        return contents
