"""A server whose models search by CTranslate2."""

from pathlib import Path

import pytest

pytest.importorskip("ctranslate2", reason="the extra `fast` is not installed")

TEXTS = ["two dogs play in the snow.", "a man sleeps in a red house."]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep converted models in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_rest_answers_by_it(model_directory: Path) -> None:
    """The answers are those of torch, without a pool of processes; /v1/models says what searches."""
    from fastapi.testclient import TestClient

    from seq2seq import DecodeOptions, Translator
    from serve.app import ServerOptions, make_app
    from serve.command import _load

    registry = _load([str(model_directory)], False, False, ("ctranslate2", "float32"))
    assert registry.is_fast
    app = make_app(registry, options=ServerOptions(processes=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        (entry,) = client.get("/v1/models").json()["data"]
        assert entry["backend"] == "ctranslate2 float32"
        torch = Translator.from_pretrained(model_directory, "cpu", "torch")
        for options in ({"beam_size": 1}, {"beam_size": 1, "banned_words": ["wa"]}):  # the second is torch's
            body = {"q": TEXTS, "source": "en", "target": "de", **options}
            answer = client.post("/v1/translate", json=body).json()
            expected = torch.translate(TEXTS, DecodeOptions(**options))  # type: ignore[arg-type]
            assert [each["text"] for each in answer["translations"]] == [each.text for each in expected]


def test_torch_keeps_its_processes(model_directory: Path) -> None:
    """A registry with a model that torch searches for, or that is not loaded yet, may need the pool."""
    from serve.command import _load

    assert not _load([str(model_directory)], False, False, ("torch", "auto")).is_fast
    assert not _load([str(model_directory)], True, False, ("ctranslate2", "auto")).is_fast


def test_a_back_end_that_cannot_be_is_refused_at_the_start(model_directory: Path) -> None:
    """A format that no CPU computes in is refused before a model is loaded, lazy or not."""
    from serve.command import _load

    with pytest.raises(ValueError, match="in which no CPU computes"):
        _load([str(model_directory)], True, False, ("ctranslate2", "float16"))
