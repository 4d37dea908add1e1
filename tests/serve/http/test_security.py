"""SecurityMiddleware: host names, sizes of bodies, and faults that show nobody's text."""

import logging
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from tables import check_rows

from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make

JSON = {"content-type": "application/json"}
BODY_LIMIT = Limits().body_bytes


class Recorder:
    """An ASGI application that reads its whole body and counts the bytes."""

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
    """A client of an application behind the middleware of a server bound to a host."""
    import asyncio

    from fastapi.testclient import TestClient

    from serve.http.security import SecurityMiddleware

    middleware = SecurityMiddleware(application, Limits(), host, asyncio.Event())  # type: ignore[arg-type]
    return TestClient(middleware, base_url="http://localhost", raise_server_exceptions=False)


def test_loopback_server_answers_to_loopback_names_only() -> None:
    """Foreign names are refused in both headers, so that a web page cannot point its name at 127.0.0.1."""
    client = guarded(Recorder())

    def check(header: str, name: str) -> None:
        answer = client.get("/", headers={header: name})
        assert answer.status_code == 400
        assert answer.json() == {"error": f"this server answers to localhost only; check the header {header}"}

    names = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:1", ""]
    check_rows(check, [(header, name) for header in ("host", "x-forwarded-host") for name in names])


def test_loopback_names_are_answered() -> None:
    """A user of the machine itself is answered under every loopback name, with or without a port."""
    client = guarded(Recorder())

    def check(name: str) -> None:
        assert client.get("/", headers={"host": name}).status_code == 200

    names = ["localhost", "LOCALHOST:7860", "127.0.0.1:1", "[::1]:7860", "[::1]"]
    check_rows(check, [(name,) for name in names])


def test_server_for_others_answers_to_any_name() -> None:
    """A server bound to 0.0.0.0 answers under the name by which other machines know it."""
    assert guarded(Recorder(), "0.0.0.0").get("/", headers={"host": "translate.example"}).status_code == 200


def test_body_at_the_limit_passes_whole() -> None:
    """A body of the allowed size passes whole."""
    application = Recorder()
    assert guarded(application).post("/", content=b"x" * BODY_LIMIT).text == "read"
    assert application.received == BODY_LIMIT


def test_body_that_says_it_is_too_long_is_not_read() -> None:
    """A body that announces too many bytes is refused before any of it is read."""
    application = Recorder()
    answer = guarded(application).post("/", content=b"x" * (BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert f"{BODY_LIMIT + 1} body bytes, but at most {BODY_LIMIT} are allowed" in answer.json()["error"]
    assert application.received == 0


def test_body_without_a_length_is_cut_off(address: str) -> None:
    """An endless upload without a length is cut off long before its end."""
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * BODY_LIMIT:
            sent += 65_536
            yield b"x" * 65_536

    try:
        answer = httpx.post(f"{address}/translate", content=chunks(), headers=JSON)
        assert answer.status_code == 413
    except httpx.WriteError:
        pass  # the server closed the connection while the client was still sending
    assert sent < 50 * BODY_LIMIT


def test_refusal_reaches_a_client_that_is_sending(address: str) -> None:
    """A client that sends everything before it reads gets the refusal, not a reset connection."""
    size = 8 * BODY_LIMIT
    parts = urlsplit(address)

    def check(framing: str, body: bytes) -> None:
        head = f"POST /translate HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
        with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=60) as connection:
            connection.sendall(head.encode())
            connection.sendall(body)
            answer = b""
            while chunk := connection.recv(65_536):
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert f"at most {BODY_LIMIT} are allowed".encode() in answer

    body = b"x" * size
    check(f"Content-Length: {size}", body)
    check("Transfer-Encoding: chunked", f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n")


def test_fault_tells_neither_client_nor_log_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """A fault is one line in the log by type and place; neither log nor answer holds the text."""

    async def failing(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        raise RuntimeError("could not translate 'my secret'")

    with caplog.at_level(logging.DEBUG):
        answer = guarded(failing).post("/translate", content=b"my secret")
    assert answer.status_code == 500
    assert list(answer.json()) == ["error"]
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError in test_security.py line" in caplog.text
    assert "Traceback" not in caplog.text


def test_errors_of_a_model_call(make: "Make") -> None:
    """A user's mistake is told as 400 with its sentence, every other error as 500 without its details."""
    from fastapi.testclient import TestClient

    from seq2seq import Translator

    error: Exception

    class Failing(Translator):
        def translate_segments(self, *given, **named):  # type: ignore[no-untyped-def]
            raise error

    client = TestClient(make(Failing), base_url="http://localhost", raise_server_exceptions=False)

    def check(raised: Exception, status: int, sentence: str) -> None:
        nonlocal error
        error = raised
        answer = client.post("/translate", json={"q": "a", "source": "en", "target": "de"})
        assert answer.status_code == status
        assert answer.json()["error"].startswith(sentence)
        assert "secret" not in answer.text

    rows = [
        (ValueError("beam is 0; give 1 or more"), 400, "beam is 0; give 1 or more"),
        (UnicodeEncodeError("utf-8", "my secret", 0, 1, "no"), 500, "the server failed"),
        (RuntimeError("my secret"), 500, "the server failed"),
    ]
    check_rows(check, rows)


def test_browsers_are_told_to_load_nothing_from_elsewhere(client: "TestClient") -> None:
    """The page's policy allows its own origin only, so that nothing on it can send a text elsewhere."""
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_other_origins_may_not_read_the_page(client: "TestClient") -> None:
    """The demo and the metrics stay closed to web pages of other origins."""
    for path in ("/", "/config", "/metrics"):
        answer = client.get(path, headers={"origin": "http://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
