"""Through a third language: the answer says so, detection finds the way, and alignments are composed."""

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
WAY = {"source": "en", "target": "fr"}


@pytest.fixture(scope="module")
def pivoting(translator: "Translator") -> Iterator["TestClient"]:
    """A client of a server that knows English to German and German to French, and may go through German."""
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
    """A reader would take what went through two models for the work of one."""
    between = translator.translate(TEXT).text
    answer = pivoting.post("/translate", json={**WAY, "q": TEXT}).json()
    assert answer == {"translatedText": translator.translate(between).text, "pivot": "de"}
    german = "zwei Hunde spielen im Schnee und der Mann"
    several = pivoting.post(
        "/translate", json={**WAY, "source": "auto", "q": [german, TEXT, "ein Mann"]}
    ).json()
    assert several["pivot"] == [None, "de", None]
    assert several["translatedText"][1] == answer["translatedText"]
    html = {**WAY, "q": f"<p>{TEXT}</p>", "format": "html"}
    assert pivoting.post("/translate", json=html).json() == {
        "translatedText": f"<p>{answer['translatedText']}</p>",
        "pivot": "de",
    }
    sent = pivoting.post("/translate_file", data=WAY, files={"file": ("x.txt", TEXT.encode())}).json()
    assert sent.get("pivot") == "de", sent
    (rich,) = pivoting.post("/v1/translate", json={**WAY, "q": TEXT}).json()["translations"]
    assert (rich["languages"], rich["text"]) == (["en", "de", "fr"], answer["translatedText"])


def test_stream_of_two_legs(pivoting: "TestClient", translator: "Translator") -> None:
    """A stream would show the language between, or end without saying which way it went."""
    from seq2seq import DecodeOptions

    answer = pivoting.post("/v1/stream", json={**WAY, "q": TEXT}).text
    expected = translator.translate(translator.translate(TEXT).text, DecodeOptions(beam_size=1)).text
    assert answer.rstrip().endswith('"languages": ["en", "de", "fr"]}')
    assert f'event: end\ndata: {{"text": "{expected}"' in answer


def test_what_is_kept_is_kept_on_the_whole_way(pivoting: "TestClient") -> None:
    """A placeholder or a name would reach the language between, and be lost on the way to the last."""
    asked = {**WAY, "q": "two dogs plays with {name} at https://a.b/c in Xyzzy.", "keep_words": ["Xyzzy"]}
    (found,) = pivoting.post("/v1/translate", json=asked).json()["translations"]
    for kept in ("{name}", "https://a.b/c", "Xyzzy"):
        assert found["text"].count(kept) == 1, found


def test_glossary_is_refused_on_the_way(pivoting: "TestClient", refusal: "Refusal") -> None:
    """Terms of the two ends would be looked for in the language between, and silently not be found."""
    for path in ("/v1/translate", "/v1/stream"):
        answer = pivoting.post(path, json={**WAY, "q": TEXT, "glossary": {"dogs": "chiens"}})
        assert "the way leads from en to de to fr" in refusal(answer)


def test_pairs_have_no_pivot(pivoting: "TestClient", refusal: "Refusal") -> None:
    """The score of one hop would be given as that of the whole way."""
    answer = pivoting.post("/v1/score", json={**WAY, "q": "a", "translation": "b"})
    assert "no model translates en to fr directly" in refusal(answer)


def test_languages_name_what_a_pivot_reaches(pivoting: "TestClient") -> None:
    """Clients would not offer the pair that the server can do."""
    found = {each["code"]: each["targets"] for each in pivoting.get("/languages").json()}
    assert found == {"de": ["fr"], "en": ["de", "fr"], "fr": []}


def test_alignments_are_composed() -> None:
    """A word would light up that its counterpart did not come from: 1 -> 2 -> 1 here, by hand."""
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
