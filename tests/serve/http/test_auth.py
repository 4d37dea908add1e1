"""API keys and rates: who is admitted, how often, with which errors, and that no costly route forgets it."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute, iter_route_contexts
from tables import check_rows

from serve.http import auth
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
    "/v2/translate": {"text": ["a man"], "source_lang": "EN", "target_lang": "DE"},
}
FREE = {
    "/languages",
    "/health",
    "/ready",
    "/metrics",
    "/v1/models",
    "/v1/models/{name:path}",
    "/download_file/{key}",
    "/spec",
    "/frontend/settings",
    "/v2/languages",
    "/v2/usage",
}
LIBRETRANSLATE = ("/translate", "/detect", "/translate_file")
MISSING = (400, "Please contact the server operator to get an API key")  # LibreTranslate's answer
REFUSING = {"/suggest"}  # answered with 403 whatever is sent


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
    """Send a body as the route takes it: JSON, or a form with a file; DeepL's key in its header."""
    if path == "/translate_file":
        return client.post(path, data=body, files={"file": ("x.txt", b"a man")})
    if path == "/v2/translate" and "api_key" in body:
        headers = {"authorization": f"DeepL-Auth-Key {body['api_key']}"}
        return client.post(path, json={**body, "api_key": "not read"}, headers=headers)
    return client.post(path, json=body)


def wrong(body: dict[str, Any]) -> dict[str, Any]:
    """A body without its last required field, which every route refuses."""
    required = [name for name in ("target", "target_lang", "q", "prompt") if name in body]
    return {name: value for name, value in body.items() if name != required[0]}


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
    assert set(admissions) == FREE | REFUSING | set(COSTLY)
    assert {path for path, found in admissions.items() if not found} == FREE | REFUSING
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
            assert "missing" in refusal(post(client, path, wrong(body)), 400)
        status, sentence = MISSING if path in LIBRETRANSLATE else (403, "api_key is missing")
        assert sentence in refusal(post(client, path, body), status)
        assert "at most 1 texts a minute" in refusal(post(client, path, {**body, "api_key": "x"}), 429)
        keyed = {**body, "api_key": key_of(path)}
        assert post(client, path, keyed).status_code == 200
        answer = post(client, path, keyed)
        assert "at most 1 texts a minute" in refusal(answer, 429)
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert "missing" in refusal(post(client, path, wrong(keyed)), 400)

    check_rows(check, [(path,) for path in COSTLY])


def test_own_routes_refuse_unknown_fields(guarded: "FastAPI", refusal: "Refusal") -> None:
    """The routes under /v1 take no field that they do not know."""
    from fastapi.testclient import TestClient

    client = TestClient(guarded, base_url="http://localhost")

    def check(path: str) -> None:
        answer = post(client, path, {**COSTLY[path], "unknown": "x"})
        assert "'unknown' is not a known field" in refusal(answer)

    check_rows(check, [(path,) for path in COSTLY if path.startswith("/v1/")])


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
    assert refused.value.detail == "Slowdown: at most 6 texts a minute are allowed; ask again in 10 s"
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
    assert refusal(client.post("/translate", json=body), MISSING[0]) == MISSING[1]
    assert refusal(client.post("/translate", json={**body, "api_key": "x"}), 403) == "Invalid API key"
    assert client.post("/translate", json={**body, "api_key": "right"}).status_code == 200
    for path in ("/v1/translate", "/v1/stream"):
        assert "api_key is missing" in refusal(client.post(path, json=body), 403)
        assert "api_key is not known" in refusal(client.post(path, json={**body, "api_key": "wrong"}), 403)
        assert client.post(path, json={**body, "api_key": "right"}).status_code == 200
    assert "wrong" not in client.post("/detect", json={"q": "a", "api_key": "wrong"}).text
    assert client.get("/config", params={"api_key": "right"}).status_code == 404  # the demo asks for no key


