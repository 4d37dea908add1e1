"""SecurityMiddleware: host names, sizes of bodies, and faults that show nobody's text."""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from tables import check_rows

from serve.http.proxies import TrustedProxies
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


def guarded(
    application: object, host: str = "127.0.0.1", *, peer: str = "testclient", **options: Any
) -> "TestClient":
    """A client of an application behind the middleware of a server bound to a host."""
    from fastapi.testclient import TestClient

    from serve.http.security import SecurityMiddleware

    middleware = SecurityMiddleware(application, Limits(), host, asyncio.Event(), **options)  # type: ignore[arg-type]
    return TestClient(
        middleware, base_url="http://localhost", raise_server_exceptions=False, client=(peer, 1)
    )


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


def test_only_names_of_hosts_are_names() -> None:
    """A Host header that is no name with a port is refused on every server, whatever stands in it."""
    names = [
        "localhost:80@evil.example",
        "localhost/x",
        "localhost:port",
        "local host",
        "localhost:1:2",
        "[::1",
    ]

    def check(bound: str, name: str) -> None:
        answer = guarded(Recorder(), bound).get("/", headers={"host": name})
        assert answer.status_code == 400 and list(answer.json()) == ["error"]

    check_rows(check, [(bound, name) for bound in ("127.0.0.1", "0.0.0.0") for name in names])


def test_allowed_hosts() -> None:
    """A server with named hosts answers to these and to loopback's, in any case and with any port."""

    def check(bound: str, name: str, status: int) -> None:
        client = guarded(Recorder(), bound, allowed_hosts=["Translate.example", "::2"])
        answer = client.get("/", headers={"host": name})
        assert answer.status_code == status
        assert status == 200 or "translate.example, ::2 only" in answer.json()["error"]

    rows = [
        ("translate.example", 200),
        ("TRANSLATE.example:80", 200),
        ("[::2]:80", 200),
        ("localhost", 200),
        ("sub.translate.example", 400),
        ("evil.example", 400),
    ]
    check_rows(check, [(bound, *row) for bound in ("127.0.0.1", "0.0.0.0") for row in rows])


class Echo:
    """An ASGI application that answers with what it was told of the client."""

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        names = {name.decode() for name, _ in scope["headers"]}
        told = {
            "client": scope["client"][0],
            "scheme": scope["scheme"],
            "headers": sorted(name for name in names if name.startswith("x-") or name == "forwarded"),
        }
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def test_headers_of_proxies_count_where_they_are_trusted() -> None:
    """The client's address comes from named proxies only; of all others these headers are dropped."""
    headers = {
        "x-forwarded-for": "6.6.6.6, 9.9.9.9:80, 10.0.0.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "localhost",
        "x-gradio-server": "http://evil.example",
        "x-other": "kept",
    }

    def check(trusted: list[str], peer: str, client: str, scheme: str, kept: list[str]) -> None:
        asked = guarded(Echo(), peer=peer, proxies=TrustedProxies(trusted)).get("/", headers=headers).json()
        assert asked == {"client": client, "scheme": scheme, "headers": kept}

    forwarded = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-other"]
    rows: list[tuple[list[str], str, str, str, list[str]]] = [
        ([], "127.0.0.1", "127.0.0.1", "http", ["x-other"]),
        (["10.0.0.0/8"], "127.0.0.1", "127.0.0.1", "http", ["x-other"]),
        (["127.0.0.1"], "127.0.0.1", "10.0.0.7", "https", forwarded),
        (["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", "9.9.9.9", "https", forwarded),
        (["::1"], "::1", "10.0.0.7", "https", forwarded),
        (["127.0.0.1"], "testclient", "testclient", "http", ["x-other"]),
    ]
    check_rows(check, rows)
    with pytest.raises(ValueError, match="'nginx' is no address of a proxy"):
        TrustedProxies(["nginx"])


def test_ambiguous_and_large_headers_are_refused(address: str) -> None:
    """Two framings of one body, two hosts and a header beyond its limit are refused; the connection ends."""
    parts = urlsplit(address)

    def check(fields: str, status: int, sentence: str) -> None:
        head = f"POST /translate HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n"
        with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=60) as connection:
            connection.sendall(head.encode() + b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while chunk := connection.recv(65_536):
                answer += chunk
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert sentence.encode() in answer and answer.count(b"HTTP/1.1") == 1

    rows = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400, "both Content-Length and Transfer-Encoding"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400, "both Content-Length and Transfer-Encoding"),
        (f"Transfer-Encoding: chunked\r\nX-Large: {'x' * 60_000}", 431, "at most 32768 are allowed"),
        ("Transfer-Encoding: chunked\r\n" + "X-Y: z\r\n" * 7_000 + "X: y", 431, "at most 32768 are allowed"),
        ("Transfer-Encoding: chunked\r\nHost: localhost", 400, '{"error": "the request is no sound HTTP'),
        ("Content-Length: 5\r\nContent-Length: 6", 400, '{"error": "the request is no sound HTTP'),
        ("Bad field", 400, '{"error": "the request is no sound HTTP'),
    ]
    check_rows(check, rows)


def test_files_share_the_room_of_all() -> None:
    """Files that would be on disk at once beyond their limit are refused for now, and room comes back."""
    release = threading.Event()

    async def holding(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await asyncio.to_thread(release.wait)
        await Recorder()(scope, receive, send)

    client = guarded(holding)
    size = Limits().file_bytes
    with ThreadPoolExecutor(13) as pool:
        sent = [
            pool.submit(client.post, "/translate_file", headers={"content-length": str(size)})
            for _ in range(13)
        ]
        first = next(as_completed(sent)).result()
        assert first.status_code == 503 and "busy with files" in first.json()["error"]
        assert first.headers["retry-after"] == "5"
        release.set()
        assert sorted(each.result().status_code for each in sent) == [200] * 12 + [503]
    assert client.post("/gradio_api/upload", headers={"content-length": str(size)}).status_code == 200


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
