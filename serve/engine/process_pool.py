"""The process pool of searches: batches run in parallel without the interpreter lock of the server.

    thread of a lane ─── ids, options ───────────────> process: decode_sources
                     ─── numbers of cancelled rows ──>     │
                     <── hypotheses, or an exception ──────┘

Texts stay in the server, which splits them and joins translations. A process receives the weights of a model
with its first request for that model. A process that dies is replaced, and its request runs again.

A process counts its steps in memory that both share, idle ones too. One that counts no further hangs: it is
killed, and replaced as one that died. Until then, and until the new one has begun, the pool is not ready.
"""

import atexit
import contextlib
import ctypes
import logging
import multiprocessing
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext

import torch

from seq2seq.inference.decoding import SearchRequest, Vocabulary, decode_sources
from seq2seq.model.transformer import Model
from seq2seq.search import Cancelled, Hypothesis

POLL = 0.02  # seconds between two checks for cancelled rows, on either side
ENDING = 1  # seconds that a process has to end by itself
TRIES = 2  # processes that may die of the same request
BEAT = 1  # seconds between two signs of life of an idle process, and between two looks at them
LATE = 5  # seconds without one after which the pool is not ready
# Seconds without one after which a process is replaced. A step takes less than one; on a machine that was ten
# times overloaded one took 15. Two tries must fit into the 60 seconds of a request.
HUNG = 25
STARTING = 120  # seconds until the first: a process imports torch, on a busy machine for long
log = logging.getLogger("seq2seq.serve")


