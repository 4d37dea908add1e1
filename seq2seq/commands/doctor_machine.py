"""Checks of `seq2seq doctor` on versions, devices, threads, free disk and caches."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal, NamedTuple

from packaging.requirements import Requirement

import seq2seq
from seq2seq.inference.backends.cache import cache_folder

State = Literal["ok", "note", "failed"]
LEAST_FREE = 2e9  # bytes; a training's checkpoints and the cache of a data set need about as much


class DoctorCheck(NamedTuple):
    """A line of the report: a subject, whether it is as it should be, and what was found."""

    subject: str
    state: State
    found: str


def machine_checks() -> Iterator[DoctorCheck]:
    """Yield the checks of the installation and the machine."""
    found = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {sys.executable}"
    yield DoctorCheck("seq2seq", "ok", f"{seq2seq.__version__} in {Path(seq2seq.__file__).parent}; {found}")
    yield from requirement_checks(requires("seq2seq") or [])
    yield from _device_checks()
    yield from _disk_checks()
    yield from _cache_checks()


def requirement_checks(requirements: list[str]) -> Iterator[DoctorCheck]:
    """Yield whether each requirement is met; one of an extra may be missing, but not of a wrong version."""
    required: dict[str, tuple[Requirement, bool]] = {}
    for text in requirements:
        requirement = Requirement(text)
        extras = [extra for extra in ("", "train", "serve", "fast") if _applies(requirement, extra)]
        if extras and (requirement.name not in required or extras[0] == ""):
            required[requirement.name] = requirement, extras[0] == ""
    for name, (requirement, is_core) in required.items():
        if name == "seq2seq":
            continue
        try:
            installed = version(name)
        except PackageNotFoundError:
            yield DoctorCheck(name, "failed" if is_core else "note", "not installed")
            continue
        fits = requirement.specifier.contains(installed, prereleases=True)
        needed = (
            "" if fits else f", but seq2seq needs {requirement.specifier}; install it with constraints.txt"
        )
        yield DoctorCheck(name, "ok" if fits else "failed", f"{installed}{needed}")


def _applies(requirement: Requirement, extra: str) -> bool:
    """Return whether a requirement belongs to an extra, "" for the library itself."""
    if requirement.marker is None:
        return not extra
    return requirement.marker.evaluate({"extra": extra}) and (
        not extra or not requirement.marker.evaluate({"extra": ""})
    )


def _device_checks() -> Iterator[DoctorCheck]:
    """Yield the devices and the threads that torch uses."""
    import torch

    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    yield DoctorCheck("devices", "ok", ", ".join(["cpu", *names]))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = torch.get_num_threads()
    more = threads > cores
    advice = "; more threads than cores are slow, set OMP_NUM_THREADS" if more else ""
    yield DoctorCheck("threads", "note" if more else "ok", f"{threads} on {cores} cores{advice}")


def _disk_checks() -> Iterator[DoctorCheck]:
    """Yield the free space of the working directory, of temporary files and of the user's caches."""
    for subject, folder in (
        ("disk, here", Path.cwd()),
        ("disk, temporary", Path(tempfile.gettempdir())),
        ("disk, caches", _existing(cache_folder())),
    ):
        free = shutil.disk_usage(folder).free
        little = free < LEAST_FREE
        advice = "; free some before a training" if little else ""
        yield DoctorCheck(
            subject, "note" if little else "ok", f"{free / 1e9:.1f} GB free at {folder}{advice}"
        )


def _cache_checks() -> Iterator[DoctorCheck]:
    """Yield the caches and their sizes; all of them may be removed."""
    from huggingface_hub.constants import HF_HUB_CACHE

    for subject, folder in (
        ("cache, converted models", cache_folder()),
        ("cache, hub", Path(HF_HUB_CACHE)),
    ):
        found = f"{size_of(folder) / 1e6:.1f} MB in {folder}" if folder.is_dir() else f"none ({folder})"
        yield DoctorCheck(subject, "ok", found)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder; links, of which the hub's cache has many, count as links."""
    paths = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_size for path in paths)


def _existing(folder: Path) -> Path:
    """Return a folder, or the first above it that is there."""
    return folder if folder.is_dir() else _existing(folder.parent)
