"""`seq2seq serve`: loads the models, opens the port, and serves until it is told to stop.

    port free? ─> models whole? ─> address printed ─> serving ─> Ctrl-C or SIGTERM: what runs is finished

Listens on loopback unless told otherwise. Nothing is fetched at the start, but a model given by hub id.
A second signal ends it at once.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import logging
import signal
import socket
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import uvicorn

from seq2seq.storage.registry import default_model, find_model, reads_facts, released_models
from seq2seq.storage.settings import CONFIG, is_language_model, read_config

from .engine.registry import LanguageModelEntry, ModelRegistry, TranslationModel
from .http.auth import read_keys
from .http.protocol import LimitedProtocol
from .limits import Limits

if TYPE_CHECKING:
    from seq2seq import Generator, Translator

    from .app import ServerOptions

GRACE_SECONDS = 5  # what still runs then is ended
BACKLOG = 2048  # connections that may wait to be accepted


class StartError(Exception):
    """The server cannot start; the sentence says why and what to do."""


def main(argv: Sequence[str]) -> int:
    """Serves until Ctrl-C or SIGTERM, then gives back 0.

    Raises:
        StartError: the port cannot be used, or a model is missing or damaged.
        ValueError: the command line is wrong.
    """
    arguments = _parser().parse_args(argv)
    if arguments.mcp:
        _check_tools(arguments)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with contextlib.suppress(KeyboardInterrupt), _listen(arguments.host, arguments.port) as listener:
            _serve(arguments, listener)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


class _Server(uvicorn.Server):
    """A server that tells its application that it is about to stop."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self.stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.stopping.set()
        await super().shutdown(sockets)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, as those of the library's commands."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "seq2seq serve",
        description="Serve models: REST and a demo.",
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--model",
        action="append",
        default=argparse.SUPPRESS,
        help="released name, directory or hub id; give it again for more models; without it all released "
        "ones but those that read facts, such as e2e",
    )
    parser.add_argument("--lazy", action="store_true", help="load each model when it is first asked for")
    parser.add_argument(
        "--pivot", action="store_true", help="go through a third language where no model knows a pair"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=_port, default=7860, help="0 takes any free one")
    parser.add_argument("--rate", type=_whole, help="requests a minute that one client may make")
    parser.add_argument(
        "--api-keys", metavar="FILE", help="answer only who has one of these keys, one a line"
    )
    parser.add_argument("--access-log", action="store_true", help="one line of JSON a request, without texts")
    parser.add_argument(
        "--batch-tokens", type=_whole, default=1024, help="tokens that run together; 1 is one text at a time"
    )
    parser.add_argument(
        "--patience", type=_milliseconds, default=5.0, help="milliseconds that an idle model waits for more"
    )
    parser.add_argument(
        "--mcp", action="store_true", help="offer the page's functions as tools (MCP) at /gradio_api/mcp"
    )
    limits = parser.add_argument_group("limits", "the most of")
    for each in fields(Limits):
        flag = f"--max-{each.name.replace('_', '-')}"
        limits.add_argument(flag, type=_whole, default=each.default, metavar="N", help=each.metadata["help"])
    return parser


def _check_tools(arguments: argparse.Namespace) -> None:
    """Refuses (ValueError) tools that cannot be offered."""
    if importlib.util.find_spec("mcp") is None:
        raise ValueError(
            "--mcp needs the package mcp; install it from the clone with "
            "pip install '.[mcp]' -c constraints.txt"
        )
    if arguments.api_keys:
        raise ValueError("--mcp offers its tools to everybody, --api-keys to some; leave one of them out")


def _whole(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) <= 10**9):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number from 1")
    return int(text)


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give milliseconds from 0 to 1000")
    return value


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 to 65535")
    return int(text)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, taken before the models are loaded."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError(f"{host} is no address of this machine ({error.strerror}); check --host") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()  # a second server would bind as well, were nobody listening
    except OSError as error:
        listener.close()
        raise StartError(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port"
        ) from None
    return listener


def _serve(arguments: argparse.Namespace, listener: socket.socket) -> None:
    """Loads the models and serves them on a socket until a signal comes."""
    try:
        # What costs nothing to check goes first: models take seconds.
        keys = read_keys(arguments.api_keys) if arguments.api_keys else frozenset()
        catalog = _load(getattr(arguments, "model", None), arguments.lazy, arguments.pivot)
        options = _options(arguments, keys)
    except ValueError as error:
        raise StartError(str(error)) from None
    from .app import make_app

    limits = Limits(**{each.name: getattr(arguments, f"max_{each.name}") for each in fields(Limits)})
    _prepare_logs(arguments.access_log)
    _allow_files(limits.connections)
    stopping = asyncio.Event()
    config = uvicorn.Config(
        make_app(catalog, limits, host=arguments.host, stopping=stopping, options=options),
        http=partial(LimitedProtocol, limits=limits),  # type: ignore[arg-type]  # called with what a class gets
        log_level="critical",  # the guard logs what fails
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )
    print(_greeting(catalog, arguments.host, listener.getsockname()[1]), flush=True)
    _Server(config, stopping).run(sockets=[listener])


def _greeting(catalog: ModelRegistry, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    served = [f"{source} to {target}" for source, target in catalog.pairs]
    served += [f"text by {writer.name}" for writer in catalog.writers]
    address = f"http://{name}:{port}"
    return f"Serving {', '.join(served)} at {address} (REST: {address}/docs); Ctrl-C ends it."


def _options(arguments: argparse.Namespace, keys: frozenset[str]) -> "ServerOptions":
    from .app import ServerOptions

    return ServerOptions(
        rate=arguments.rate,
        keys=keys,
        access_log=arguments.access_log,
        budget=arguments.batch_tokens,
        patience=arguments.patience / 1000,
        processes=True,
        mcp=arguments.mcp,
    )


def _load(names: Sequence[str] | None, lazy: bool, pivot: bool) -> ModelRegistry:
    """The catalog of some models, loaded now, or known by their configs until they are asked for."""
    speaking = [name for name in released_models() if not reads_facts(name)]  # facts are no language to list
    names = names or list(dict.fromkeys([default_model(None, None), *speaking]))
    writing = [name for name in names if is_language_model(read_config(find_model(name)))]
    offers = {name: _offer(name) for name in names if name not in writing}
    catalog = ModelRegistry(offers, writers={name: _writer(name) for name in writing}, pivot=pivot)
    if not lazy:
        for offer in catalog.offers:
            offer.translator()
        for writer in catalog.writers:
            writer.generator()
    return catalog


def _writer(name: str) -> LanguageModelEntry:
    directory = find_model(name)
    created = int((directory / CONFIG).stat().st_mtime)

    def load() -> "Generator":
        from seq2seq import Generator

        return Generator.from_pretrained(directory)

    return LanguageModelEntry(name, read_config(directory)["languages"], load, created=created)


def _offer(name: str) -> TranslationModel:
    directory = find_model(name)
    config = read_config(directory)
    created = int((directory / CONFIG).stat().st_mtime)

    def load() -> "Translator":
        from seq2seq import Translator

        return Translator.from_pretrained(directory)

    return TranslationModel(
        name, config["source_languages"], config["target_languages"], load, created=created
    )


def _prepare_logs(access_log: bool) -> None:
    """Faults go to standard error as sentences; the access log, where it is wanted, as bare JSON."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if access_log:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log = logging.getLogger("seq2seq.access")
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


def _allow_files(connections: int) -> None:
    """Raises the limit of open files, as far as the system lets it, to what the connections need."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        highest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, highest), hard))
