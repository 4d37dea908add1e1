"""Clients that speak LibreTranslate's API, as they are: Python packages, and what others were seen to send.

The requests of Mastodon 4, Weblate 5, GNOME Dialect 2, Discourse's translator plugin and the PHP client
`jefs42/libretranslate` are as their sources send them, and the answers are read as they read them.
"""

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import httpx
import pytest
from deep_translator import LibreTranslator
from deep_translator.exceptions import ServerException
from libretranslatepy import LibreTranslateAPI
from tables import check_rows

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Make, Running

TEXT = "two dogs plays in the snow."
FORM = "application/x-www-form-urlencoded"


def test_official_python_client(address: str, translator: "Translator") -> None:
    """The official client works when its address is all that is changed."""
    client = LibreTranslateAPI(address, api_key="any")
    assert client.translate(TEXT, "en", "de") == translator.translate(TEXT).text
    assert client.translate(TEXT, "auto", "de") == translator.translate(TEXT).text
    assert {each["language"] for each in client.detect("zwei Hunde im Schnee")} <= {"de", "en"}
    assert client.detect("zwei Hunde im Schnee")[0]["language"] == "de"
    assert [each["code"] for each in client.languages()] == ["de", "en"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        client.translate(TEXT, "en", "xx")
    assert refused.value.code == 400
    assert "xx is not supported" in json.load(refused.value)["error"]


def test_deep_translator(address: str, translator: "Translator") -> None:
    """deep-translator, which puts all fields in the query string, works when its address is changed."""
    client = LibreTranslator(source="en", target="de", api_key="any", custom_url=f"{address}/")
    texts = [TEXT, "a man & a dog? 100 % + 1", "x " * 2_000]
    for text in texts[:2]:
        assert client.translate(text) == translator.translate(text).text
    assert client.translate_batch(texts[:2]) == [translator.translate(text).text for text in texts[:2]]
    assert client.translate(texts[2])
    auto = LibreTranslator(source="auto", target="de", api_key="any", custom_url=f"{address}/")
    assert auto.translate(TEXT) == translator.translate(TEXT).text
    with pytest.raises(ServerException):
        LibreTranslator(source="en", target="fr", api_key="any", custom_url=f"{address}/").translate(TEXT)


def test_mastodon(address: str, translator: "Translator") -> None:
    """Posts come back with their tags, in the order in which they were sent."""
    first, second = translator.translate(TEXT).text, translator.translate("a man").text
    languages = httpx.get(f"{address}/languages", timeout=60).json()
    assert {each["code"]: each["targets"] for each in languages}["en"] == ["de"]
    body = {
        "q": [f"<p>{TEXT}</p>", "a man"],
        "source": "auto",
        "target": "de",
        "format": "html",
        "api_key": None,
    }
    answer = httpx.post(
        f"{address}/translate",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
        timeout=60,
    ).json()
    assert answer["translatedText"] == [f"<p>{first}</p>", second]
    assert [each["language"] for each in answer["detectedLanguage"]] == ["en", "en"]


@pytest.mark.parametrize("kind", ["json", "data"])
def test_weblate(address: str, translator: "Translator", kind: str) -> None:
    """Each of the twenty strings of a request gets its own translation, by JSON and by form."""
    assert {"en", "de"} <= {each["code"] for each in httpx.get(f"{address}/languages", timeout=60).json()}
    texts = [TEXT, "a man", "[X0X] of [X1X] dogs", *(f"{number} dogs" for number in range(17))]
    fields = {"api_key": "", "q": texts, "source": "en", "target": "de"}
    answer = httpx.post(f"{address}/translate", timeout=60, **{kind: fields})  # type: ignore[arg-type]
    assert answer.json()["translatedText"] == [translator.translate(text).text for text in texts]


def test_moment_of_overload_is_waited_for(make: "Make", running: "Running") -> None:
    """Weblate, which stays away for half an hour after a 503, is answered when others fill the server."""
    from concurrent.futures import ThreadPoolExecutor

    from serve.limits import Limits

    limits = Limits(waiting_tokens=160)  # room for half of the requests, and a line for the others
    with running(make(limits=limits), limits) as address, ThreadPoolExecutor(8) as threads:

        def ask(number: int) -> int:
            body = {"q": [f"{number} dogs", "a man"] * 2, "source": "en", "target": "de"}
            return httpx.post(f"{address}/translate", json=body, timeout=60).status_code

        assert set(threads.map(ask, range(16))) == {200}


def test_dialect(client: "TestClient", translator: "Translator") -> None:
    """GNOME Dialect takes the server for LibreTranslate's, reads its settings, translates and detects."""
    assert client.get("/spec").json()["info"]["title"] == "LibreTranslate"
    settings = client.get("/frontend/settings").json()
    assert not (settings["suggestions"] or settings["apiKeys"] or settings["keyRequired"])
    assert int(settings["charLimit"]) == 20_000
    body = {"q": TEXT, "source": "auto", "target": "de"}
    answer = client.post("/translate", json=body).json()
    assert answer["translatedText"] == translator.translate(TEXT).text
    assert answer["detectedLanguage"]["language"] == "en"
    assert "confidence" in client.post("/detect", data={"q": "hello", "api_key": "x"}).json()[0]
    suggestion = {"q": "a", "s": "b", "source": "en", "target": "de"}
    assert client.post("/suggest", data=suggestion).status_code == 403


def test_discourse(client: "TestClient", translator: "Translator") -> None:
    """Discourse detects the language of a post, looks whether both languages are there, and translates it."""
    detected = client.post("/detect", content="q=two+dogs+play&api_key", headers={"content-type": FORM})
    assert detected.json()[0]["language"] == "en"
    assert {"en", "de"} <= {each["code"] for each in client.get("/languages").json()}
    body = "q=%3Cp%3Ea+man%3C%2Fp%3E&source=en&target=de&format=html&api_key="
    answer = client.post("/translate", content=body, headers={"content-type": FORM}).json()
    assert answer["translatedText"] == f"<p>{translator.translate('a man').text}</p>"


@pytest.mark.parametrize("body", [b"", b"--x--\r\n", b"\r\n--x--\r\n"])
def test_php_client(client: "TestClient", translator: "Translator", body: bytes) -> None:
    """The PHP client reads settings and languages with an empty form, and detects by the query string."""
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/", content=body, headers=form).status_code < 500
    settings = client.request("GET", "/frontend/settings", content=body, headers=form).json()
    assert ".txt" in settings["supportedFilesFormat"]
    assert len(client.request("GET", "/languages", content=body, headers=form).json()) == 2
    detected = client.post("/detect?q=zwei+Hunde+im+Schnee&api_key=", content=body, headers=form)
    assert detected.json()[0]["language"] == "de"
    fields = {"q": "a man", "format": "html", "source": "en", "target": "de", "api_key": ""}
    answer = client.post("/translate", files={name: (None, value) for name, value in fields.items()}).json()
    assert answer["translatedText"] == translator.translate("a man").text
    file = {"file": ("x.txt", b"a man")}
    sent = client.post("/translate_file", data={**fields, "format": "html"}, files=file)
    assert client.get(sent.json()["translatedFileUrl"]).text == translator.translate("a man").text


def test_head_of_every_route_with_get(client: "TestClient") -> None:
    """HEAD is answered as GET is, without the body."""

    def check(path: str) -> None:
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-type"] == get.headers["content-type"]

    paths = ["/health", "/ready", "/languages", "/spec", "/frontend/settings", "/metrics", "/v1/models"]
    paths += ["/v1/models/tiny", "/v1/models/no", "/v2/languages", "/download_file/x", "/docs", "/"]
    check_rows(check, [(path,) for path in paths])
    counted = [line for line in client.get("/metrics").text.splitlines() if 'method="HEAD"' in line]
    assert any("/download_file/{key}" in line for line in counted)


def test_settings_have_the_shape_of_libretranslate(client: "TestClient") -> None:
    """The settings name limits, formats and languages as LibreTranslate's do."""
    settings = client.get("/frontend/settings").json()
    assert settings.pop("supportedFilesFormat")[:2] == [".txt", ".md"]
    assert settings == {
        "charLimit": 20_000,
        "frontendTimeout": 500,
        "apiKeys": False,
        "keyRequired": False,
        "suggestions": False,
        "filesTranslation": True,
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": "de", "name": "German"},
        },
    }
    refused = client.post("/suggest")
    assert refused.json() == {"error": "Suggestions are disabled on this server."}


def test_headers_of_cors_are_those_of_libretranslate(client: "TestClient") -> None:
    """Every answer may be read by pages of other origins, whether or not the request names one."""
    headers = client.get("/health").headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET, POST"
    assert "access-control-allow-origin" not in client.get("/metrics").headers
