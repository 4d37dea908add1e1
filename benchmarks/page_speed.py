"""Speed of the demo page: the map of a translation, and the pointer on a large map.

    python benchmarks/page_speed.py

A server, and the page in Debian's Chromium without a GPU. 25 words (the released model): from the moment the
page says that the translation is done to the frame that shows its map, with the attention tab open. 60 x 60
words (6 layers of 8 heads, random weights, a text that is always the same): the same, and a movement of the
pointer. Printed are seconds by the clock and, since a busy machine makes those long, how long the processor
worked: of the server, and of the browser's main thread; a frame has 16.7 ms. Needs the extra `test`.
"""

import argparse
import contextlib
import shutil
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import uvicorn
from view_speed import HOVER, MOVES, TEXT

from seq2seq import Translator
from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.inference.processing import PreparedSegment
from seq2seq.inference.results import Translation
from seq2seq.model.transformer import Transformer
from seq2seq.storage.settings import Settings
from serve.app import make_app
from serve.engine.registry import ModelRegistry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS = 5
PATIENCE = 120_000  # milliseconds
LISTENING = 6_000  # milliseconds that a click has to change something
LARGE = " ".join(["dog", "snow", "house", "street", "water", "man"] * 10)  # 60 words
# Notes when the page begins, when it says that it is done, and the frame with a map that is no draft's.
WATCH = """() => {
  const seen = (window.seen = {});
  const look = (changes) => {
    const status = document.querySelector("#status");
    seen.begun ||= changes.some((change) => status.contains(change.target));
    if (!seen.begun || !status.querySelector(".status")?.textContent.startsWith("Done.")) return;
    seen.done ??= performance.now();
    const box = document.querySelector("#attention .drawing");
    if (!box?.querySelector(".cells") || box.textContent.includes("still being written")) return;
    requestAnimationFrame(() => setTimeout(() => (seen.drawn ??= performance.now())));
  };
  window.watching?.disconnect();
  window.watching = new MutationObserver(look);
  window.watching.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


class Writing(Translator):
    """A translator that writes what it reads."""

    def stream(self, text: str, *given: Any, **named: Any) -> Iterator[str]:
        """Yield the text at once."""
        yield text

    def translate_segments(
        self, segments: Sequence[PreparedSegment], *given: Any, **named: Any
    ) -> list[Translation]:
        """Return each segment as its own translation."""
        texts = [segment.source.source for segment in segments]
        return [Translation(text, text, tokens=self._pieces(text)) for text in texts]

    def _pieces(self, text: str) -> list[str]:
        return self.tokenizer.pieces(self.tokenizer.encode(text))


class Times(NamedTuple):
    """Milliseconds from the translation to its map: wall clock, server, browser."""

    clock: float
    server: float
    browser: float


def main() -> None:
    """Measure and print both."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    from playwright.sync_api import sync_playwright

    path = next(found for name in ("chromium", "chromium-browser") if (found := shutil.which(name)))
    released = Translator.from_pretrained("en-de", device="cpu")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
        with serving(released) as address:
            page = open_page(browser, address)
            clock = Clock(page)
            show("25 words: map drawn", [first_map(page, clock, TEXT) for _ in range(ROUNDS + 1)][1:])
        with serving(make_large(released)) as address:
            page = open_page(browser, address)
            clock = Clock(page)
            show("60 x 60 words: map drawn", [first_map(page, clock, LARGE) for _ in range(ROUNDS + 1)][1:])
            moved = [movement(page, clock) for _ in range(ROUNDS)]
            print(f"60 x 60 words: one movement of the pointer: browser {middle(moved)}")
        browser.close()


@contextlib.contextmanager
def serving(translator: Translator) -> Iterator[str]:
    """Yield the address of a server for one model, in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = make_app(ModelRegistry({"model": translator}))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def make_large(released: Translator) -> Writing:
    """Return a model of random weights, 6 layers of 8 heads, with the released model's vocabulary."""
    torch.manual_seed(1)
    heads = AttentionConfig(heads=8)
    config = ModelConfig(
        len(released.tokenizer),
        width=64,
        encoder_layers=6,
        decoder_layers=6,
        encoder_attention=heads,
        decoder_attention=heads,
        cross_attention=heads,
    )
    settings = Settings(["en"], ["de"], 200, 200, AlignmentHead(3, 0))
    return Writing(Transformer(config).eval(), released.tokenizer, settings)


def open_page(browser: "Browser", address: str) -> "Page":
    """Return the page with its attention tab open."""
    page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="en-US")
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.get_by_role("tab", name="Attention", exact=True).click()
    return page


class Clock:
    """Work of a page's main thread since the clock was made."""

    def __init__(self, page: "Page") -> None:
        self.session = page.context.new_cdp_session(page)  # one for all, for each counts from its beginning
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked(self) -> float:
        """Milliseconds since the clock was made."""
        found = self.session.send("Performance.getMetrics")["metrics"]
        return float(1000 * next(each["value"] for each in found if each["name"] == "TaskDuration"))


def first_map(page: "Page", clock: Clock, text: str) -> Times:
    """Return the time that the map of a text takes once its translation is there."""
    page.locator("#source textarea").fill(text)
    page.evaluate(WATCH)
    begin(page)
    page.wait_for_function("window.seen.done", polling=5)
    server, browser = time.process_time(), clock.worked()
    page.wait_for_function("window.seen.drawn", polling=5)
    server, browser = 1000 * (time.process_time() - server), clock.worked() - browser
    return Times(page.evaluate("window.seen.drawn - window.seen.done"), server, browser)


def begin(page: "Page") -> None:
    """Clicks; once more where the page showed its button before it listened to it."""
    from playwright.sync_api import TimeoutError

    for _ in range(PATIENCE // LISTENING):
        page.locator("#go").click()
        with contextlib.suppress(TimeoutError):
            page.wait_for_function("window.seen.begun", polling=5, timeout=LISTENING)
            return
    raise SystemExit("the page does not listen to its button")


def movement(page: "Page", clock: Clock) -> float:
    """Return the browser's milliseconds of work for a movement of the pointer over the map."""
    before = clock.worked()
    page.evaluate(HOVER, MOVES)
    return (clock.worked() - before) / MOVES


def show(name: str, times: list[Times]) -> None:
    """Print one line: median and worst wall-clock and processor times."""
    columns = zip(Times._fields, zip(*times, strict=True), strict=True)
    print(f"{name}: " + "; ".join(f"{column} {middle(values)}" for column, values in columns), flush=True)


def middle(values: Sequence[float]) -> str:
    """Return median and worst as text."""
    return f"median {statistics.median(values):.1f} ms, worst {max(values):.1f} ms"


if __name__ == "__main__":
    main()
