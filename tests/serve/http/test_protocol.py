"""Connections: half-sent requests, slow readers and crowds are cut off or answered; others are served."""

import asyncio
import json
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from tables import check_rows

from serve.limits import Limits

if TYPE_CHECKING:
    from tests.serve.conftest import Make, Running

LIMITS = Limits(header_seconds=1, body_seconds=1)
CROWD = 1_000
BODY = json.dumps({"q": "a man", "source": "en", "target": "de"})
HEAD = "\r\n".join(
    [
        "POST /translate HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(BODY)}",
    ]
)


@pytest.fixture(scope="module")
def address(make: "Make", running: "Running") -> Iterator[str]:
    """A server that waits a second for a header, a body or a reader."""
    with running(make(limits=LIMITS), LIMITS) as address:
        yield address


def connect(address: str) -> socket.socket:
    """A connection to a server; reading from it fails after a minute."""
    parts = urlsplit(address)
    return socket.create_connection((str(parts.hostname), parts.port or 0), timeout=60)


def read_all(connection: socket.socket) -> bytes:
    """The bytes that arrive until the other side closes."""
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def refusal(answer: bytes) -> tuple[str, str]:
    """The status and the sentence of a refusal."""
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head.split(" ")[1], json.loads(body)["error"]


def test_header_and_body_that_do_not_arrive_are_not_awaited(address: str) -> None:
    """A connection that sends nothing, half a header or half a body gets 408 after the time of its limit."""
    header_late = "the header did not come within 1 seconds; send it at once"
    body_late = "the body did not come within 1 seconds; send it faster"
    rows = [
        ("", header_late),
        ("POST", header_late),
        ("POST /translate HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", header_late),
        (f"{HEAD}\r\n\r\n{BODY[:10]}", body_late),
    ]
    # All of them wait at the same time.
    connections = [connect(address) for _ in rows]
    for connection, (sent, _) in zip(connections, rows, strict=True):
        connection.sendall(sent.encode())

    def check(connection: socket.socket, sentence: str) -> None:
        with connection:
            assert refusal(read_all(connection)) == ("408", sentence)

    check_rows(
        check,
        [(connection, sentence) for connection, (_, sentence) in zip(connections, rows, strict=True)],
    )


def test_second_request_of_a_connection_has_its_own_time(address: str) -> None:
    """Each request of a kept connection has the full time for its header."""
    with connect(address) as connection:
        for _ in range(3):
            connection.sendall(f"{HEAD}\r\n\r\n{BODY}".encode())
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
        connection.sendall(HEAD.encode())
        assert b" 408 " in read_all(connection)


def test_client_that_does_not_read_is_cut_off(address: str) -> None:
    """A client that sends requests and does not read the answers is disconnected."""
    with connect(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = "GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(request.encode() * 20)
        poller = select.poll()
        poller.register(connection, 0)  # reports errors only, such as a reset
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(600):
                # The kernel resets a closed connection at the next byte that its client sends.
                connection.sendall(b"x")
                poller.poll(100)


def test_others_are_served_meanwhile(address: str) -> None:
    """A hundred clients that send half a header do not keep others from being answered."""
    idle = [connect(address) for _ in range(100)]
    for connection in idle:
        connection.sendall(b"POST /tran")
    assert httpx.get(f"{address}/health", timeout=60).status_code == 200
    for connection in idle:
        connection.close()


def test_too_many_connections_are_told(make: "Make", running: "Running") -> None:
    """A connection beyond the limit gets 503 at once, and closed ones make room again."""
    limits = Limits(connections=5)
    with running(make(limits=limits), limits) as address:
        connections = [connect(address) for _ in range(5)]
        for connection in connections:  # so that the server knows each before the sixth
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
        with connect(address) as sixth:
            status, sentence = refusal(read_all(sixth))
        assert (status, sentence.startswith("the server has 5 connections")) == ("503", True)
        for connection in connections:
            connection.close()
        assert httpx.get(f"{address}/health", timeout=60).status_code == 200


def test_a_thousand_clients_all_get_an_answer(make: "Make", running: "Running") -> None:
    """A thousand clients at once all get the same answer, and their connections are closed after it."""

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{HEAD}\r\nConnection: close\r\n\r\n{BODY}".encode())
            return await reader.read()
        finally:
            writer.close()

    async def crowd(port: int) -> list[bytes]:
        return await asyncio.gather(*(ask(port) for _ in range(CROWD)))

    _allow_files(2 * CROWD + 500)
    limits = Limits(seconds=280)
    with running(make(limits=limits), limits) as address:
        before = _open_files()
        answers = asyncio.run(crowd(urlsplit(address).port or 0))
        assert _open_files() < before + CROWD // 10
        assert httpx.get(f"{address}/ready", timeout=60).status_code == 200
    heads = {answer.split(b"\r\n")[0] for answer in answers}
    assert heads == {b"HTTP/1.1 200 OK"}
    assert len({answer.rpartition(b"\r\n\r\n")[2] for answer in answers}) == 1


def _open_files() -> int:
    files = Path("/proc/self/fd")
    return len(list(files.iterdir())) if files.exists() else 0


def _allow_files(needed: int) -> None:
    resource = pytest.importorskip("resource", reason="there is no limit of files to raise here")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(
            f"only {hard} open files are allowed here, and both ends of {CROWD} connections need {needed}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
