"""Take docs/figures/report.png: the report of `seq2seq localize` on the catalog of examples/album.

python docs/figures/take_report.py [--out docs/figures/report.png] [--model software] [--width 1200]

Needs the test extra and a Chromium (on Debian: apt-get install chromium).
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

EXAMPLES = Path(__file__).parents[2] / "examples"
ALBUM = "album/de.po"
HEIGHT = 900  # pixels: the first entries


def main() -> None:
    """Fill the catalog, open its report, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "report.png")
    parser.add_argument("--model", default="software")
    parser.add_argument("--width", type=int, default=1200)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no Chromium here; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        command = [sys.executable, "-m", "seq2seq", "localize", ALBUM, "--model", given.model]
        command += ["--target-language", "de", "--output", folder, "--report", str(report)]
        subprocess.run(command, check=True, cwd=EXAMPLES)  # the report names the file as it was given
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": given.width, "height": HEIGHT}, color_scheme="light")
            page.goto(report.as_uri())
            page.screenshot(path=given.out)
            browser.close()
    print(f"{given.out}: {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
