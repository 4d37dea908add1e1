"""Source `auto` where only some languages lead to the target."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make, Refusal

TO_CHINESE = {"source": "auto", "target": "zh"}
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
    likeliest = several.post("/detect", json={"q": "A man"}).json()[0]["language"]
    assert likeliest == "cs"
    answer = several.post("/translate", json={**TO_CHINESE, "q": "A man"})
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
