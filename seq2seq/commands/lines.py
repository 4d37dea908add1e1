"""Lines of text in, from files and from standard input as it arrives.

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
from typing import BinaryIO, TypeVar

from seq2seq.commands import CommandError

LineResult = TypeVar("LineResult")

SMALLEST, LARGEST = 8, 256  # lines handed on at once: few at first, so that the first answer comes soon


def read_bytes(path: str) -> bytes:
    """The bytes of a file, plain or gzipped; a file that cannot be read is a ValueError."""
    try:
        with gzip.open(path) if Path(path).suffix == ".gz" else open(path, "rb") as file:
            return file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"cannot read {path}: no whole gzip file ({error}); copy it again") from error
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}; check the path") from error


def read_lines(path: str) -> list[str]:
    """All lines of a UTF-8 file, plain or gzipped; a file that cannot be read is a ValueError."""
    return [_decoded(line, number, path) for number, line in enumerate(io.BytesIO(read_bytes(path)), 1)]


def read_parallel(source: str, target: str) -> tuple[list[str], list[str]]:
    """The lines of two files, which must be as many."""
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise ValueError(
            f"{source} has {len(sources)} lines but {target} has {len(targets)}; "
            "line k of one must belong to line k of the other"
        )
    return sources, targets


def standard_input() -> BinaryIO:
    """Standard input as bytes, read through an object of its own.

    Python flushes `sys.stdin` when it ends, and aborts where a thread still waits inside it.
    """
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except OSError:  # a stand-in without a file, as in tests
        return sys.stdin.buffer


def given_or_arriving(given: list[str], what: str) -> Iterable[list[str]]:
    """The texts of the command line, each called `what`, or the lines of standard input as they arrive."""
    if not given:
        if sys.stdin.isatty():
            print(f"One {what} a line; Ctrl-D ends.", file=sys.stderr)
        return arriving(standard_input())
    for number, text in enumerate(given, 1):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise CommandError(
                f"{what} {number} of the command line is not UTF-8; convert it first"
            ) from error
    return [given]


def name_of(given: Sequence[str], what: str) -> str:
    """What a text is called beside its number: a line, one of several `what`; one alone needs no name."""
    return "line" if not given else what if len(given) > 1 else ""


def answers(
    groups: Iterable[list[str]], answer: Callable[[list[str]], Iterable[LineResult]], named: str
) -> Iterator[LineResult]:
    """What is answered to groups of texts; where a text is refused, first the answers to those before it.

    Of several texts `answer` must refuse at once, before it gives any; the complaint (ValueError) names one.
    """
    number = 1
    for group in groups:
        yield from _answers(group, answer, named, number)
        number += len(group)


def _answers(
    group: list[str], answer: Callable[[list[str]], Iterable[LineResult]], named: str, number: int
) -> Iterator[LineResult]:
    """The answers to one group, whose first text has a number; halved until the text at fault is alone."""
    half = len(group) // 2
    try:
        yield from answer(group)
        return
    except ValueError as error:
        if not half:
            raise ValueError(f"{named} {number}: {error}" if named else str(error)) from error
    yield from _answers(group[:half], answer, named, number)
    yield from _answers(group[half:], answer, named, number + half)


def arriving(stream: BinaryIO, name: str = "standard input") -> Iterator[list[str]]:
    """Lines of a stream in groups: all that have arrived, without waiting for a group to be full."""
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
    except BaseException as error:  # handed to the reader of the queue, who would wait for ever
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
