"""Take docs/figures/demo.png: the page of `seq2seq serve` with a translated sentence and its attention.

python docs/figures/take_screenshot.py [--out docs/figures/demo.png] [--dark] [--width 1200]

Needs the test extra and a Chromium (on Debian: apt-get install chromium).
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SENTENCE = "A young girl in a red dress is reading a book on a bench."
POINTED_AT = "Buch."  # the word whose links are lit
HEIGHT = 1200  # pixels of the window; the picture is as high as the page
PATIENCE = 120_000  # milliseconds; a busy machine may be slow


def main() -> None:
    """Serve the page, look at it, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "demo.png")
    parser.add_argument("--dark", action="store_true", help="in dark colours")
    parser.add_argument("--width", type=int, default=1200)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no Chromium here; on Debian: apt-get install chromium")
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(
            viewport={"width": given.width, "height": HEIGHT},
            color_scheme="dark" if given.dark else "light",
            locale="en-US",
        )
        page.set_default_timeout(PATIENCE)
        look(page, address)
        page.screenshot(path=given.out, full_page=True)
        browser.close()
    print(f"{given.out}: {given.out.stat().st_size:,} bytes")


@contextmanager
def serving() -> Iterator[str]:
    """Yield the address of a server that runs for as long as the context lasts."""
    command = [sys.executable, "-m", "seq2seq", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().split(" at ")[1].split(" ")[0]
    finally:
        process.terminate()
        process.wait()


def look(page: Page, address: str) -> None:
    """Translate the sentence, open the attention tab and point at a word."""
    page.goto(address)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.locator("#source textarea").fill(SENTENCE)
    page.locator("#go").click()
    page.locator("#status").get_by_text("Done.").wait_for()
    page.get_by_role("tab", name="Attention").click()
    page.locator("#attention .thumb").first.wait_for()
    page.locator("#attention").get_by_text("ribbons", exact=True).click()
    page.locator("#attention .word-of", has_text=POINTED_AT).hover(force=True)
    page.locator("#attention .ribbon.lit").first.wait_for()
    page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")


if __name__ == "__main__":
    main()
