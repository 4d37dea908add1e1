"""Checkpoint files: written as a whole or not at all, read as plain data only.

    last.ckpt            everything, at each validation; last.previous.ckpt is the one before
    best.ckpt            the same, at the best validation
    weights/N.safetensors    weights alone of the last few validations, for the average

A file is written beside its place, forced to the disk (fsync) and then renamed. Lightning's own save
goes through the temporary directory, which may be another file system, and then is not atomic.
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
    """Write a file as a whole or not at all; an OSError names it, and what stood there survives.

    An earlier last.ckpt stays as last.previous.ckpt, and there is one at every moment.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.name == LAST and path.exists():
            _keep(path, path.with_name(PREVIOUS))
        fresh.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into a RuntimeError
        written = fresh.stat().st_size if fresh.exists() else 0
        fresh.unlink(missing_ok=True)
        reasons = [reason for reason in (error, error.__context__) if isinstance(reason, OSError)]
        raise OSError(
            f"{path} cannot be written, after {written:,} bytes "
            f"({reasons[0].strerror if reasons else error}); free the disk or allow writing there, then go "
            "on with --ckpt_path last, the checkpoint before is whole"
        ) from error


def _keep(path: Path, previous: Path) -> None:
    previous.unlink(missing_ok=True)
    try:
        previous.hardlink_to(path)
    except OSError:  # a file system without links
        shutil.copyfile(path, previous)


class SafeCheckpointIO(TorchCheckpointIO):
    """Checkpoints written beside and renamed, read as plain data only."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint as a whole or not at all."""
        write_beside(Path(path), lambda file: torch.save(checkpoint, file))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint; never anything that could run code."""
        return read_checkpoint(Path(path))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours; ValueError names a file that is damaged or of something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch itself reads over wrong checksums
        found = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged zip or pickle raises nearly anything
        raise ValueError(f"{path} is damaged or no checkpoint; remove it and use an earlier one") from error
    if damaged:
        raise ValueError(f"{path} is damaged (in {damaged}); remove it and use an earlier one")
    if not isinstance(found, dict) or not {"state_dict", "loops", "callbacks"} <= found.keys():
        raise ValueError(f"{path} is no checkpoint of a training; remove it and use an earlier one")
    return found


def newest_checkpoint(folder: Path) -> tuple[Path, list[str]]:
    """The newest checkpoint of a run that is whole, and a sentence for each that is not.

    Raises:
        ValueError: there is none.
    """
    complaints = []
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
    """Remove the beginnings of files that a killed run left."""
    for path in folder.rglob(".*.new"):
        path.unlink(missing_ok=True)