def test_key_is_needed_on_every_route_but_health_and_languages(make: "Make", refusal: "Refusal") -> None:
    """Lists, settings, metrics, documentation and downloads need a key, in any form that clients send."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions

    app = make(options=ServerOptions(keys=frozenset({"right"})))
    client = TestClient(app, base_url="http://localhost")
    open_paths = ("/health", "/ready", "/languages")
    paths = [*sorted(FREE - set(open_paths)), "/docs", "/openapi.json", "/docs/assets/swagger-ui.css", "/x"]
    paths = [path.replace("{name:path}", "tiny").replace("{key}", "file.txt") for path in paths]
    for path in open_paths:
        assert client.get(path).status_code == 200
    basic = "Basic " + base64.b64encode(b"anybody:right").decode()

    def check(path: str) -> None:
        challenged = path.startswith(("/docs", "/openapi.json", "/metrics"))
        words = path.strip("/").partition("/")[0] in auth.LIBRETRANSLATE
        missing, wrong = (401, 401) if challenged else (400, 403) if words else (403, 403)
        for method in ("GET", "HEAD"):
            answer = client.request(method, path)
            assert answer.status_code == missing
            assert ("www-authenticate" in answer.headers) == challenged
        refusal(client.get(path, headers={"authorization": "Bearer wrong"}), wrong)
        refusal(client.get(path, headers={"authorization": "Basic !"}), missing)
        expected = 404 if path in ("/x", "/download_file/file.txt") else 200
        schemes = ("Bearer right", "DeepL-Auth-Key right", basic)
        answers = [client.get(path, headers={"authorization": value}) for value in schemes]
        answers.append(client.get(path, params={"api_key": "right"}))
        answers.append(client.request("GET", path, json={"api_key": "right"}))
        answers.append(client.request("GET", path, data={"api_key": "right"}))
        assert [answer.status_code for answer in answers] == [expected] * len(answers)

    check_rows(check, [(path,) for path in paths])
    suggestion = client.post("/suggest", json={"api_key": "right"})
    assert "Suggestions are disabled" in refusal(suggestion, 403)
    assert refusal(client.post("/suggest"), MISSING[0]) == MISSING[1]
    assert "api_key is not known" in refusal(
        client.post("/v1/models", content=b"{", params={"api_key": "x"}), 403
    )


def test_guessing_keys_is_charged(make: "Make", refusal: "Refusal") -> None:
    """Wrong keys are charged to their address also where a known one would cost nothing."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions

    client = TestClient(
        make(options=ServerOptions(rate=2, keys=frozenset({"right"}))), base_url="http://localhost"
    )
    right = {"authorization": "Bearer right"}
    for _ in range(2):
        refusal(client.get("/metrics", headers={"authorization": "Bearer wrong"}), 401)
    refused = client.get("/metrics", headers={"authorization": "Bearer wrong"})
    assert "at most 2 texts" in refusal(refused, 429) and refused.headers["retry-after"]
    assert [client.get("/metrics", headers=right).status_code for _ in range(4)] == [200] * 4


def test_rate_counts_texts(make: "Make", refusal: "Refusal") -> None:
    """A list is charged for each of its texts, on every route that takes lists."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions

    bodies: dict[str, dict[str, Any]] = {
        "/translate": {**LANGUAGES, "q": ["a man"] * 6},
        "/detect": {"q": ["a man"] * 6},
        "/v1/translate": {**LANGUAGES, "q": ["a man"] * 6},
        "/v1/score": {**PAIR, "q": ["a man"] * 6, "translation": ["a dog"] * 6},
        "/v2/translate": {"text": ["a man"] * 6, "source_lang": "EN", "target_lang": "DE"},
    }

    app = make(options=ServerOptions(rate=10, keys=frozenset(map(key_of, bodies))))
    client = TestClient(app, base_url="http://localhost")

    def check(path: str) -> None:
        body = {**bodies[path], "api_key": key_of(path)}
        assert post(client, path, body).status_code == 200
        assert "at most 10 texts a minute" in refusal(post(client, path, body), 429)

    check_rows(check, [(path,) for path in bodies])


def test_list_beyond_the_rate_leaves_a_debt() -> None:
    """A list of more texts than the rate allows is admitted once, and paid for before the next."""
    clock = Clock()
    access = Authenticator(rate=10, clock=clock)
    access.admit("a", None, texts=25)
    for seconds in (0, 90):
        clock.now = seconds
        with pytest.raises(HTTPException, match="ask again in"):
            access.admit("a", None)
    clock.now = 97
    access.admit("a", None)
    with pytest.raises(HTTPException):
        access.admit("a", None, texts=25)


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
