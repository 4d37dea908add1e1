"""Source `auto` where only some languages lead to the target."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make, Refusal

TO_CHINESE = {"source": "auto", "target": "zh"}
SPANISH = "Dos perros juegan en la nieve y un hombre mira a la mujer que lee un libro."
CZECH = "Dva psi si hrají ve sněhu a muž se dívá na ženu, která čte knihu."


@pytest.fixture(scope="module")
def several(make: "Make") -> Iterator["TestClient"]:
    """A client of a server that knows Czech as a target only."""
    from fastapi.testclient import TestClient

    app = make(ways=[("en", "zh"), ("zh", "cs")])
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_language_that_leads_nowhere_is_not_guessed(several: "TestClient") -> None:
    """Plain English that resembles Czech a little is read as English, since Czech leads nowhere."""
    likeliest = several.post("/detect", json={"q": "Ten hosts"}).json()[0]["language"]
    assert likeliest == "cs"
    answer = several.post("/translate", json={**TO_CHINESE, "q": "Ten hosts"})
    assert answer.status_code == 200
    assert answer.json()["detectedLanguage"]["language"] == "en"


def test_language_that_is_sure_is_not_another(several: "TestClient", refusal: "Refusal") -> None:
    """A text that is certainly Czech is refused, not read as English."""
    answer = several.post("/translate", json={**TO_CHINESE, "q": CZECH})
    assert "cs is not supported as source" in refusal(answer)


def test_text_of_the_target_is_not_taken_for_another(several: "TestClient") -> None:
    """A text already in the target language is returned unchanged."""
    asked = {"source": "auto", "target": "cs", "q": CZECH}
    assert several.post("/translate", json=asked).json()["translatedText"] == CZECH


def test_language_that_is_not_served_comes_back(several: "TestClient") -> None:
    """A text in a language that is not served comes back unchanged from every route, and is named."""
    (likeliest, *_) = several.post("/detect", json={"q": SPANISH}).json()
    assert likeliest["language"] == "es"
    assert likeliest["confidence"] > 95
    body = {**TO_CHINESE, "q": SPANISH}
    assert several.post("/translate", json=body).json() == {
        "translatedText": SPANISH,
        "detectedLanguage": likeliest,
    }
    assert (
        several.post("/translate", json={**body, "q": [SPANISH, "A dog."]}).json()["translatedText"][0]
        == SPANISH
    )
    html = f"<p>{SPANISH}</p>"
    answer = several.post("/translate", json={**body, "q": html, "format": "html"}).json()
    assert answer == {"translatedText": html, "detectedLanguage": likeliest}
    (rich,) = several.post("/v1/translate", json=body).json()["translations"]
    assert (rich["text"], rich["languages"], rich["detectedLanguage"]) == (SPANISH, ["es"], likeliest)
    assert f'"text": "{SPANISH}"' in several.post("/v1/stream", json=body).text.replace("\\", "")
    deepl = several.post("/v2/translate", json={"text": [SPANISH], "target_lang": "ZH"}).json()
    assert deepl["translations"][0]["detected_source_language"] == "ES"
    assert deepl["translations"][0]["text"] == SPANISH


def test_source_that_a_text_contradicts(several: "TestClient") -> None:
    """A text in another language than its `source` is translated as was requested, and its language named."""
    body = {"source": "en", "target": "zh", "q": [CZECH, "A dog runs."]}
    czech, english = several.post("/v1/translate", json=body).json()["translations"]
    assert czech["likely_language"]["language"] == "cs"
    assert czech["languages"] == ["en", "zh"]
    assert "likely_language" not in english
    assert "detectedLanguage" not in several.post("/translate", json=body).json()
