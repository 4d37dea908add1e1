"""The work on a document that was uploaded: its limits, and that the upload is deleted."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seq2seq import DecodeOptions

if TYPE_CHECKING:
    from seq2seq import Translator


def work(translator: "Translator", **limits: int) -> Any:
    """The work on one document, with limits of one's own."""
    import gradio as gr

    from serve.catalog import Catalog
    from serve.demo.desk import Desk
    from serve.demo.document_panel import Work
    from serve.limits import Limits
    from serve.worker import Worker

    desk = Desk(Catalog({"tiny": translator}), Worker(), Limits(**limits))
    return Work(desk, translator, DecodeOptions(), gr.Progress())


def run(work: Any, path: Path, column: str = "") -> Any:
    """What the work makes of a file."""
    return asyncio.run(work.run(str(path), column))


def test_upload_is_deleted(translator: "Translator", tmp_path: Path) -> None:
    """What a visitor sent would stay on the server's disk."""
    file = tmp_path / "note.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    made = run(work(translator), file)
    assert made.content.decode() == translator.translate("two dogs").text + "\n"
    assert not file.exists()


def test_upload_is_deleted_when_it_is_refused(translator: "Translator", tmp_path: Path) -> None:
    """A file that cannot be read would stay on the disk, or be refused without a reason."""
    file = tmp_path / "program.exe"
    file.write_bytes(b"MZ")
    with pytest.raises(ValueError, match="no document known here"):
        run(work(translator), file)
    assert not file.exists()


def test_document_beyond_its_limits_is_refused(translator: "Translator", tmp_path: Path) -> None:
    """One document could keep the server busy for as long as it likes."""
    file = tmp_path / "long.txt"
    file.write_text("two dogs\n" * 100, encoding="utf-8")
    with pytest.raises(ValueError, match="file characters"):
        run(work(translator, file_characters=100), file)


def test_document_that_takes_too_long_is_ended(translator: "Translator", tmp_path: Path) -> None:
    """A slow document would never end."""
    file = tmp_path / "slow.txt"
    file.write_text("two dogs\n", encoding="utf-8")
    slow = work(translator)
    slow.end = 0.0
    with pytest.raises(ValueError, match="took longer than"):
        run(slow, file)
