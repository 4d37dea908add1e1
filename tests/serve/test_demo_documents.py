"""A document on the page: uploaded, translated with its structure kept, downloaded, the upload deleted."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from visit import Visit

from seq2seq import DecodeOptions

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from seq2seq import Translator
    from tests.serve.conftest import Make, Running

TABLE = "id,text\n1,two dogs\n2,a man sleeps\n"


@pytest.mark.browser
def test_document_comes_back_translated(
    browser: "Browser", make: "Make", running: "Running", translator: "Translator", tmp_path: Path
) -> None:
    """The page would take no file, translate another column, or give none back."""
    file = tmp_path / "table.csv"
    file.write_text(TABLE, encoding="utf-8")
    with running(make()) as address:
        visit = Visit(browser, address)
        visit.page.get_by_text("Translate a document").click()
        visit.page.locator("#documents input[type=file]").set_input_files(file)
        visit.page.get_by_label("Column to translate").fill("text")
        visit.page.get_by_role("button", name="Translate the file").click()
        visit.page.locator("#told .status").filter(has_text="Done.").wait_for()
        saved = visit.save(visit.page.locator("#translated a[download]").first)
        rows = saved.path().read_text(encoding="utf-8").splitlines()
        visit.close()
    assert rows[0] == "id,text" and rows[1].startswith("1,")
    assert translator.translate("two dogs").text in rows[1]


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
