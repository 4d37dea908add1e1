"""Searches in processes: equal results, errors returned, dead processes replaced."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from seq2seq import DecodeOptions
from seq2seq.inference.decoding import SearchRequest, decode_sources

if TYPE_CHECKING:
    from seq2seq import Translator
    from seq2seq.model.transformer import Transformer
    from seq2seq.search import Hypothesis
    from serve.engine.process_pool import ProcessPool

SOURCES = [[5, 6, 7], [8, 9], [10, 11, 12, 13, 14]]
PATIENCE = 60  # seconds; only a hang takes as long


@pytest.fixture(scope="module")
def searchers() -> Iterator["ProcessPool"]:
    """Two processes."""
    from serve.engine.process_pool import ProcessPool

    made = ProcessPool(2)
    yield made
    made.close()


def told(found: "list[list[Hypothesis]]") -> list[list[tuple[list[int], str]]]:
    """Return hypotheses without numbers, whose last digit may differ with other threads."""
    return [[(each.tokens, each.finish) for each in hypotheses] for hypotheses in found]


def processes(searchers: "ProcessPool") -> list[int]:
    """Return the current processes."""
    return [searcher._process.pid for searcher in searchers._all]  # type: ignore[misc]


def end(process: int) -> None:
    """Kill a process."""
    os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))


@pytest.mark.parametrize("options", [DecodeOptions(), DecodeOptions(num_hypotheses=3, min_length=4)], ids=str)
def test_results_are_those_of_a_search_here(
    searchers: "ProcessPool", tiny_model: "Transformer", options: DecodeOptions
) -> None:
    """Results equal those of a search in this process."""
    found, wanted = (
        decode(tiny_model, SearchRequest(SOURCES, options)) for decode in (searchers.decode, decode_sources)
    )
    assert told(found) == told(wanted)
    scores = [[[each.score for each in hypotheses] for hypotheses in side] for side in (found, wanted)]
    assert scores[0] == [pytest.approx(expected, abs=1e-5) for expected in scores[1]]


def test_translations_with_kept_things_and_glossaries_are_those_of_the_library(
    searchers: "ProcessPool", translator: "Translator"
) -> None:
    """Vocabulary, constraints and prefixes reach the process."""
    texts = ["two dogs plays in the snow.", "a man {x}"]
    for options in (
        DecodeOptions(keep_placeholders=True),
        DecodeOptions(glossary={"dogs": "hunde"}),
        DecodeOptions(target_prefix="ein"),
    ):
        wanted = translator.translate_batch(texts, options)
        found = translator.translate_batch(texts, options, decode=searchers.decode)
        assert [each.text for each in found] == [each.text for each in wanted]
        assert [each.alignment.links() for each in found] == [each.alignment.links() for each in wanted]


def test_several_models_keep_apart(
    searchers: "ProcessPool", tiny_model: "Transformer", translator: "Translator"
) -> None:
    """Each of two models answers for itself."""
    options = DecodeOptions()
    with ThreadPoolExecutor(4) as lanes:
        models = [tiny_model, translator.model] * 4
        found = list(
            lanes.map(lambda model: searchers.decode(model, SearchRequest(SOURCES, options)), models)
        )
    wanted = [decode_sources(model, SearchRequest(SOURCES, options)) for model in models]
    assert list(map(told, found)) == list(map(told, wanted))


def test_what_is_wrong_is_said_here(searchers: "ProcessPool", tiny_model: "Transformer") -> None:
    """An error of a request is raised here as it would be without processes."""
    before = processes(searchers)
    with pytest.raises(ValueError, match="max_length is 5000, but this model writes at most"):
        searchers.decode(tiny_model, SearchRequest(SOURCES, DecodeOptions(max_length=5000)))
    assert processes(searchers) == before


def test_what_is_given_up_ends_early(searchers: "ProcessPool", translator: "Translator") -> None:
    """Cancelled searches end early."""
    many = SOURCES * 400
    options = DecodeOptions(min_length=25, max_length=29)
    wanted = searchers.decode(translator.model, SearchRequest(many, options))
    gone = searchers.decode(
        translator.model, SearchRequest(many, options, cancelled=lambda place: place != 1)
    )
    assert [number for number, hypotheses in enumerate(gone) if hypotheses] == [1]
    assert told(gone[1:2]) == told(wanted[1:2])
    few = searchers.decode(translator.model, SearchRequest(SOURCES, options))
    assert told(few) == told(decode_sources(translator.model, SearchRequest(SOURCES, options)))


def test_dead_process_is_replaced(searchers: "ProcessPool", tiny_model: "Transformer") -> None:
    """A process that the system ends is replaced, and its work is repeated."""
    before = processes(searchers)
    for process in before:
        end(process)
    options = DecodeOptions()
    wanted = told(decode_sources(tiny_model, SearchRequest(SOURCES, options)))
    for _ in range(2):
        assert told(searchers.decode(tiny_model, SearchRequest(SOURCES, options))) == wanted
    assert set(processes(searchers)) != set(before)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are stopped by a signal")
def test_hung_processes_are_replaced(
    searchers: "ProcessPool", tiny_model: "Transformer", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes that hang, at a batch or idle, are noticed and replaced; the batch is repeated."""
    from serve.engine import process_pool

    def wait_for(ready: bool) -> None:
        deadline = time.monotonic() + 2 * PATIENCE
        while searchers.ready != ready:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    wait_for(True)
    monkeypatch.setattr(process_pool, "LATE", 2)
    monkeypatch.setattr(process_pool, "HUNG", 4)
    before = processes(searchers)
    for process in before:
        os.kill(process, signal.SIGSTOP)
    options = DecodeOptions()
    found = searchers.decode(tiny_model, SearchRequest(SOURCES, options, cancelled=lambda place: False))
    assert told(found) == told(decode_sources(tiny_model, SearchRequest(SOURCES, options)))
    wait_for(True)
    assert not set(processes(searchers)) & set(before)


def test_pool_is_not_ready_while_a_process_hangs() -> None:
    """A pool is ready once its processes have begun, and not while one of them gives no sign of life."""
    from serve.engine.process_pool import ProcessPool

    pool = ProcessPool(1)
    try:
        assert not pool.ready
        (process,) = pool._all
        process._beats.value += 1
        assert pool.ready
        process._beat_seen_at -= 10
        process._beats_seen = process._beats.value
        assert not pool.ready
    finally:
        pool.close()


def test_work_that_ends_processes_is_refused(
    searchers: "ProcessPool", tiny_model: "Transformer", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that ends every process is refused after a few attempts."""
    from serve.engine.process_pool import _SearchProcess

    def decode(searcher: _SearchProcess, *work: object) -> None:
        end(searcher._process.pid)  # type: ignore[arg-type]
        raise EOFError

    with monkeypatch.context() as patched:
        patched.setattr(_SearchProcess, "decode", decode)
        with pytest.raises(RuntimeError, match="2 processes ended while they searched 3 segments"):
            searchers.decode(tiny_model, SearchRequest(SOURCES, DecodeOptions()))
    assert searchers.decode(tiny_model, SearchRequest(SOURCES, DecodeOptions()))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are asked for by signal 0")
def test_close_ends_the_processes() -> None:
    """Closing ends all processes, also those that are still starting."""
    from serve.engine.process_pool import ProcessPool

    made = ProcessPool(2)
    known = processes(made)
    made.close()
    deadline = time.monotonic() + PATIENCE
    while any(map(exists, known)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def exists(process: int) -> bool:
    """Return whether a process with this number exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
