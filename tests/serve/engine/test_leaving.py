"""A client that leaves while the model works on its text: the search ends with the current step."""

import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

PATIENCE = 60  # seconds; only a hang takes as long


class Steps:
    """Every step of a search, by its state; the first one waits for `gate`."""

    def __init__(self, step: Any) -> None:
        self.step = step
        self.states: list[int] = []
        self.begun = threading.Event()
        self.gate = threading.Event()

    def __call__(self, model: Any, tokens: Any, state: Any) -> Any:
        self.states.append(id(state))
        if not self.begun.is_set():
            self.kept = state  # so that no other state gets its id
            self.begun.set()
            assert self.gate.wait(PATIENCE)
        return self.step(model, tokens, state)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """The watched steps of all models."""
    from seq2seq.model.transformer import Transformer

    steps = Steps(Transformer.step)
    monkeypatch.setattr(Transformer, "step", lambda *given: steps(*given))
    return steps


def ask(address: str, text: str, form: str = "text") -> socket.socket:
    """Open a connection and ask for a translation on it."""
    body = f'{{"q": "{text}", "source": "en", "target": "de", "format": "{form}"}}'
    where = urlsplit(address)
    connection = socket.create_connection((where.hostname, where.port), timeout=PATIENCE)
    head = "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return connection


def wait_until_nothing_is_admitted(address: str) -> None:
    """Return once the server has noticed that the client left."""
    for _ in range(10 * PATIENCE):
        if "seq2seq_queue_tokens 0.0" in httpx.get(f"{address}/metrics", timeout=PATIENCE).text:
            return
        time.sleep(0.1)
    pytest.fail("the server did not see that its client left")


@pytest.mark.parametrize("form", ["text", "html"])
def test_search_ends_when_its_only_client_leaves(address: str, steps: Steps, form: str) -> None:
    """A search ends when the only client that waits for it leaves."""
    connection = ask(address, "two dogs play in the snow.", form)
    assert steps.begun.wait(PATIENCE)
    connection.close()
    wait_until_nothing_is_admitted(address)
    steps.gate.set()
    asked = {"q": "a man sleeps.", "source": "en", "target": "de"}
    assert httpx.post(f"{address}/translate", json=asked, timeout=PATIENCE).status_code == 200
    assert steps.states.count(steps.states[0]) == 1
    assert len(steps.states) > 2
