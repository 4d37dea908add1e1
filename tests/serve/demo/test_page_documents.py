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
    """The page's work needs gradio, which takes a while to load."""


def run(backend: Any, path: Path, column: str = "", way: int = 0) -> Any:
    """What the page makes of a file: the document and the way of its texts."""
    import gradio as gr

    from serve.demo.tabs.documents import DocumentJob

    return asyncio.run(DocumentJob(backend, way, gr.Progress()).run(str(path), column))


def test_upload_is_deleted(translator: "Translator", make_backend: "MakeBackend", tmp_path: Path) -> None:
    """What a visitor sent would stay on the server's disk."""
    file = tmp_path / "note.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    made, route = run(make_backend({"tiny": translator}), file)
    assert made.content.decode() == translator.translate("two dogs").text + "\n"
    assert not route.pivots and not file.exists()


def test_upload_is_deleted_when_it_is_refused(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A file that cannot be read would stay on the disk, or be refused without a reason."""
    file = tmp_path / "program.exe"
    file.write_bytes(b"MZ")
    with pytest.raises(ValueError, match="is not a supported document"):
        run(make_backend({"tiny": translator}), file)
    assert not file.exists()


def test_document_beyond_its_limits_is_refused(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """One document could keep the server busy for as long as it likes."""
    file = tmp_path / "long.txt"
    file.write_text("two dogs\n" * 100, encoding="utf-8")
    with pytest.raises(ValueError, match="file characters"):
        run(make_backend({"tiny": translator}, file_characters=100), file)


def test_document_that_takes_too_long_is_ended(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A slow document would never end."""
    file = tmp_path / "slow.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    backend = make_backend({"tiny": translator})
    object.__setattr__(backend.limits, "file_seconds", -1)
    with pytest.raises(HTTPException, match="longer than is allowed"):
        run(backend, file)


def test_language_is_detected_and_the_way_is_said(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """The page could not do with a document what the REST routes can."""
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
    made, route = run(backend, file, way=2)
    between = translator.translate("two dogs").text
    assert (made.content.decode(), route.pivots) == (translator.translate(between).text + "\n", ["de"])
    file.write_text(GERMAN, encoding="utf-8")
    made, route = run(backend, file, way=4)
    assert route.detected and (route.detected.language, route.pivots) == ("de", [])
    assert made.content.decode() == translator.translate(GERMAN).text


def test_visitor_who_asks_too_often_is_told(
    translator: "Translator", make_backend: "MakeBackend", tmp_path: Path
) -> None:
    """A rate that holds for the REST routes could be got around by way of the page."""
    file = tmp_path / "note.txt"
    backend = make_backend({"tiny": translator}, rate=1)
    for expected in (None, "Slowdown"):
        file.write_text("two dogs\n", encoding="utf-8")
        if expected is None:
            run(backend, file)
        else:
            with pytest.raises(HTTPException, match=expected):
                run(backend, file)
