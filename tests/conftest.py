"""Fixtures of all tests: a tiny tokenizer, tiny models, and the folder of real corpora."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# Tests compare exact outputs, which torch promises; those of another back end name it.
os.environ["SEQ2SEQ_BACKEND"] = "torch"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from seq2seq.inference.generator import Generator
    from seq2seq.model.transformer import Transformer
    from seq2seq.text.tokenizer import Tokenizer

# Clocks prove nothing on a shared machine. In CI the same examples come every time, so that a change is
# blamed for what it did; everywhere else hypothesis goes on looking for new ones.
settings.register_profile("project", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("project")

REPOSITORY = Path(__file__).resolve().parents[1]

# Files of more than ten seconds on an idle core, the longest first (`pytest --durations 0`).
LONG_FILES = [
    "test_readme.py",
    "serve/test_serve_command.py",
    "train/test_other_tasks.py",
    "serve/demo/test_page.py",
    "serve/demo/test_page_newest.py",
    "serve/engine/test_memory.py",
    "serve/demo/test_page_accessibility.py",
    "train/test_resume.py",
    "model/test_transformer_grid.py",
    "docs/test_draw_cost.py",
    "experiments/test_attention_variants.py",
    "train/test_faults.py",
    "train/tasks/test_guided_head.py",
    "examples/test_digits.py",
    "examples/test_sentiment.py",
    "storage/test_hub.py",
    "test_typing.py",
]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SUBJECTS = ["a dog", "two dogs", "a man", "a young girl", "three children", "an old woman"]
VERBS = ["plays in", "runs through", "sits in", "sleeps in", "walks across", "looks at"]
PLACES = ["the snow.", "the garden.", "a red house.", "the street.", "the water.", "a big park!"]
SENTENCES = [f"{subject} {verb} {place}" for subject in SUBJECTS for verb in VERBS for place in PLACES]


def pytest_xdist_auto_num_workers() -> int:
    """Return the workers of `-n auto`: one more than cores, since servers and browsers are waited for."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Move long files to the front in the workers of `-n`.

    A file runs in one worker: a long one that starts last leaves the other workers idle at the end.
    """
    if hasattr(config, "workerinput"):
        rank = {REPOSITORY / "tests" / name: number for number, name in enumerate(LONG_FILES)}
        items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Set torch to one thread: tiny tensors gain nothing from more, and a busy machine loses."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """The folder of real corpora named by SEQ2SEQ_DATA; the test is skipped where there is none."""
    named = os.environ.get("SEQ2SEQ_DATA")
    if not named:
        pytest.skip("SEQ2SEQ_DATA does not name a folder of corpora")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"SEQ2SEQ_DATA names {named}, which is no folder")
    return folder


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    """216 short English sentences, every word of which occurs many times."""
    return list(SENTENCES)


@pytest.fixture(scope="session")
def tiny_tokenizer(sentences: list[str]) -> "Tokenizer":
    """A SentencePiece tokenizer of 100 pieces over `sentences`."""
    from seq2seq.text.tokenizer import Tokenizer

    return Tokenizer.train(sentences, vocabulary_size=100)


@pytest.fixture
def tiny_model(tiny_tokenizer: "Tokenizer") -> "Transformer":
    """An untrained Transformer (width 16, two layers a side) with fixed random weights, in eval mode."""
    import torch

    from seq2seq.config import ModelConfig
    from seq2seq.model.transformer import Transformer

    torch.manual_seed(1)
    config = ModelConfig(
        vocabulary_size=len(tiny_tokenizer),
        width=16,
        feed_forward=32,
        encoder_layers=2,
        decoder_layers=2,
        max_length=64,
    )
    return Transformer(config).eval()


@pytest.fixture(scope="session")
def tiny_generator(sentences: list[str]) -> "Generator":
    """An untrained language model of characters (width 16, two layers, rotary, context 16), weights fixed."""
    import torch

    from seq2seq.config import ModelConfig
    from seq2seq.inference.generator import Generator
    from seq2seq.model.language_model import LanguageModel
    from seq2seq.storage.settings import LanguageSettings
    from seq2seq.text.tokenizer import Tokenizer

    tokenizer = Tokenizer.train([f"{text}\n" for text in sentences], 100, "char", verbatim=True)
    torch.manual_seed(1)
    config = ModelConfig(
        len(tokenizer),
        "decoder",
        width=16,
        feed_forward=32,
        decoder_layers=2,
        positions="rotary",
        max_length=16,
    )
    return Generator(LanguageModel(config).eval(), tokenizer, LanguageSettings(["en"], ends=False))


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium; the test is skipped where there is none, but fails when CI=true.

    Not for the whole session: Playwright keeps an event loop in this thread for as long as it runs.
    """
    path = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if path is None:
        reason = "no Chromium here; on Debian: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
