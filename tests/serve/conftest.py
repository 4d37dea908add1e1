"""A tiny untrained translator, the application around it, a server, and a browser where there is one."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from playwright.sync_api import Browser

    from seq2seq import Generator, Tokenizer, Translator
    from serve.demo.backend import Backend

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


@pytest.fixture(scope="session")
def translator(tiny_tokenizer: "Tokenizer") -> "Translator":
    """English to German in name: random weights, 2 layers of 4 heads, alignment head (1, 2), 30 pieces."""
    import torch

    from seq2seq import Translator
    from seq2seq.alignment.head import AlignmentHead
    from seq2seq.config import ModelConfig
    from seq2seq.model.transformer import Transformer
    from seq2seq.storage.model_directory import Settings

    torch.manual_seed(1)
    config = ModelConfig(
        vocabulary_size=len(tiny_tokenizer),
        width=16,
        feed_forward=32,
        encoder_layers=2,
        decoder_layers=2,
        max_length=64,
    )
    settings = Settings(["en"], ["de"], 30, 30, AlignmentHead(1, 2))
    return Translator(Transformer(config).eval(), tiny_tokenizer, settings)


@pytest.fixture(scope="session")
def generator(tiny_generator: "Generator") -> "Generator":
    """The tiny language model: a character each token, a context of 16."""
    return tiny_generator


@pytest.fixture(scope="session")
def model_directory(translator: "Translator", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny translator as a model directory."""
    from seq2seq.storage.model_directory import save_model

    directory = tmp_path_factory.mktemp("models") / "tiny"
    save_model(directory, translator.model, translator.tokenizer, translator.settings, "A card.")
    return directory


Make = Callable[..., "FastAPI"]


@pytest.fixture(scope="session")
def make(translator: "Translator") -> Make:
    """Builds a new application around the tiny translator, made of another class if one is given.

    One of it for each of `ways`, pairs of languages; the rest is for `make_app`.
    """
    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    def make_one(
        kind: "type[Translator] | None" = None,
        ways: Sequence[tuple[str, str]] = (("en", "de"),),
        **named: Any,
    ) -> "FastAPI":
        kind = kind or type(translator)
        made = {}
        for source, target in ways:
            settings = replace(translator.settings, source_languages=[source], target_languages=[target])
            made["tiny" if len(ways) == 1 else f"{source}-{target}"] = kind(
                translator.model, translator.tokenizer, settings
            )
        return make_app(ModelRegistry(made, pivot=True), **named)

    return make_one


MakeBackend = Callable[..., "Backend"]


@pytest.fixture(scope="session")
def make_backend() -> MakeBackend:
    """Builds what is behind the page for some models, with limits of one's own."""
    from serve.demo.backend import Backend
    from serve.engine.batcher import Batcher
    from serve.engine.documents import DocumentExecutor
    from serve.engine.executor import Executor
    from serve.engine.registry import ModelRegistry
    from serve.engine.service import Service
    from serve.http.auth import Authenticator
    from serve.limits import Limits
    from serve.metrics import Metrics

    def make_one(
        models: dict[str, Any], *, pivot: bool = False, rate: int | None = None, **most: int
    ) -> "Backend":
        limits, metrics = Limits(**most), Metrics()
        service = Service(
            ModelRegistry(models, pivot=pivot), Batcher(Executor(), limits, metrics), limits, metrics
        )
        return Backend(service, Authenticator(rate), DocumentExecutor(service))

    return make_one


@pytest.fixture(scope="session")
def client(make: Make) -> Iterator["TestClient"]:
    """A client of the application that hands on faults as answers, as a server does."""
    from fastapi.testclient import TestClient

    with TestClient(make(), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


Refusal = Callable[..., str]


@pytest.fixture(scope="session")
def refusal() -> Refusal:
    """Checks that an answer has a status and the shape of all errors; gives its sentence."""

    def check(answer: "httpx.Response", status: int = 400) -> str:
        assert answer.status_code == status, answer.text
        assert list(answer.json()) == ["error"]
        sentence = answer.json()["error"]
        assert sentence and "\n" not in sentence and "Traceback" not in sentence
        return sentence

    return check


Running = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def running() -> Running:
    """Serves an application in a thread for as long as the context lasts; gives its address."""
    import uvicorn

    from serve.http.protocol import LimitedProtocol
    from serve.limits import Limits

    @contextmanager
    def run(app: "FastAPI", limits: Limits | None = None) -> Iterator[str]:
        listener = socket.create_server(("127.0.0.1", 0))
        http = partial(LimitedProtocol, limits=limits or Limits())
        server = uvicorn.Server(
            uvicorn.Config(app, http=http, log_level="critical", timeout_graceful_shutdown=1)  # type: ignore[arg-type]
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium; the test is skipped where there is none, but fails when CI=true.

    Not for the whole session: Playwright keeps an event loop in this thread for as long as it runs.
    """
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
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
