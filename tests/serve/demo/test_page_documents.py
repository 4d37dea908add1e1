"""A document that was uploaded on the page goes the way of the REST routes, and the upload is deleted."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import HTTPException

if TYPE_CHECKING:
    from seq2seq import Translator
    from tests.serve.conftest import MakeBackend

GERMAN = "zwei Hunde spielen im Schnee und der Mann schaut zu\n"


@pytest.fixture(autouse=True)
def _made(make_backend: "MakeBackend") -> None:
    """Import the backend of the page, and Gradio with it."""


def run(backend: Any, path: Path, column: str = "", direction: int = 0) -> Any:
    """Return the translated document of a file, and the route of its texts."""
    import gradio as gr

    from serve.demo.tabs.documents import DocumentJob

    return asyncio.run(DocumentJob(backend, direction, gr.Progress()).run(str(path), column))


def test_upload_is_deleted(translator: "Translator", make_backend: "MakeBackend", tmp_path: Path) -> None:
    """An uploaded document is deleted once it is read."""
    file = tmp_path / "note.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    made, route = run(make_backend({"tiny": translator}), file)
    assert made.content.decode() == translator.translate("two dogs").text + "\n"
    assert not route.pivots and not file.exists()


def test_upload_is_deleted_when_it_is_refused(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A file of an unknown kind is refused with a reason, and deleted."""
    file = tmp_path / "program.exe"
    file.write_bytes(b"MZ")
    with pytest.raises(ValueError, match="is not a supported document"):
        run(make_backend({"tiny": translator}), file)
    assert not file.exists()


def test_document_beyond_its_limits_is_refused(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A document beyond the limits is refused."""
    file = tmp_path / "long.txt"
    file.write_text("two dogs\n" * 100, encoding="utf-8")
    with pytest.raises(ValueError, match="file characters"):
        run(make_backend({"tiny": translator}, file_characters=100), file)


def test_document_that_takes_too_long_is_ended(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A document that takes too long is ended."""
    file = tmp_path / "slow.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    backend = make_backend({"tiny": translator})
    object.__setattr__(backend.limits, "file_seconds", -1)
    with pytest.raises(HTTPException, match="longer than is allowed"):
        run(backend, file)


def test_language_is_detected_and_the_way_is_said(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A document on the page is detected and pivoted as on the REST routes."""
    from seq2seq import Translator

    second = Translator(
        translator.model,
        translator.tokenizer,
        replace(translator.settings, source_languages=["de"], target_languages=["fr"]),
    )
    backend = make_backend({"first": translator, "second": second}, pivot=True)
    assert backend.directions == [("en", "de"), ("de", "fr"), ("en", "fr"), ("auto", "de"), ("auto", "fr")]
    file = tmp_path / "note.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    made, route = run(backend, file, direction=2)
    between = translator.translate("two dogs").text
    assert (made.content.decode(), route.pivots) == (translator.translate(between).text + "\n", ["de"])
    file.write_text(GERMAN, encoding="utf-8")
    made, route = run(backend, file, direction=4)
    assert route.detected and (route.detected.language, route.pivots) == ("de", [])
    assert made.content.decode() == translator.translate(GERMAN).text


def test_visitor_who_asks_too_often_is_told(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """The rate of the REST routes holds for the page, too."""
    file = tmp_path / "note.txt"
    backend = make_backend({"tiny": translator}, rate=1)
    for expected in (None, "Slowdown"):
        file.write_text("two dogs\n", encoding="utf-8")
        if expected is None:
            run(backend, file)
        else:
            with pytest.raises(HTTPException, match=expected):
                run(backend, file)
