"""API keys and rates: who is admitted, how often, with which errors, and that no costly route forgets it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute, iter_route_contexts
from tables import check_rows

from serve.http.auth import REMEMBERED, Admission, Authenticator, read_keys

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from seq2seq import Generator, Translator
    from tests.serve.conftest import Make, Refusal

LANGUAGES = {"source": "en", "target": "de"}
PAIR = {**LANGUAGES, "q": "a man", "translation": "a dog"}
# Every route that uses a model, with a valid body.
COSTLY: dict[str, dict[str, Any]] = {
    "/translate": {**LANGUAGES, "q": "a man"},
    "/detect": {"q": "a man"},
    "/translate_file": LANGUAGES,
    "/v1/translate": {**LANGUAGES, "q": "a man"},
    "/v1/stream": {**LANGUAGES, "q": "a man"},
    "/v1/score": PAIR,
    "/v1/align": PAIR,
    "/v1/attention": PAIR,
    "/v1/completions": {"prompt": "a", "max_tokens": 2},
}
FREE = {"/languages", "/health", "/ready", "/metrics", "/v1/models", "/download_file/{key}"}


@pytest.fixture(scope="module")
def guarded(translator: "Translator", generator: "Generator") -> "FastAPI":
    """An application with a key for each costly route, and one request a minute for each client."""
    from serve.app import ServerOptions, make_app
    from serve.engine.registry import ModelRegistry

    registry = ModelRegistry({"tiny": translator}, language_models={"bard": generator})
    return make_app(registry, options=ServerOptions(rate=1, keys=frozenset(map(key_of, COSTLY))))


def key_of(path: str) -> str:
    """The key with which a costly route is asked."""
    return f"key of {path}"


def post(client: "TestClient", path: str, body: dict[str, Any]) -> Any:
    """Send a body as the route takes it: JSON, or a form with a file."""
    if path == "/translate_file":
        return client.post(path, data=body, files={"file": ("x.txt", b"a man")})
    return client.post(path, json=body)


def test_every_costly_route_depends_on_admission(guarded: "FastAPI") -> None:
    """Each route either is known to be free or has the dependency, all of one authenticator."""
    contexts = iter_route_contexts(guarded.routes)
    routes = [route for route in contexts if isinstance(route.original_route, APIRoute)]
    routes = [route for route in routes if route.include_in_schema]
    admissions = {
        str(route.path): [
            dependency.call
            for dependency in route.dependant.dependencies
            if isinstance(dependency.call, Admission)
        ]
        for route in routes
    }
    assert set(admissions) == FREE | set(COSTLY)
    assert {path for path, found in admissions.items() if not found} == FREE
    assert all(len(found) == 1 for path, found in admissions.items() if path in COSTLY)
    assert len({id(admission.authenticator) for found in admissions.values() for admission in found}) == 1
    assert all(route.methods == {"GET"} for route in routes if route.path in FREE)


def test_body_then_key_then_rate_are_checked(guarded: "FastAPI", refusal: "Refusal") -> None:
    """On every costly route a wrong body is not charged, a wrong key is charged to the client's address."""
    from fastapi.testclient import TestClient

    def check(path: str) -> None:
        # Each route has an address of its own, so that it is charged apart from the others.
        client = TestClient(guarded, base_url="http://localhost", client=(path, 1))
        body = COSTLY[path]
        for _ in range(3):
            assert "not a known field" in refusal(post(client, path, {**body, "unknown": "x"}), 400)
        assert "api_key is missing" in refusal(post(client, path, body), 403)
        assert "at most 1 requests a minute" in refusal(post(client, path, {**body, "api_key": "x"}), 429)
        keyed = {**body, "api_key": key_of(path)}
        assert post(client, path, keyed).status_code == 200
        answer = post(client, path, keyed)
        assert "at most 1 requests a minute" in refusal(answer, 429)
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert "not a known field" in refusal(post(client, path, {**keyed, "unknown": "x"}), 400)

    check_rows(check, [(path,) for path in COSTLY])


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_is_refused_and_comes_back() -> None:
    """A client beyond its rate gets 429, and is admitted again after the time that it was told."""
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
    """Refused requests are not charged, so that a client that asks too early is admitted in time."""
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
    """The rates of a bounded number of clients are remembered."""
    access = Authenticator(rate=1)
    for number in range(REMEMBERED + 50):
        access.admit(str(number), None)
    assert len(access._in_hand) == REMEMBERED


def test_key_is_needed_and_never_shown(make: "Make", refusal: "Refusal") -> None:
    """A server with keys answers only with one of them, repeats none, and has no page."""
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
    """The rate belongs to the key: two keys of one address have two rates, a key of two addresses has one."""
    access = Authenticator(rate=1, keys=frozenset({"one", "two"}))
    assert access.admit("proxy", "one") != access.admit("proxy", "two")
    with pytest.raises(HTTPException):
        access.admit("elsewhere", "one")


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    """Keys are the lines of a file without blank ones and comments; no file or no key is refused."""
    file = tmp_path / "keys"
    file.write_text("# people\n\n one \ntwo\n")
    assert read_keys(str(file)) == {"one", "two"}
    file.write_text("# nobody\n\n")
    with pytest.raises(ValueError, match="holds no key"):
        read_keys(str(file))
    with pytest.raises(ValueError, match="cannot be read"):
        read_keys(str(tmp_path / "nowhere"))