class ProcessPool:
    """A pool of processes that run searches, each on `threads` cores."""

    def __init__(self, count: int, threads: int = 1) -> None:
        self._all = [_SearchProcess(threads) for _ in range(count)]
        self._free: queue.LifoQueue[_SearchProcess] = queue.LifoQueue()
        for process in self._all:
            self._free.put(process)
        self._closing = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name="search processes").start()
        atexit.register(self.close)

    @property
    def ready(self) -> bool:
        """True where every process has begun and gives signs of life."""
        return all(process.is_alive(LATE) for process in self._all)

    def decode(self, model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
        """Run `decode_sources` in a free process; this is a `Decode`.

        Raises:
            RuntimeError: Two processes died of this request.
            Exception: Whatever `decode_sources` raises.
        """
        process = self._free.get()
        try:
            with process.lock:
                for _ in range(TRIES):
                    with contextlib.suppress(EOFError, OSError):
                        return process.decode(model, request)
                    process.restart()
            raise RuntimeError(f"{TRIES} processes ended while they searched {len(request.sources)} segments")
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End all processes, busy or not."""
        atexit.unregister(self.close)
        self._closing.set()
        for process in self._all:
            process.close()

    def _watch(self) -> None:
        """Replace processes that hang or have died, until the pool is closed; runs in a thread of its own."""
        while not self._closing.wait(BEAT):
            for process in self._all:
                process.replace_if_hung()


class _SearchProcess:
    """One process, and the models it has received.

    Attributes:
        lock: held while a search runs in the process.
    """

    def __init__(self, threads: int) -> None:
        self.lock = threading.Lock()
        self._threads = threads
        self._closed = False
        self._beats_seen: int = 0
        self._beat_seen_at: float = 0.0
        self._start()

    def decode(self, model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
        """Run a search in the process and return its hypotheses.

        Raises:
            EOFError: The process has ended.
            OSError: The process has ended.
            Exception: Whatever `decode_sources` raises.
        """
        # The model and the vocabulary are sent once, not with each request.
        resources = (model, request.vocabulary)
        number = next((number for number, sent in enumerate(self._sent) if sent == resources), None)
        if number is None:
            number = len(self._sent)
            self._connection.send_bytes(pickle.dumps(resources))
            self._sent.append(resources)
        work = replace(request, vocabulary=None, cancelled=None)
        self._connection.send_bytes(pickle.dumps((number, work)))
        reported: set[int] = set()
        while request.cancelled and not self._connection.poll(POLL):
            cancelled = {place for place in range(len(request.sources)) if request.cancelled(place)}
            if cancelled - reported:
                self._connection.send_bytes(pickle.dumps(cancelled))
                reported = cancelled
        answer: list[list[Hypothesis]] | Exception = pickle.loads(self._connection.recv_bytes())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def is_alive(self, seconds: float) -> bool:
        """Return whether the process has begun, runs, and has given a sign of life within some seconds."""
        return self._process.exitcode is None and self._silence() <= seconds and self._beats_seen > 0

    def replace_if_hung(self) -> None:
        """Kill a process that gives no sign of life; start another, unless its search does that itself."""
        process, has_ended = self._process, self._process.exitcode is not None
        if not has_ended and self._silence() <= (HUNG if self._beats_seen else STARTING):
            return
        process.kill()  # which ends the wait of its search
        if self.lock.acquire(blocking=False):
            try:
                if process is self._process:
                    log.error(
                        "an idle search process %s and is replaced", "has ended" if has_ended else "hangs"
                    )
                    self.restart()
            finally:
                self.lock.release()
        elif not has_ended:
            log.error("a search process hangs at a batch and is replaced")

    def _silence(self) -> float:
        """Return the seconds since a new sign of life was seen here."""
        now, beats = time.monotonic(), self._beats.value
        if beats != self._beats_seen:
            self._beats_seen, self._beat_seen_at = beats, now
        return now - self._beat_seen_at

    def restart(self) -> None:
        """Start a process in place of one that has ended."""
        self._end()
        if not self._closed:
            self._start()

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self._end()

    def _start(self) -> None:
        context = _context()
        self._connection, theirs = context.Pipe()
        self._beats = context.RawValue(ctypes.c_ulong, 0)
        self._beats_seen = 0
        self._beat_seen_at = time.monotonic()
        arguments = (theirs, self._threads, self._beats)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        with _signals_blocked():
            self._process.start()
        theirs.close()
        self._sent: list[tuple[Model, Vocabulary | None]] = []

    def _end(self) -> None:
        self._connection.close()  # an idle process ends at this
        self._process.join(ENDING)
        self._process.kill()
        self._process.join()


def _context() -> SpawnContext | ForkServerContext:
    """Return how processes begin: as forks of a small one that has imported torch, whose memory they share.

    A fork of the server itself would copy the locks of its other threads.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():  # not a Unix
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([decode_sources.__module__, __name__])
    return context


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Start processes that do not receive Ctrl-C, which goes to the whole process group.

    They end with the server, which still has requests to finish when it is stopped.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not a Unix
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing would start it later and unblock all signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, threads: int, beats: ctypes.c_ulong) -> None:
    """Run searches in this process until the other end of the connection is closed; count signs of life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be blocked from the start
    torch.set_num_threads(threads)
    received: list[tuple[Model, Vocabulary | None]] = []
    with contextlib.suppress(EOFError, OSError):
        while True:
            beats.value += 1
            if not connection.poll(BEAT):
                continue
            match pickle.loads(connection.recv_bytes()):
                case set():  # a cancellation that arrived after the search
                    pass
                case int() as number, SearchRequest() as request:
                    model, vocabulary = received[number]
                    request = replace(request, vocabulary=vocabulary, cancelled=_listener(connection, beats))
                    connection.send_bytes(_answer(partial(decode_sources, model, request)))
                case model, vocabulary:
                    received.append((model, vocabulary))


def _answer(search: Callable[[], list[list[Hypothesis]]]) -> bytes:
    """Run a search and pickle its hypotheses, or the exception it raised."""
    try:
        return pickle.dumps(search())
    except Exception as error:
        return pickle.dumps(error)


def _listener(connection: Connection, beats: ctypes.c_ulong) -> Cancelled:
    """Return a callback for cancelled rows that reads the connection from time to time.

    A search asks at each of its steps, which is its sign of life.
    """
    cancelled_rows: set[int] = set()
    last = time.monotonic()

    def cancelled(place: int) -> bool:
        nonlocal last
        beats.value += 1
        if time.monotonic() - last > POLL:
            while connection.poll():
                cancelled_rows.update(pickle.loads(connection.recv_bytes()))
            last = time.monotonic()
        return place in cancelled_rows

    return cancelled
