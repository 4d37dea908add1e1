"""A tiny untrained translator, the application around it, and a server."""

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

    from seq2seq import Generator, Tokenizer, Translator
    from serve.demo.backend import Backend


@pytest.fixture(scope="session")
def translator(tiny_tokenizer: "Tokenizer") -> "Translator":
    """English to German in name: random weights, 2 layers of 4 heads, alignment head (1, 2), 30 tokens."""
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
    """Build a new application around the tiny translator, or around another class of translator.

    There is one model for each pair of languages in `ways`; other arguments are those of `make_app`.
    """
    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    def make_one(
        kind: "type[Translator] | None" = None,
        ways: Sequence[tuple[str, str]] = (("en", "de"),),
        **options: Any,
    ) -> "FastAPI":
        kind = kind or type(translator)
        models = {}
        for source, target in ways:
            settings = replace(translator.settings, source_languages=[source], target_languages=[target])
            models["tiny" if len(ways) == 1 else f"{source}-{target}"] = kind(
                translator.model, translator.tokenizer, settings
            )
        return make_app(ModelRegistry(models, pivot=True), **options)

    return make_one


MakeBackend = Callable[..., "Backend"]


@pytest.fixture(scope="session")
def make_backend() -> MakeBackend:
    """Build the backend of the page for some models, with limits of its own."""
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
    """A client of the application that gets faults as answers, as from a server."""
    from fastapi.testclient import TestClient

    with TestClient(make(), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


Refusal = Callable[..., str]


@pytest.fixture(scope="session")
def refusal() -> Refusal:
    """Check that an answer has a status and the shape of all errors, and return its sentence."""

    def check(answer: "httpx.Response", status: int = 400) -> str:
        assert answer.status_code == status, answer.text
        ((shape, sentence),) = answer.json().items()
        assert shape == ("message" if answer.url.path.startswith("/v2/") else "error")
        assert sentence and "\n" not in sentence and "Traceback" not in sentence
        return sentence

    return check


Running = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def running() -> Running:
    """Serve an application in a thread for as long as the context lasts, and return its address."""
    import uvicorn

    from serve.http.protocol import LimitedProtocol
    from serve.limits import Limits

    @contextmanager
    def run(app: "FastAPI", limits: Limits | None = None) -> Iterator[str]:
        listener = socket.create_server(("127.0.0.1", 0))
        http = partial(LimitedProtocol, limits=limits or Limits())
        server = uvicorn.Server(
            uvicorn.Config(  # as `seq2seq serve` does
                app,
                http=http,  # type: ignore[arg-type]
                log_level="critical",
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)

    return run


@pytest.fixture(scope="session")
def address(make: Make, running: Running) -> Iterator[str]:
    """A server of the tiny translator with default limits, for all tests that need no other."""
    with running(make()) as address:
        yield address
