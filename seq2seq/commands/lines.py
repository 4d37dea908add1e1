"""Lines of text from files and from standard input as it arrives, and a count of those that are done.

A line ends at a line feed, alone or after a carriage return; nothing else splits one, so that line k
of the output is always that of line k of the input. Bytes that are not UTF-8 are refused by line number.
"""

import gzip
import io
import queue
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from seq2seq.commands import CommandError

LineResult = TypeVar("LineResult")

# Lines in a group: few at first, so that the first result comes soon; later enough to fill batches of like
# length.
SMALLEST, LARGEST = 8, 256


class ProgressCounter:
    """A count on standard error, rewritten in place while its block runs; only on a terminal.

    Args:
        noun: names what is counted, such as "lines translated".
        total: is how many there are, where that is known.
        hides_results: says that the results are printed to standard output. If that is a terminal too,
            nothing is counted, since the count would stand among them.
    """

    def __init__(self, noun: str, total: int | None = None, *, hides_results: bool = True) -> None:
        self.noun = noun
        self.of = f" of {total}" if total else ""
        self.done = 0
        self.is_shown = sys.stderr.isatty() and not (hides_results and sys.stdout.isatty())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_shown and self.done:  # an error's sentence then begins a line of its own
            print(file=sys.stderr)

    def add(self, count: int = 1) -> None:
        """Count some more."""
        self.done += count
        if self.is_shown:
            print(f"\r{self.done}{self.of} {self.noun}", end="", file=sys.stderr, flush=True)


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file, plain or gzipped.

    Raises:
        ValueError: the file cannot be read, or is no whole gzip file.
    """
    try:
        with gzip.open(path) if Path(path).suffix == ".gz" else open(path, "rb") as file:
            return file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"cannot read {path}: not a whole gzip file ({error}); copy it again") from error
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}; check the path") from error


def read_lines(path: str) -> list[str]:
    """Return the lines of a UTF-8 file, plain or gzipped, without their ends.

    Raises:
        ValueError: the file cannot be read.
        CommandError: a line is not UTF-8.
    """
    return [_decoded(line, number, path) for number, line in enumerate(io.BytesIO(read_bytes(path)), 1)]


def read_parallel(source: str, target: str) -> tuple[list[str], list[str]]:
    """Return the lines of two files.

    Raises:
        ValueError: they have different numbers of lines.
    """
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise ValueError(
            f"{source} has {len(sources)} lines but {target} has {len(targets)}; "
            "line k of one must belong to line k of the other"
        )
    return sources, targets


def standard_input() -> BinaryIO:
    """Open standard input as bytes, through a file object of its own.

    Python flushes `sys.stdin` at exit and aborts if a thread is still reading from it.
    """
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except OSError:  # sys.stdin was replaced by an object without a file, as in tests
        return sys.stdin.buffer


def given_or_arriving(texts: list[str], noun: str) -> Iterator[list[str]]:
    """Yield the texts of the command line in groups, or, without any, lines of standard input as they arrive.

    `noun` names a text in messages.

    Raises:
        CommandError: a text is not UTF-8.
    """
    if not texts:
        if sys.stdin.isatty():
            print(f"One {noun} a line; Ctrl-D ends.", file=sys.stderr)
        return arriving(standard_input())
    for number, text in enumerate(texts, 1):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise CommandError(
                f"{noun} {number} of the command line is not UTF-8; convert it first"
            ) from error
    return in_groups(texts)


def in_groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts in groups of growing size, for `results_of`."""
    start, size = 0, SMALLEST
    while start < len(texts):
        yield list(texts[start : start + size])
        start, size = start + size, min(2 * size, LARGEST)


def label_of(texts: Sequence[str], noun: str) -> str:
    """Return the word that stands before a text's number in messages; empty for a single text."""
    return "line" if not texts else noun if len(texts) > 1 else ""


def results_of(
    groups: Iterable[list[str]], translate: Callable[[list[str]], Iterable[LineResult]], label: str
) -> Iterator[LineResult]:
    """Yield the results for groups of texts; those before a text that is refused come before its error.

    `translate` must refuse a group before it yields any of its results: the group is then halved until the
    text at fault is alone, and everything yielded before would come twice.

    Raises:
        ValueError: the error of the first text that is refused, with the label and its number, from 1.
    """
    number = 1
    for group in groups:
        yield from _results_of_group(group, translate, label, number)
        number += len(group)


def _results_of_group(
    group: list[str], translate: Callable[[list[str]], Iterable[LineResult]], label: str, first: int
) -> Iterator[LineResult]:
    """Yield the results for one group, whose first text has the number `first`."""
    half = len(group) // 2
    try:
        yield from translate(group)
        return
    except ValueError as error:
        if not half:
            raise ValueError(f"{label} {first}: {error}" if label else str(error)) from error
    yield from _results_of_group(group[:half], translate, label, first)
    yield from _results_of_group(group[half:], translate, label, first + half)


def arriving(stream: BinaryIO, name: str = "standard input") -> Iterator[list[str]]:
    """Yield lines of a stream in groups: all that have arrived, without waiting for a group to be full."""
    # A thread reads: only then can lines that have arrived be handed on while the next is awaited. The queue
    # is bounded, so that a large file is not read into memory ahead of the model.
    arrived: queue.Queue[str | BaseException | None] = queue.Queue(4 * LARGEST)
    threading.Thread(target=_read_into, args=(arrived, stream, name), daemon=True).start()
    size = SMALLEST
    while True:
        group: list[str] = []
        item = arrived.get()
        while isinstance(item, str):
            group.append(item)
            if len(group) == size:
                break
            try:
                item = arrived.get_nowait()
            except queue.Empty:
                break
        if group:
            yield group
            size = min(2 * size, LARGEST)
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item


def _read_into(arrived: "queue.Queue[str | BaseException | None]", stream: BinaryIO, name: str) -> None:
    try:
        for number, line in enumerate(stream, 1):
            arrived.put(_decoded(line, number, name))
        arrived.put(None)
    except BaseException as error:  # raised by the queue's reader, which would wait forever
        arrived.put(error)


def _decoded(line: bytes, number: int, name: str) -> str:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(
            f"line {number} of {name} is not UTF-8 (its byte {error.start + 1} is "
            f"{line[error.start]:#04x}); convert it first"
        ) from error
    return text.removesuffix("\n").removesuffix("\r")
