"""Checkpoint files: written atomically, read as plain data only.

    last.ckpt            everything, at each validation; last.previous.ckpt is the one before
    best.ckpt            the same, at the best validation
    weights/N.safetensors    the weights of the last few validations, for the average

A file is written beside its destination, flushed to disk (fsync) and then renamed. Lightning's own save goes
through the temporary directory, which may be on another file system, where a rename is not atomic.
"""

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

LAST, PREVIOUS, BEST = "last.ckpt", "last.previous.ckpt", "best.ckpt"


def write_beside(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file as a whole or not at all; a file that was there is replaced only by a complete one.

    An earlier last.ckpt stays as last.previous.ckpt, so that one of the two exists at every moment.

    Raises:
        OSError: writing failed; the sentence names the file and the remedy.
    """
    # In the same folder, so that the rename stays on one file system and is atomic.
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.name == LAST and path.exists():
            _copy_link(path, path.with_name(PREVIOUS))
        fresh.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into a RuntimeError
        written = fresh.stat().st_size if fresh.exists() else 0
        fresh.unlink(missing_ok=True)
        reasons = [reason for reason in (error, error.__context__) if isinstance(reason, OSError)]
        raise OSError(
            f"{path} cannot be written, after {written:,} bytes "
            f"({reasons[0].strerror if reasons else error}); free the disk or allow writing there, then "
            "resume with --ckpt_path last, the checkpoint before is whole"
        ) from error


def _copy_link(path: Path, previous: Path) -> None:
    previous.unlink(missing_ok=True)
    try:
        previous.hardlink_to(path)
    except OSError:  # a file system without links
        shutil.copyfile(path, previous)


class SafeCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, written atomically and read as plain data only."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint as a whole or not at all."""
        write_beside(Path(path), lambda file: torch.save(checkpoint, file))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint as plain data, which runs no code."""
        return read_checkpoint(Path(path))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint; ValueError for a file that is damaged or not a checkpoint of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load ignores wrong checksums
        checkpoint = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged zip or pickle raises nearly anything
        raise ValueError(f"{path} is damaged or no checkpoint; remove it and use an earlier one") from error
    if damaged:
        raise ValueError(f"{path} is damaged (in {damaged}); remove it and use an earlier one")
    if not isinstance(checkpoint, dict) or not {"state_dict", "loops", "callbacks"} <= checkpoint.keys():
        raise ValueError(f"{path} is no checkpoint of a training; remove it and use an earlier one")
    return checkpoint


def newest_checkpoint(folder: Path) -> tuple[Path, list[str]]:
    """Return the newest undamaged checkpoint of a run, and a sentence for each damaged one.

    Raises:
        ValueError: there is none.
    """
    complaints = []
    # Newest first: the best one costs the updates since, but is better than a new start.
    for path in (folder / LAST, folder / PREVIOUS, folder / BEST):
        if path.is_file():
            try:
                read_checkpoint(path)
            except ValueError as error:
                complaints.append(str(error))
            else:
                return path, complaints
    raise ValueError(
        f"there is nothing to resume in {folder}"
        + (f" ({'; '.join(complaints)})" if complaints else "")
        + "; leave out --ckpt_path to start anew"
    )


def remove_unfinished(folder: Path) -> None:
    """Remove the partly written files of a killed run."""
    for path in folder.rglob(".*.new"):
        path.unlink(missing_ok=True)
