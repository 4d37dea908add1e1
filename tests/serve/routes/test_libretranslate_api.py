"""Requests of LibreTranslate's own API tests, asked of this server in the languages that it has.

Read from its tests of translation, detection, files, keys, limits, settings and health. Left out is what this
server does not have: a cache, suggestions that are collected, secrets of a page, a page of LibreTranslate's.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tables import check_rows

from serve.app import ServerOptions
from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make, Refusal

LANGUAGES = {"source": "en", "target": "de"}
KEY = "valid-key"
KEYED = {**LANGUAGES, "api_key": KEY}
GERMAN = "zwei hunde spielen im schnee"
ENGLISH = "This is a sentence written in English for a test"


@pytest.fixture(scope="module")
def both(make: "Make") -> Iterator["TestClient"]:
    """A server of two directions, English and German."""
    from fastapi.testclient import TestClient

    with TestClient(
        make(ways=[("en", "de"), ("de", "en")]), base_url="http://localhost", raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def limited(make: "Make") -> Any:
    """Make a client of a server with a key, a rate and limits; without a page, which takes long to build."""
    from fastapi.testclient import TestClient

    def client(rate: int | None = None, **limits: int) -> TestClient:
        options = ServerOptions(rate=rate, keys=frozenset({KEY}))
        return TestClient(make(options=options, limits=Limits(**limits)), base_url="http://localhost")

    return client


def form(client: "TestClient", **fields: Any) -> Any:
    """POST /translate as a form."""
    return client.post("/translate", data={"q": "Hello", **LANGUAGES, **fields})


def test_translation(both: "TestClient") -> None:
    """A form with a text is answered with a text, a list in JSON with a list, in both directions."""
    assert isinstance(form(both, format="text").json()["translatedText"], str)
    listed = both.post("/translate", json={"q": ["Hello", "World"], "format": "text", **LANGUAGES})
    assert listed.status_code == 200 and len(listed.json()["translatedText"]) == 2
    assert form(both, q=GERMAN, source="de", target="en").json()["translatedText"] != GERMAN


def test_what_has_no_words_comes_back(both: "TestClient") -> None:
    """Texts of emoji alone come back as they are, one or several."""
    assert form(both, q="😀").json() == {"translatedText": "😀"}
    answer = both.post("/translate", json={"q": ["😀", "😁"], **LANGUAGES})
    assert answer.json() == {"translatedText": ["😀", "😁"]}


def test_html(both: "TestClient") -> None:
    """HTML keeps its tags, alone and in a list."""
    one = form(both, q="<p>Hello</p>", format="html").json()["translatedText"]
    assert one.startswith("<p>") and one.endswith("</p>")
    body = {"q": ["<p>Hello</p>", "<p>World</p>"], "format": "html", **LANGUAGES}
    assert [text[:3] for text in both.post("/translate", json=body).json()["translatedText"]] == ["<p>"] * 2


def test_alternatives(both: "TestClient") -> None:
    """Alternatives are a list; of a list of texts, a list for each."""
    body = {"q": "Hello world, this is a test", "alternatives": 3, **LANGUAGES}
    assert isinstance(both.post("/translate", json=body).json()["alternatives"], list)
    answer = both.post("/translate", json={"q": ["Hello", "World"], "alternatives": 2, **LANGUAGES}).json()
    assert len(answer["alternatives"]) == 2
    assert all(isinstance(each, list) for each in answer["alternatives"])


def test_source_is_detected(both: "TestClient") -> None:
    """With `auto` the language of each text is told, with a confidence."""
    answer = form(both, q=ENGLISH, source="auto").json()
    assert answer["detectedLanguage"]["language"] == "en" and answer["detectedLanguage"]["confidence"] > 0
    body = {"q": ["Hello there", "Good morning"], "source": "auto", "target": "de"}
    detected = both.post("/translate", json=body).json()["detectedLanguage"]
    assert [each["language"] for each in detected] == ["en", "en"]


def test_refusals_of_translation(both: "TestClient", refusal: "Refusal") -> None:
    """Missing and wrong fields are refused with 400, in sentences that the tests compare word for word."""

    def check(fields: dict[str, Any], sentence: str) -> None:
        body = {name: value for name, value in {"q": "Hello", **LANGUAGES, **fields}.items() if value}
        assert refusal(both.post("/translate", data=body)) == sentence

    rows: list[tuple[dict[str, Any], str]] = [
        ({"q": None}, "Invalid request: missing q parameter"),
        ({"source": None}, "Invalid request: missing source parameter"),
        ({"target": None}, "Invalid request: missing target parameter"),
        ({"target": "zz"}, "zz is not supported"),
        ({"source": "zz"}, "zz is not supported"),
        ({"format": "xml"}, "xml format is not supported"),
        ({"alternatives": "abc"}, "Invalid request: alternatives parameter is not a number"),
    ]
    check_rows(check, rows)
    empty = both.post("/translate", json={"q": [], **LANGUAGES})
    assert refusal(empty) == "Invalid request: missing q parameter"
    assert refusal(both.post("/translate", json=["not", "an", "object"])) == "Invalid JSON format"


def test_fault_is_json(make: "Make", refusal: "Refusal") -> None:
    """A fault while translating is 500 with an error in JSON, for texts and files."""
    from fastapi.testclient import TestClient

    from seq2seq import Translator

    class Broken(Translator):
        def translate_segments(self, *given, **named):  # type: ignore[no-untyped-def]
            raise RuntimeError("translation failed")

    client = TestClient(make(Broken), base_url="http://localhost", raise_server_exceptions=False)
    assert "translation failed" not in refusal(form(client), 500)
    assert refusal(client.post("/translate_file", data=LANGUAGES, files={"file": ("t.txt", b"Hello")}), 500)


def test_detection(both: "TestClient", refusal: "Refusal") -> None:
    """A text or a list is detected, as JSON or a form; without a text it is 400, with GET 405."""
    (first, *_) = both.post("/detect", data={"q": "Hello"}).json()
    assert {"confidence", "language"} <= first.keys()
    assert both.post("/detect", json={"q": ENGLISH}).json()[0]["language"] == "en"
    mixed = both.post("/detect", json={"q": [ENGLISH, "Das ist ein Satz auf Deutsch"]})
    assert mixed.status_code == 200 and len(mixed.json()) >= 1
    refusal(both.post("/detect"))
    assert both.get("/detect").status_code == 405


def test_files(both: "TestClient", refusal: "Refusal") -> None:
    """A file is translated and fetched from its address; wrong files and languages are refused."""
    content = b"Hello world, this is a test."

    def send(name: str = "test.txt", body: bytes = content, **fields: str) -> Any:
        return both.post("/translate_file", data={**LANGUAGES, **fields}, files={"file": (name, body)})

    url = send().json()["translatedFileUrl"]
    download = both.get(url[url.index("/download_file") :])
    assert download.status_code == 200 and download.content and download.content != content
    assert "translatedFileUrl" in send(source="auto").json()
    assert refusal(send("program.exe", b"MZ\x90\0")) == "Invalid request: file format not supported"
    assert refusal(send(source="zz")) == refusal(send(target="zz")) == "zz is not supported"
    assert refusal(send(source="")) == "Invalid request: missing source parameter"
    assert refusal(send(target="")) == "Invalid request: missing target parameter"
    refusal(both.post("/translate_file", data=LANGUAGES, files={"other": (None, "x")}))
    spanish = send(body="Hola, esta es una prueba en español, no en inglés.".encode(), source="auto")
    assert refusal(spanish) == "es is not supported"
    assert refusal(both.get("/download_file/%2E%2E")) == "Invalid filename"


def test_limits(limited: Any, refusal: "Refusal") -> None:
    """Too many characters, texts and alternatives are 400 in the known words, too many requests 429."""
    client = limited(characters=5, texts=1, candidates=2)
    assert "exceeds text limit" in refusal(form(client, q="This text is too long", api_key=KEY))
    assert "exceeds text limit" in refusal(client.post("/translate", json={"q": ["a", "b"], **KEYED}))
    assert form(client, q="Short", api_key=KEY).status_code == 200
    many = refusal(form(client, alternatives=3, api_key=KEY))
    assert many == "Invalid request: alternatives parameter must be <= 1"
    file = client.post("/translate_file", data=KEYED, files={"file": ("t.txt", b"Hello, you")})
    assert file.status_code == 200
    slow = limited(rate=1)
    assert form(slow, api_key=KEY).status_code == 200
    assert "Slowdown" in refusal(form(slow, api_key=KEY), 429)
    assert slow.get("/frontend/settings", params={"api_key": KEY}).json()["keyRequired"] is True
    assert client.get("/frontend/settings", params={"api_key": KEY}).json()["charLimit"] == 5


def test_keys(limited: Any, refusal: "Refusal") -> None:
    """A missing key is 400 and a wrong one 403, in LibreTranslate's words; a known one is admitted."""
    client = limited()
    missing = "Please contact the server operator to get an API key"
    assert refusal(form(client)) == missing
    assert refusal(form(client, api_key="bogus-key"), 403) == "Invalid API key"
    assert form(client, api_key=KEY).status_code == 200
    assert refusal(client.post("/detect", data={"q": "Hello"})) == missing
    assert refusal(client.get("/download_file/file.txt")) == missing
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    metrics = client.get("/metrics", headers={"authorization": f"Bearer {KEY}"})
    assert metrics.status_code == 200 and "api_key=" not in metrics.text and "_ip=" not in metrics.text


def test_description(both: "TestClient") -> None:
    """Languages, settings, health and the specification are told to everybody; other methods are 405."""
    (first, *_) = both.get("/languages").json()
    assert {"code", "name"} <= first.keys()
    settings = both.get("/frontend/settings").json()
    assert settings["apiKeys"] is settings["keyRequired"] is settings["suggestions"] is False
    assert settings["filesTranslation"] is True and ".txt" in settings["supportedFilesFormat"]
    assert settings["language"]["source"]["code"] == "auto"
    assert both.get("/spec").status_code == 200
    health = both.get("/health")
    assert health.json() == {"status": "ok"}
    assert health.headers["access-control-allow-origin"] == "*"
    assert health.headers["access-control-allow-methods"] == "GET, POST"
    assert both.post("/suggest", data={"q": "Hello", "s": "Hallo", **LANGUAGES}).status_code == 403
    assert [both.post(path).status_code for path in ("/health", "/spec", "/languages")] == [405] * 3
