"""The guard: hosts, sizes of bodies, and faults that tell the client and the log nothing they should not."""

import logging
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make, Running

JSON = {"content-type": "application/json"}
BODY_LIMIT = Limits().body_bytes


class Recorder:
    """An ASGI application that reads its whole body and counts what it was given."""

    def __init__(self) -> None:
        self.received = 0

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        more = True
        while more:
            message = await receive()
            self.received += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})


def guarded(application: object, host: str = "127.0.0.1") -> "TestClient":
    """A client of an application behind the guard of a server bound to a host."""
    import asyncio

    from fastapi.testclient import TestClient

    from serve.http.security import SecurityMiddleware

    guard = SecurityMiddleware(application, Limits(), host, asyncio.Event())  # type: ignore[arg-type]
    return TestClient(guard, base_url="http://localhost", raise_server_exceptions=False)


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:1", ""])
def test_loopback_server_answers_to_loopback_names_only(header: str, name: str) -> None:
    """A web page whose name points at 127.0.0.1 could read the server, or see its name reflected."""
    answer = guarded(Recorder()).get("/", headers={header: name})
    assert answer.status_code == 400
    assert answer.json() == {"error": f"this server answers to localhost only; check the header {header}"}


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:7860", "127.0.0.1:1", "[::1]:7860", "[::1]"])
def test_loopback_names_are_answered(name: str) -> None:
    """A user of the machine itself would be shut out."""
    assert guarded(Recorder()).get("/", headers={"host": name}).status_code == 200


def test_server_for_others_answers_to_any_name() -> None:
    """`--host 0.0.0.0` would be of no use: other machines know the server by another name."""
    assert guarded(Recorder(), "0.0.0.0").get("/", headers={"host": "translate.example"}).status_code == 200


def test_body_at_the_limit_passes_whole() -> None:
    """A body of the allowed size would be cut or refused."""
    application = Recorder()
    assert guarded(application).post("/", content=b"x" * BODY_LIMIT).text == "read"
    assert application.received == BODY_LIMIT


def test_body_that_says_it_is_too_long_is_not_read() -> None:
    """A body beyond the limit would be taken in before it is refused."""
    application = Recorder()
    answer = guarded(application).post("/", content=b"x" * (BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert f"{BODY_LIMIT + 1} body bytes, but at most {BODY_LIMIT} are allowed" in answer.json()["error"]
    assert application.received == 0


def test_body_without_a_length_is_cut_off(make: "Make", running: "Running") -> None:
    """An endless upload would fill the memory: its length is not known before."""
    import httpx

    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * BODY_LIMIT:
            sent += 65_536
            yield b"x" * 65_536

    with running(make()) as address:
        try:
            answer = httpx.post(f"{address}/translate", content=chunks(), headers=JSON)
            assert answer.status_code == 413
        except httpx.WriteError:
            pass  # the server closed the connection while the client was still sending
    assert sent < 50 * BODY_LIMIT


@pytest.mark.parametrize("framing", ["Content-Length: {}", "Transfer-Encoding: chunked"])
def test_refusal_reaches_a_client_that_is_sending(make: "Make", running: "Running", framing: str) -> None:
    """Who sends all before reading would find the connection reset, and not learn what the limit is."""
    size = 8 * BODY_LIMIT
    body = b"x" * size
    if "chunked" in framing:
        body = f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    head = f"POST /translate HTTP/1.1\r\nHost: localhost\r\n{framing.format(size)}\r\n\r\n"
    with running(make()) as address:
        parts = urlsplit(address)
        with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=60) as connection:
            connection.sendall(head.encode())
            connection.sendall(body)
            answer = b""
            while chunk := connection.recv(65_536):
                answer += chunk
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert f"at most {BODY_LIMIT} are allowed".encode() in answer


def test_fault_tells_neither_client_nor_log_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """A fault would show a traceback, a path or somebody's text, or pass without a trace in the log."""

    async def failing(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        raise RuntimeError("could not translate 'my secret'")

    with caplog.at_level(logging.DEBUG):
        answer = guarded(failing).post("/translate", content=b"my secret")
    assert answer.status_code == 500
    assert list(answer.json()) == ["error"]
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError in test_guard.py line" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("beam is 0; give 1 or more"), 400, "beam is 0; give 1 or more"),
        (UnicodeEncodeError("utf-8", "my secret", 0, 1, "no"), 500, "the server failed"),
        (RuntimeError("my secret"), 500, "the server failed"),
    ],
)
def test_errors_of_a_model_call(make: "Make", error: Exception, status: int, said: str) -> None:
    """A user's mistake would look like a fault, or a fault would be told in all its detail."""
    from fastapi.testclient import TestClient

    from seq2seq import Translator

    class Failing(Translator):
        def translate_batch(self, *given, **named):  # type: ignore[no-untyped-def]
            raise error

    client = TestClient(make(Failing), base_url="http://localhost", raise_server_exceptions=False)
    answer = client.post("/translate", json={"q": "a", "source": "en", "target": "de"})
    assert answer.status_code == status
    assert answer.json()["error"].startswith(said)
    assert "secret" not in answer.text


def test_browsers_are_told_to_load_nothing_from_elsewhere(client: "TestClient") -> None:
    """Something slipped into the page could send what a user typed to another host."""
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_other_origins_may_not_read_the_page(client: "TestClient") -> None:
    """A foreign web page could read the demo's state, or the figures, through the user's browser."""
    for path in ("/", "/config", "/metrics"):
        answer = client.get(path, headers={"origin": "http://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
