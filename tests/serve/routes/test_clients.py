"""Clients that speak LibreTranslate's API, as they are: the official Python client, Mastodon, Weblate.

The shapes of the last two are as their sources send and read them (Mastodon 4, Weblate 5).
"""

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

if TYPE_CHECKING:
    from seq2seq import Translator

TEXT = "two dogs plays in the snow."


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
    """Each string gets its own translation, by JSON and by form."""
    texts = [TEXT, "a man"]
    fields = {"api_key": "", "q": texts, "source": "en", "target": "de"}
    answer = httpx.post(f"{address}/translate", timeout=60, **{kind: fields})  # type: ignore[arg-type]
    assert answer.json()["translatedText"] == [translator.translate(text).text for text in texts]
