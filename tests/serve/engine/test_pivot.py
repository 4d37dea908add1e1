"""Translation through a pivot language: it is named in the answer, and alignments are composed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from seq2seq.alignment.maps import Alignment, Grid
from seq2seq.inference.results import ForcedDecoding, Translation

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Refusal

TEXT = "two dogs plays in the snow."
DIRECTION = {"source": "en", "target": "fr"}


@pytest.fixture(scope="module")
def pivoting(translator: "Translator") -> Iterator["TestClient"]:
    """A client of a server with English to German and German to French that may pivot through German."""
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    settings = replace(translator.settings, source_languages=["de"], target_languages=["fr"])
    second = Translator(translator.model, translator.tokenizer, settings)
    registry = ModelRegistry({"first": translator, "second": second}, pivot=True)
    with TestClient(make_app(registry), base_url="http://localhost") as client:
        yield client


def test_pivot_is_said(pivoting: "TestClient", translator: "Translator") -> None:
    """Every route names the pivot language, and none for a text that was translated directly."""
    german_text = translator.translate(TEXT).text
    answer = pivoting.post("/translate", json={**DIRECTION, "q": TEXT}).json()
    assert answer == {"translatedText": translator.translate(german_text).text, "pivot": "de"}
    german = "zwei Hunde spielen im Schnee und der Mann"
    several = pivoting.post(
        "/translate", json={**DIRECTION, "source": "auto", "q": [german, TEXT, "ein Mann"]}
    ).json()
    assert several["pivot"] == [None, "de", None]
    assert several["translatedText"][1] == answer["translatedText"]
    html = {**DIRECTION, "q": f"<p>{TEXT}</p>", "format": "html"}
    assert pivoting.post("/translate", json=html).json() == {
        "translatedText": f"<p>{answer['translatedText']}</p>",
        "pivot": "de",
    }
    sent = pivoting.post("/translate_file", data=DIRECTION, files={"file": ("x.txt", TEXT.encode())}).json()
    assert sent.get("pivot") == "de", sent
    (rich,) = pivoting.post("/v1/translate", json={**DIRECTION, "q": TEXT}).json()["translations"]
    assert (rich["languages"], rich["text"]) == (["en", "de", "fr"], answer["translatedText"])


def test_stream_of_two_legs(pivoting: "TestClient", translator: "Translator") -> None:
    """A stream shows the target language only, and its last event has the route."""
    from seq2seq import DecodeOptions

    answer = pivoting.post("/v1/stream", json={**DIRECTION, "q": TEXT}).text
    expected = translator.translate(translator.translate(TEXT).text, DecodeOptions(beam_size=1)).text
    assert answer.rstrip().endswith('"languages": ["en", "de", "fr"]}')
    assert f'event: end\ndata: {{"text": "{expected}"' in answer


def test_what_is_kept_is_kept_on_the_whole_way(pivoting: "TestClient") -> None:
    """Placeholders and protected words are copied through both hops."""
    body = {
        **DIRECTION,
        "q": "two dogs plays with {name} at https://a.b/c in Xyzzy.",
        "keep_words": ["Xyzzy"],
    }
    (answer,) = pivoting.post("/v1/translate", json=body).json()["translations"]
    for protected in ("{name}", "https://a.b/c", "Xyzzy"):
        assert answer["text"].count(protected) == 1, answer


def test_glossary_is_refused_on_the_way(pivoting: "TestClient", refusal: "Refusal") -> None:
    """A glossary is refused on a route with a pivot, in whose language its terms do not occur."""
    for path in ("/v1/translate", "/v1/stream"):
        answer = pivoting.post(path, json={**DIRECTION, "q": TEXT, "glossary": {"dogs": "chiens"}})
        assert "the route is en to de to fr" in refusal(answer)


def test_pairs_have_no_pivot(pivoting: "TestClient", refusal: "Refusal") -> None:
    """Scoring is refused for a pair without a model of its own."""
    answer = pivoting.post("/v1/score", json={**DIRECTION, "q": "a", "translation": "b"})
    assert "no model translates en to fr directly" in refusal(answer)


def test_languages_name_what_a_pivot_reaches(pivoting: "TestClient") -> None:
    """The list of languages has the targets that are reached through a pivot."""
    targets = {language["code"]: language["targets"] for language in pivoting.get("/languages").json()}
    assert targets == {"de": ["fr"], "en": ["de", "fr"], "fr": []}


def test_alignments_are_composed() -> None:
    """Composed weights are the product of the two matrices, checked by hand: 2 words -> 3 -> 2."""
    from serve.engine.pivot import compose_alignments
    from serve.engine.routing import Route
    from serve.engine.segments import RoutedTranslation

    def step(source: str, target: str, weights: list[list[float]]) -> Translation:
        spans = [[(2 * n, 2 * n + 1) for n in range(len(text.split()))] for text in (source, target)]
        alignment = Alignment(source, target, (Grid(spans[0], spans[1], torch.tensor(weights)),))
        return Translation(source, target, explain=lambda: ForcedDecoding([], alignment))

    first = step("a b", "x y z", [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    second = step("x y z", "p q", [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]])
    composed = compose_alignments(RoutedTranslation("a b", Route(()), [first, second]))
    assert composed.matrix().weights.tolist() == [[0.0, 1.0], [0.75, 0.25]]
    assert composed.links() == [(0, 1), (1, 0)]
