"""Processes that search: batches side by side that do not take turns in the interpreter of the server.

    thread of a lane ─── ids, options ───────────────> process: decode_sources
                     ─── numbers of what is given up ─>    │
                     <── hypotheses, or what was wrong ────┘

Words stay with the server, which cuts texts and puts translations together. A process is sent the weights
of a model when it is first to search with it. One that dies is replaced, and its work begun anew.
"""

import atexit
import contextlib
import multiprocessing
import pickle
import queue
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

import torch

from seq2seq.inference.decoding import SearchRequest, Vocabulary, decode_sources
from seq2seq.model.transformer import Model
from seq2seq.search import Cancelled, Hypothesis

LOOK = 0.02  # seconds between two looks at what has been given up, on either side
ENDING = 1  # seconds that a process has to end by itself
TRIES = 2  # processes that may die of the same work


class ProcessPool:
    """Processes that take turns at what they are given, each on `threads` cores."""

    def __init__(self, count: int, threads: int = 1) -> None:
        self._all = [_SearchProcess(threads) for _ in range(count)]
        self._free: queue.LifoQueue[_SearchProcess] = queue.LifoQueue()
        for process in self._all:
            self._free.put(process)
        atexit.register(self.close)

    def decode(self, model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
        """Run `decode_sources` in a process that is free; RuntimeError where two of them die of it."""
        process = self._free.get()
        try:
            for _ in range(TRIES):
                with contextlib.suppress(EOFError, OSError):
                    return process.decode(model, request)
                process.restart()
            raise RuntimeError(f"{TRIES} processes ended while they searched {len(request.sources)} segments")
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End the processes, whatever they do."""
        atexit.unregister(self.close)
        for process in self._all:
            process.close()


class _SearchProcess:
    """One process, and what it has been sent."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._closed = False
        self._start()

    def decode(self, model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
        """Return the answer of the process; EOFError or OSError when it has ended."""
        # The model and the vocabulary are sent once, not with each request.
        held = (model, request.vocabulary)
        number = next((number for number, known in enumerate(self._known) if known == held), None)
        if number is None:
            number = len(self._known)
            self._connection.send_bytes(pickle.dumps(held))
            self._known.append(held)
        work = replace(request, vocabulary=None, cancelled=None)
        self._connection.send_bytes(pickle.dumps((number, work)))
        told: set[int] = set()
        while request.cancelled and not self._connection.poll(LOOK):
            gone = {place for place in range(len(request.sources)) if request.cancelled(place)}
            if gone - told:
                self._connection.send_bytes(pickle.dumps(gone))
                told = gone
        answer: list[list[Hypothesis]] | Exception = pickle.loads(self._connection.recv_bytes())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def restart(self) -> None:
        """Another process in the place of one that has ended."""
        self._end()
        if not self._closed:
            self._start()

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of other threads
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._threads), daemon=True)
        with _undisturbed():
            self._process.start()
        theirs.close()
        self._known: list[tuple[Model, Vocabulary | None]] = []

    def _end(self) -> None:
        self._connection.close()  # which tells the process
        self._process.join(ENDING)
        self._process.kill()
        self._process.join()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Processes started here do not hear Ctrl-C, which reaches a whole group: they end with the server.

    Whoever ends the server ends them by that; it still has answers to finish when it is told to stop.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not a Unix
        yield
        return
    resource_tracker.ensure_running()  # which multiprocessing starts at need, and lets all signals in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, threads: int) -> None:
    """The life of a process: it searches what it is sent, until nobody holds the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be kept out from the beginning
    torch.set_num_threads(threads)
    known: list[tuple[Model, Vocabulary | None]] = []
    with contextlib.suppress(EOFError, OSError):
        while True:
            match pickle.loads(connection.recv_bytes()):
                case set():  # given up, but done already
                    pass
                case int() as number, SearchRequest() as request:
                    model, vocabulary = known[number]
                    request = replace(request, vocabulary=vocabulary, cancelled=_listener(connection))
                    connection.send_bytes(_answer(partial(decode_sources, model, request)))
                case model, vocabulary:
                    known.append((model, vocabulary))


def _answer(search: Callable[[], list[list[Hypothesis]]]) -> bytes:
    """The hypotheses, or the exception that took their place."""
    try:
        return pickle.dumps(search())
    except Exception as error:
        return pickle.dumps(error)


def _listener(connection: Connection) -> Cancelled:
    """Whether a row is given up, by what has been heard; the server is listened to now and then."""
    gone: set[int] = set()
    last = time.monotonic()

    def cancelled(place: int) -> bool:
        nonlocal last
        if time.monotonic() - last > LOOK:
            while connection.poll():
                gone.update(pickle.loads(connection.recv_bytes()))
            last = time.monotonic()
        return place in gone

    return cancelled
