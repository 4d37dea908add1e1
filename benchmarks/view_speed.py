"""Time until an attention map is drawn, and the work of one pointer movement.

    python benchmarks/view_speed.py

The map of a text of 25 words (the released model): one forced pass with maps, the data made of it, and the
browser's drawing up to the frame that shows it. Then 60 x 60 words, 6 layers of 8 heads, random weights: the
drawing, and the work of a movement of the pointer, style and layout included; a frame has 16.7 ms. All times
are those that the processor worked (of the browser: its main thread), so that a busy machine prints what a
quiet one does; median and worst of the rounds, in Debian's Chromium without a GPU. Needs the extra `test`.
"""

import argparse
import shutil
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from seq2seq import Translator
from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.maps import AttentionMaps
from serve.views import attention_data, standalone_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TEXT = (
    "Two young girls in red dresses are playing in the snow with a big brown dog near an old wooden house "
    "while their mother watches."
)
ROUNDS = 5
MOVES = 40
# Dispatches movements over the cells, each in a frame of its own, as a mouse does.
HOVER = """async (count) => {
  const cells = document.querySelector(".cells");
  const box = cells.getBoundingClientRect();
  for (let step = 0; step < count; step++) {
    const [x, y] = [box.left + ((step * 37) % 500) + 5, box.top + ((step * 53) % 400) + 5];
    cells.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
    await new Promise(requestAnimationFrame);
  }
}"""


def main() -> None:
    """Measure and print both."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    from playwright.sync_api import sync_playwright

    path = next(found for name in ("chromium", "chromium-browser") if (found := shutil.which(name)))
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
        translator = Translator.from_pretrained("en-de")
        target = translator.translate(TEXT).text
        computed, data = _compute(translator, target)
        page = standalone_page("attention", data)
        drawn = [_draw(browser, Path(folder), page)[0] for _ in range(ROUNDS)]
        _say(f"25 words: maps and data, {len(page) / 1000:.0f} kB with the page", computed)
        _say("25 words: drawn", drawn)
        large = standalone_page("attention", attention_data(_random_maps(60), AlignmentHead(0, 0)))
        drawn, moved = [], []
        for _ in range(ROUNDS):
            first, moves = _draw(browser, Path(folder), large)
            drawn.append(first)
            moved.append(moves)
        _say("60 x 60 words: drawn", drawn)
        _say("60 x 60 words: one movement of the pointer", moved)
        browser.close()


def _compute(translator: Translator, target: str) -> tuple[list[float], dict[str, Any]]:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        data = attention_data(translator.attention(TEXT, target), translator.settings.alignment)
        times.append(1000 * (time.process_time() - start))
    return times, data


def _draw(browser: "Browser", folder: Path, page: str) -> tuple[float, float]:
    """Return milliseconds of the browser's main thread to show the page, and for a pointer movement."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1200, "height": 900})
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        found = session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in found if each["name"] == "TaskDuration")

    tab.goto(path.as_uri())
    tab.evaluate("() => new Promise(requestAnimationFrame)")
    shown = worked()
    tab.evaluate(HOVER, MOVES)
    moved = (worked() - shown) / MOVES
    tab.close()
    return shown, moved


def _random_maps(words: int) -> AttentionMaps:
    torch.manual_seed(1)
    text = " ".join(f"word{number}" for number in range(words))
    spans, start = [], 0
    for word in text.split():
        spans.append((start, start + len(word)))
        start += len(word) + 1
    size = words + 1
    weights = (torch.randn(6, 8, size, size) * 2).softmax(-1)
    past = torch.ones(size, size, dtype=torch.bool).tril()
    decoder = torch.randn(6, 8, size, size).masked_fill(~past, -1e9).softmax(-1)
    tokens = [*text.split(), "</s>"]
    return AttentionMaps(weights, weights, decoder, tokens, tokens, text, text, spans, spans)


def _say(name: str, times: list[float]) -> None:
    print(f"{name}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")


if __name__ == "__main__":
    main()
