"""Zip archives, read into memory within limits and written again with their entries in the same order.

The sizes in an archive's directory may be false, so bytes are counted while they are inflated. Nothing is
unpacked to a folder; names that lead out of one are refused all the same, since the translated archive may be
unpacked by others.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping

MOST_ENTRIES = 2_000
MOST_BYTES = 64 * 2**20  # of all entries, inflated
MOST_RATIO = 200  # inflated to deflated, of the whole archive; text seldom reaches 30
FREE_BYTES = 2**20  # inflated bytes below which the ratio is not checked
_CHUNK = 2**16
_KIND = "mimetype"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of Office's binary formats, and of its encrypted ones


class Archive:
    """The entries of a zip archive.

    Raises:
        ValueError: the bytes are not a zip archive, it is too large, or it has unsafe names.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        if content.startswith(_OLE):
            raise ValueError(f"{name!r} has a password or an old format; save it without, in today's format")
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
            raise ValueError(
                f"{name!r} is not a zip archive that can be read; save the document again"
            ) from error

    def write(self, changed: Mapping[str, str | bytes]) -> bytes:
        """Return the archive's bytes with the contents of some entries replaced."""
        buffer = io.BytesIO()
        # The kind of an OpenDocument or a book is told by its first bytes: this entry first, not deflated.
        entries = sorted(self._entries, key=lambda entry: entry.filename != _KIND)
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in entries:
                content = changed.get(entry.filename, self.contents[entry.filename])
                data = content.encode() if isinstance(content, str) else content
                # A new entry: the one that was read carries sizes, checksum and offset of its old contents.
                new_entry = zipfile.ZipInfo(entry.filename, entry.date_time)
                new_entry.compress_type, new_entry.external_attr = entry.compress_type, entry.external_attr
                if entry.filename == _KIND:
                    new_entry.compress_type = zipfile.ZIP_STORED
                archive.writestr(new_entry, data)
        return buffer.getvalue()

    def _check_names(self) -> None:
        names = [entry.filename for entry in self._entries]
        if len(names) > MOST_ENTRIES:
            raise ValueError(f"{self.name!r} holds {len(names)} entries, but at most {MOST_ENTRIES} are read")
        for name in names:
            if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
                raise ValueError(
                    f"{self.name!r} holds {name[:60]!r}, a path out of the archive; save it again"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name!r} holds two entries of one name; save the document again")

    def _inflate(self, archive: zipfile.ZipFile, size: int) -> dict[str, bytes]:
        """Return the contents of all entries by name, given the archive's size in bytes."""
        left = min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * size))
        contents: dict[str, bytes] = {}
        for entry in self._entries:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{self.name!r} is not compressed as documents are; save it again")
            parts: list[bytes] = []
            with archive.open(entry) as stream:
                while part := stream.read(_CHUNK):
                    left -= len(part)
                    if left < 0:
                        raise ValueError(
                            f"{self.name!r} is too large unpacked (over {MOST_BYTES >> 20} MiB or "
                            f"{MOST_RATIO} times its size); send it in smaller parts"
                        )
                    parts.append(part)
            contents[entry.filename] = b"".join(parts)
        return contents
