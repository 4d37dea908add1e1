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

ROUNDS = 8
SETTLED = 3  # rounds after which a server has what it keeps
ALLOWED = 24  # MiB of growth in all rounds after that; a leak of the smallest body kept is far more
CROWD = 100
WAYS = {"source": "en", "target": "de"}
PAIR = {**WAYS, "q": "two dogs play in the snow", "translation": "zwei hunde spielen im schnee"}


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
    """One round: large and broken bodies, a crowd that says nothing, readers that leave, texts of any length.

    Gives the statuses of the answers, a list a client.
    """
    words = random.Random(seed)

    def ask(number: int) -> list[int]:
        length = words.randrange(1, 3_000)
        text = "".join(words.choices(string.ascii_letters + " 。é", k=length))
        html = "<p>" * (length // 10) + text[:200]
        deep = b'{"q":' + b"[" * 100_000
        as_json = {"content-type": "application/json"}
        with httpx.Client(base_url=address, timeout=60) as client:
            answers = [
                client.post("/translate", json={**WAYS, "q": f"{text[:300]} {number}"}),
                client.post("/translate", json={**WAYS, "q": html, "format": "html"}),
                client.post("/v1/attention", json={**PAIR, "q": text[:60]}),
                client.post("/translate", content=b"{" + b"x" * 2**20, headers=as_json),
                client.post("/translate", content=deep, headers=as_json),
                client.post("/translate_file", data=WAYS, files={"file": ("a.docx", BOMB)}),
            ]
            with client.stream("POST", "/v1/stream", json={**WAYS, "q": text[:300]}) as answer:
                next(answer.iter_lines())
        return [each.status_code for each in answers]

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
    held = []
    with serving("--model", str(model_directory), "--port", "0", cores=2) as (process, address):
        for seed in range(ROUNDS):
            for statuses in abuse(address, seed):
                assert statuses == [200, 200, 200, 413, 400, 400]
            held.append(resident(process.pid))
        answer = httpx.post(f"{address}/translate", json={**WAYS, "q": "a man"}, timeout=60)
    assert json.loads(answer.text)["translatedText"]
    print("MiB after each round:", *map(round, held))
    assert max(held[SETTLED:]) - held[SETTLED - 1] < ALLOWED, held
