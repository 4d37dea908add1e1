"""Files and Python calls that one sentence passes: through `Translator.translate`, and as a POST.

    python benchmarks/hops.py [--model en-de] [--text TEXT] [--most 20]

Counted by `sys.setprofile` in every thread: calls of functions of this project, and the files they are in.
The first call of each kind warms up and is not counted. Fewer is not better in itself; a number that grows
without a reason is work done twice.
"""

import argparse
import collections
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import seq2seq
from seq2seq import Translator

ROOT = Path(seq2seq.__file__).resolve().parents[1]
TEXT = "Two dogs play in the snow."


class Hops(NamedTuple):
    """Calls by function, (file, name)."""

    calls: collections.Counter[tuple[str, str]]

    @property
    def files(self) -> collections.Counter[str]:
        """Calls by file."""
        by_file: collections.Counter[str] = collections.Counter()
        for (file, _), count in self.calls.items():
            by_file[file] += count
        return by_file


class Profiler:
    """Counts calls of the project's functions while it is asked to, in every thread begun after it."""

    def __init__(self) -> None:
        self.counting = False
        self.calls: collections.Counter[tuple[str, str]] = collections.Counter()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Count a call, as a profile function of `sys.setprofile`."""
        if self.counting and event == "call":
            self.calls[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Listen to this thread and to those that begin meanwhile."""
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def count(self, work: Callable[[], object]) -> Hops:
        """Return the calls of the second of two runs."""
        work()
        self.calls.clear()
        self.counting = True
        work()
        self.counting = False
        own = collections.Counter[tuple[str, str]]()
        for (file, name), count in self.calls.items():
            path = Path(file)
            if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ("seq2seq", "train", "serve"):
                own[str(path.relative_to(ROOT)), name] = count
        return Hops(own)


def count_translation(translator: Translator, text: str) -> Hops:
    """Count what a sentence passes in `Translator.translate`."""
    profiler = Profiler()
    with profiler.installed():
        return profiler.count(lambda: translator.translate(text).text)


def count_post(translator: Translator, text: str) -> Hops:
    """Count what a sentence passes in a server that answers POST /translate."""
    from fastapi.testclient import TestClient

    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    profiler = Profiler()
    (source, target), *_ = translator.settings.directions
    with (
        profiler.installed(),
        TestClient(make_app(ModelRegistry({"model": translator})), base_url="http://localhost") as client,
    ):
        body = {"q": text, "source": source, "target": target}
        return profiler.count(lambda: client.post("/translate", json=body).raise_for_status())


def main(argv: Sequence[str] | None = None) -> None:
    """Print both counts, and with --most the functions called most often."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-de")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--most", type=int, default=0, help="functions to list, those called most first")
    arguments = parser.parse_args(argv)
    translator = Translator.from_pretrained(arguments.model, device="cpu")
    for name, count in (("Translator.translate", count_translation), ("POST /translate", count_post)):
        hops = count(translator, arguments.text)
        print(f"{name}: {len(hops.files)} files, {hops.calls.total()} calls")
        for (file, function), calls in hops.calls.most_common(arguments.most):
            print(f"  {calls:5d}  {file}  {function}")
        if arguments.most:
            print("  files: " + ", ".join(f"{file} {calls}" for file, calls in hops.files.most_common()))


if __name__ == "__main__":
    main()
