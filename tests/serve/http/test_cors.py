"""CORS: what browsers let web pages of other origins send and read."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

ORIGIN = {"origin": "http://page.example"}


def test_other_origins_may_use_the_routes(client: "TestClient") -> None:
    """A web page of another origin may call the REST routes, without credentials."""
    preflight = {
        **ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    allowed = client.options("/translate", headers=preflight)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-methods"] == "POST"
    assert "content-type" in allowed.headers["access-control-allow-headers"].split(", ")
    for answer in (client.post("/translate", headers=ORIGIN), client.get("/languages", headers=ORIGIN)):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_other_origins_may_fetch_their_files(client: "TestClient") -> None:
    """A web page of another origin may fetch the file that it had translated, and no path beside it."""
    files = {"file": ("x.txt", b"a man")}
    sent = client.post("/translate_file", data={"source": "en", "target": "de"}, files=files, headers=ORIGIN)
    answer = client.get(sent.json()["translatedFileUrl"], headers=ORIGIN)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    for path in ("/download_file", "/download_file/a/b", "/languages/config"):
        assert "access-control-allow-origin" not in client.get(path, headers=ORIGIN).headers


def test_other_origins_may_send_a_key(client: "TestClient") -> None:
    """The preflight allows the Authorization header, in which OpenAI's clients send a key."""
    preflight = {
        **ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    allowed = client.options("/v1/completions", headers=preflight)
    assert "authorization" in allowed.headers["access-control-allow-headers"].split(", ")
