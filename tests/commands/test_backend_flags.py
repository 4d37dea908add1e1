"""The flags --backend and --compute-type of commands, and the back end in the table of models."""

import json
from pathlib import Path

import pytest

pytest.importorskip("ctranslate2", reason="the extra `fast` is not installed")

TEXTS = ("two dogs play in the snow.", "a man sleeps in a red house.")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep converted models in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def converted(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").rglob("*.zip"))


def test_translate_takes_the_back_end_that_is_named(run, model_directory: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Both back ends print the same in float32; only CTranslate2 makes a converted model, once."""
    flags = ("translate", "--model", model_directory, "--beam-size", "1", *TEXTS)
    expected = run(*flags, "--backend", "torch")
    assert converted(tmp_path) == []
    for _ in range(2):
        found = run(*flags, "--backend", "ctranslate2", "--compute-type", "float32")
        assert (found.code, found.out, found.err) == (0, expected.out, "")
        assert len(converted(tmp_path)) == 1


def test_json_has_all_of_it(run, model_directory: Path) -> None:  # type: ignore[no-untyped-def]
    """--json prints the fields of torch's search: tokens, alignment, confidences, alternatives."""
    flags = ("translate", "--model", model_directory, "--json", "--num-hypotheses", "2", TEXTS[0])
    own, expected = (
        json.loads(run(*flags, "--backend", backend).out) for backend in ("ctranslate2", "torch")
    )
    assert own.keys() == expected.keys() and len(own["alternatives"]) == 1
    assert all(own[name] is not None for name in own if expected[name] is not None)


def test_generate_continues_a_translator_by_it(run, model_directory: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """`seq2seq generate` with an encoder-decoder searches by the back end that is named."""
    run("generate", "--model", model_directory, "--backend", "ctranslate2", TEXTS[0])
    assert len(converted(tmp_path)) == 1


def test_a_measurement_is_of_torch(run, model_directory: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """`seq2seq evaluate` measures the model itself unless a back end is named."""
    (tmp_path / "test.en").write_text("\n".join(TEXTS))
    (tmp_path / "test.de").write_text("zwei Hunde\nein Mann")
    flags = ("evaluate", "--model", model_directory, "--max-length", "9")
    flags += ("--source", tmp_path / "test.en", "--reference", tmp_path / "test.de")  # type: ignore[assignment]
    assert run(*flags).code == 0 and converted(tmp_path) == []
    assert run(*flags, "--backend", "ctranslate2").code == 0 and len(converted(tmp_path)) == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--backend", "onnx"), "invalid choice: 'onnx'"),
        (("--backend", "torch", "--compute-type", "int8"), "compute_type is int8"),
        (("--compute-type", "float16", "--backend", "ctranslate2"), "in which no CPU computes"),
    ],
)
def test_wrong_flags_are_one_sentence(
    run, model_directory: Path, flags: tuple[str, ...], message: str
) -> None:  # type: ignore[no-untyped-def]
    """A back end or format that there is not is refused by its value."""
    found = run("translate", "--model", model_directory, "--device", "cpu", *flags, "a dog")
    assert found.code != 0 and message in found.err and found.err.count("\n") == 1


def test_the_table_of_models_says_what_searches(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """`seq2seq models` has the back end of each model, for the default of this machine."""
    rows = [json.loads(line) for line in run("models", "--json").out.splitlines()]
    assert {row["backend"] for row in rows} == {"torch"}
    monkeypatch.setenv("SEQ2SEQ_BACKEND", "ctranslate2")
    rows = [json.loads(line) for line in run("models", "--json").out.splitlines()]
    backends = {row["name"]: row["backend"] for row in rows}
    assert backends["en-de"] == "ctranslate2 int8" and backends["shakespeare"] == "ctranslate2 int8"
