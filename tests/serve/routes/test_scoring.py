"""POST /v1/score, /v1/align and /v1/attention give the library's numbers for given pairs."""

from typing import TYPE_CHECKING

import pytest
from tables import check_rows

if TYPE_CHECKING:
    import httpx
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Refusal

LANGUAGES = {"source": "en", "target": "de"}
TEXT = "two dogs plays in the snow."
OTHER = "a man in the garden"


def ask(client: "TestClient", route: str, **fields: object) -> "httpx.Response":
    """POST to a route of pairs, English to German unless the fields say otherwise."""
    return client.post(f"/v1/{route}", json={**LANGUAGES, **fields})


def test_score_is_the_librarys(client: "TestClient", translator: "Translator") -> None:
    """Scores are those of the library, in the order of the pairs."""
    answer = ask(client, "score", q=[TEXT, OTHER], translation=[OTHER, TEXT]).json()["scores"]
    expected = translator.score([TEXT, OTHER], [OTHER, TEXT])
    for one, score in zip(answer, expected, strict=True):
        assert one["log_probability"] == pytest.approx(score.log_probability, abs=1e-4)
        assert [token["text"] for token in one["tokens"]] == score.tokens


def test_align_is_the_librarys(client: "TestClient", translator: "Translator") -> None:
    """Links and the Pharaoh line are those of the library."""
    (answer,) = ask(client, "align", q=TEXT, translation=OTHER).json()["alignments"]
    alignment = translator.align(TEXT, OTHER)
    assert answer["pharaoh"] == alignment.pharaoh()
    assert answer["links"] == [list(link) for link in alignment.links()]


def test_attention_has_the_shapes_of_the_model(client: "TestClient") -> None:
    """Maps have a row and a column for each token of their sides, and each row sums to 1."""
    maps = ["cross", "encoder", "decoder"]
    answer = ask(client, "attention", q=TEXT, translation=OTHER, maps=maps).json()
    pieces = {"source": len(answer["source_tokens"]), "target": len(answer["target_tokens"])}
    sides = {"cross": ("target", "source"), "encoder": ("source",) * 2, "decoder": ("target",) * 2}
    for name, (rows, columns) in sides.items():
        assert (len(answer[name]), len(answer[name][0])) == (2, 4)  # layers, heads
        assert len(answer[name][0][0]) == pieces[rows]
        for row in answer[name][1][2]:
            assert len(row) == pieces[columns]
            assert sum(row) == pytest.approx(1, abs=1e-2)
    assert answer["alignment"] == {"layer": 1, "head": 2, "read": "output"}


def test_attention_of_the_models_own_translation(client: "TestClient", translator: "Translator") -> None:
    """Without a translation the maps are those of the translation that /v1/translate gives."""
    answer = ask(client, "attention", q=TEXT).json()
    assert answer["translation"] == translator.translate(TEXT).text
    assert "encoder" not in answer


def test_bad_pairs_are_refused(client: "TestClient", refusal: "Refusal") -> None:
    """Pairs that do not match or are too long are refused with a sentence; nothing is cut in silence."""

    def check(route: str, fields: dict[str, object], sentence: str) -> None:
        assert sentence in refusal(ask(client, route, **fields))

    rows = [
        ({"q": ["a", "b"], "translation": ["a"]}, "2 texts and 1 translations"),
        ({"q": "a", "translation": ["a"]}, "one is a text and the other a list; give two texts"),
        ({"q": "a"}, "translation is missing"),
        ({"q": "a", "translation": "b", "source": "auto"}, "auto is not supported"),
        ({"q": "a man " * 100, "translation": "b"}, "more than the 64 this model reads"),
        ({"q": "a", "translation": "x" * 20_000}, "20001 characters, but at most 20000"),
    ]
    check_rows(check, [(route, *row) for route in ("score", "align") for row in rows])


def test_no_pairs_give_nothing(client: "TestClient") -> None:
    """Empty lists give empty lists."""
    for route in ("score", "align"):
        assert list(ask(client, route, q=[], translation=[]).json().values()) == [[]]


def test_unknown_map_is_refused(client: "TestClient", refusal: "Refusal") -> None:
    """A misspelt map is refused with its name and its place."""
    assert "maps has 'cros' at place 1; give" in refusal(ask(client, "attention", q="a", maps=["cros"]))
