"""A document on the page, in a real browser: uploaded, translated with its structure kept, downloaded."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from seq2seq import Translator

TABLE = "id,text\n1,two dogs\n2,a man sleeps\n"


@pytest.mark.browser
def test_document_comes_back_translated(
    browser: "Browser", address: str, translator: "Translator", tmp_path: Path
) -> None:
    """An uploaded document comes back with the named column translated and the rest as it was."""
    file = tmp_path / "table.csv"
    file.write_text(TABLE, encoding="utf-8")
    visit = Visit(browser, address)
    visit.page.get_by_text("Translate a document").click()
    with visit.page.expect_response("**/upload**"):  # before it the page has no file to translate
        visit.page.locator("#documents input[type=file]").set_input_files(file)
    visit.page.get_by_label("Column to translate").fill("text")
    visit.page.get_by_role("button", name="Translate the file").click()
    visit.page.locator("#document-status .status").filter(has_text="Done.").wait_for()
    saved = visit.save(visit.page.locator("#translated a[download]").first)
    rows = saved.path().read_text(encoding="utf-8").splitlines()
    visit.close()
    assert rows[0] == "id,text" and rows[1].startswith("1,")
    assert translator.translate("two dogs").text in rows[1]
