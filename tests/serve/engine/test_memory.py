"""Memory returns to its level after rounds of large and malformed requests."""

import io
import json
import random
import socket
import string
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from server_process import children, serving

ROUNDS = 6
SETTLED = 3  # rounds after which caches and pools of threads have their size
ALLOWED = 14  # MiB of growth in all rounds after that; eight bodies of 1 MiB that stay a round are 24
CROWD = 100
LANGUAGES = {"source": "en", "target": "de"}
PAIR = {**LANGUAGES, "q": "two dogs play in the snow", "translation": "zwei hunde spielen im schnee"}


def resident(process: int) -> float:
    """Return the resident MiB of a process and its children."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 2**20 + sum(map(resident, children(process)))


def bomb() -> bytes:
    """Return a document of few bytes that unpacks to many."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", " " * 2**26)
    return packed.getvalue()


BOMB = bomb()


def abuse(address: str, seed: int) -> list[list[int]]:
    """Send one round: large and broken bodies, a crowd that sends half a header, readers that leave early.

    Returns the statuses of the answers, a list a client.
    """
    words = random.Random(seed)

    def ask(_: int) -> list[int]:
        length = words.randrange(1, 3_000)
        text = "".join(words.choices(string.ascii_letters + " 。é", k=length))
        html = "<p>" * (length // 10) + text[:6]
        deep = b'{"q":' + b"[" * 100_000
        as_json = {"content-type": "application/json"}
        with httpx.Client(base_url=address, timeout=60) as client:
            answers = [
                client.post("/translate", json={**LANGUAGES, "q": text[:6]}),
                client.post("/translate", json={**LANGUAGES, "q": html, "format": "html"}),
                client.post("/v1/attention", json={**PAIR, "q": text[:6]}),
                client.post("/translate", content=b"{" + b"x" * 2**20, headers=as_json),
                client.post("/translate", content=deep, headers=as_json),
                client.post("/translate_file", data=LANGUAGES, files={"file": ("a.docx", BOMB)}),
            ]
            with client.stream("POST", "/v1/stream", json={**LANGUAGES, "q": text[:6]}) as stream:
                next(stream.iter_lines())
        return [answer.status_code for answer in answers]

    def say_nothing() -> socket.socket:
        parts = urlsplit(address)
        connection = socket.create_connection((str(parts.hostname), parts.port or 0), timeout=60)
        connection.sendall(b"POST /translate HTTP/1.1\r\nContent-Length: 99\r\n")
        return connection

    crowd = [say_nothing() for _ in range(CROWD)]
    with ThreadPoolExecutor(4) as clients:
        statuses = list(clients.map(ask, range(8)))
    for connection in crowd:
        connection.close()
    return statuses


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_comes_back(model_directory: Path) -> None:
    """Memory stays bounded over rounds of abuse."""
    sizes = []
    with serving("--model", str(model_directory), "--port", "0", cores=2) as (process, address):
        for seed in range(ROUNDS):
            for statuses in abuse(address, seed):
                assert statuses == [200, 200, 200, 413, 400, 400]
            sizes.append(resident(process.pid))
        answer = httpx.post(f"{address}/translate", json={**LANGUAGES, "q": "a man"}, timeout=60)
    assert json.loads(answer.text)["translatedText"]
    print("MiB after each round:", *map(round, sizes))
    assert max(sizes[SETTLED:]) - sizes[SETTLED - 1] < ALLOWED, sizes
