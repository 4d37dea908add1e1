"""API keys and rates: who may ask, how often, and what a refusal says."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import HTTPException

from serve.http.auth import REMEMBERED, Authenticator, read_keys

if TYPE_CHECKING:
    from tests.serve.conftest import Make, Refusal


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_is_refused_and_comes_back() -> None:
    """A client could flood the server, or would be shut out longer than it is told."""
    clock = Clock()
    access = Authenticator(rate=6, clock=clock)
    for _ in range(6):
        access.admit("a", None)
    with pytest.raises(HTTPException) as refused:
        access.admit("a", None)
    assert refused.value.status_code == 429
    assert refused.value.detail == "Slowdown: at most 6 requests a minute are allowed; ask again in 10 s"
    assert refused.value.headers == {"retry-after": "10"}
    access.admit("b", None)
    clock.now = 10
    access.admit("a", None)


def test_refused_requests_cost_nothing() -> None:
    """A client that asks too early would never be let in again."""
    clock = Clock()
    access = Authenticator(rate=1, clock=clock)
    access.admit("a", None)
    for second in range(1, 60):
        clock.now = second
        with pytest.raises(HTTPException):
            access.admit("a", None)
    clock.now = 60
    access.admit("a", None)


def test_memory_of_clients_is_bounded() -> None:
    """An attacker with many addresses would fill the memory."""
    access = Authenticator(rate=1)
    for number in range(REMEMBERED + 50):
        access.admit(str(number), None)
    assert len(access._in_hand) == REMEMBERED


def test_key_is_needed_and_never_shown(make: "Make", refusal: "Refusal") -> None:
    """Anybody could ask a closed server, or a key would stand in an answer."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions

    client = TestClient(
        make(options=ServerOptions(keys=frozenset({"right", "other"}))), base_url="http://localhost"
    )
    body = {"q": "a man", "source": "en", "target": "de"}
    for path in ("/translate", "/v1/translate", "/v1/stream"):
        assert "api_key is missing" in refusal(client.post(path, json=body), 403)
        assert "api_key is not known" in refusal(client.post(path, json={**body, "api_key": "wrong"}), 403)
        assert client.post(path, json={**body, "api_key": "right"}).status_code == 200
    assert "wrong" not in client.post("/detect", json={"q": "a", "api_key": "wrong"}).text
    assert client.get("/languages").status_code == 200
    assert client.get("/config").status_code == 404  # the demo would let everybody in


def test_clients_with_keys_have_a_rate_each() -> None:
    """Two keys behind one proxy would share a rate, or a key would get more by using many addresses."""
    access = Authenticator(rate=1, keys=frozenset({"one", "two"}))
    assert access.admit("proxy", "one") != access.admit("proxy", "two")
    with pytest.raises(HTTPException):
        access.admit("elsewhere", "one")


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    """A comment or an empty line would be a key that opens the door."""
    file = tmp_path / "keys"
    file.write_text("# people\n\n one \ntwo\n")
    assert read_keys(str(file)) == {"one", "two"}
    file.write_text("# nobody\n\n")
    with pytest.raises(ValueError, match="holds no key"):
        read_keys(str(file))
    with pytest.raises(ValueError, match="cannot be read"):
        read_keys(str(tmp_path / "nowhere"))
