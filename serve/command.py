"""`seq2seq serve`: loads the models, opens the port, and serves until a signal.

    port free? ─> models whole? ─> address printed ─> serving ─> Ctrl-C or SIGTERM: running requests finish

The server listens on loopback by default and downloads nothing but a model that is given by hub id. A second
signal ends it at once.
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
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import uvicorn

from seq2seq.inference.backends.selection import Backend, ComputeType, add_backend, planned_backend
from seq2seq.storage.registry import STRINGS, default_model, find_model, needs_codec, released_models
from seq2seq.storage.settings import CONFIG, is_language_model, read_config

from .engine.project import Project
from .engine.registry import LanguageModelEntry, ModelRegistry, TranslationModel
from .http.auth import read_keys
from .http.protocol import LimitedProtocol
from .http.proxies import HOST, TrustedProxies
from .limits import Limits

if TYPE_CHECKING:
    from seq2seq import Generator, Translator

    from .app import ServerOptions

GRACE_SECONDS = 5  # for running requests after a signal; what still runs then is ended
BACKLOG = 2048  # connections that may wait to be accepted


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


def main(argv: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM, then return 0.

    Raises:
        StartError: the port cannot be used, or a model or a file of keys is missing or damaged.
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
    """A server that sets an event before it stops, so that the application can refuse waiting requests."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self.stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the application, then let running requests finish."""
        self.stopping.set()
        await super().shutdown(sockets)


class _FaultFormatter(logging.Formatter):
    """A formatter of exceptions by type alone: message and traceback may hold the text of a user."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name of the method that is replaced
        """Return the type of an exception."""
        return getattr(ei[0], "__name__", "")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, as those of the library's commands."""

    def error(self, message: str) -> NoReturn:
        """Raise a ValueError instead of printing the usage and exiting."""
        raise ValueError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "seq2seq serve",
        description="Serve models: a REST interface and a demo page.",
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--model",
        action="append",
        default=argparse.SUPPRESS,
        help="released name, directory or hub id; repeat it for more models; without it all released models "
        "except those that read facts, such as e2e",
    )
    add_backend(parser)
    parser.add_argument("--lazy", action="store_true", help="load each model at its first request")
    parser.add_argument(
        "--pivot", action="store_true", help="translate via a third language where no model knows a pair"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=_port, default=7860, help="port to listen on; 0 takes any free one")
    _add_access(parser)
    _add_project(parser)
    parser.add_argument(
        "--access-log", action="store_true", help="log one line of JSON for each request, without its text"
    )
    parser.add_argument(
        "--batch-tokens", type=_whole, default=1024, help="tokens per batch; 1 switches batching off"
    )
    parser.add_argument(
        "--patience",
        type=_milliseconds,
        default=5.0,
        help="milliseconds that an idle model waits for further requests before it starts a batch",
    )
    parser.add_argument(
        "--mcp", action="store_true", help="offer the page's functions as tools (MCP) at /gradio_api/mcp"
    )
    limits = parser.add_argument_group("limits", "the maximum number of ...")
    for known in fields(Limits):
        flag = f"--max-{known.name.replace('_', '-')}"
        limits.add_argument(
            flag, type=_whole, default=known.default, metavar="N", help=known.metadata["help"]
        )
    return parser


def _add_access(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say who may ask, and how much."""
    parser.add_argument("--rate", type=_whole, help="texts per minute and client; without it any number")
    parser.add_argument(
        "--api-keys",
        metavar="FILE",
        help="answer only requests with one of the keys in this file, one a line",
    )
    parser.add_argument(
        "--allowed-hosts",
        type=_host_list,
        action="extend",
        default=[],
        metavar="NAME",
        help="answer only under these names, comma-separated, and those of loopback; without it under any "
        "name, on loopback only under its own",
    )
    parser.add_argument(
        "--trusted-proxies",
        type=_proxy_list,
        action="extend",
        default=[],
        metavar="ADDRESS",
        help="addresses or networks of proxies, comma-separated, whose X-Forwarded headers are believed",
    )


def _add_project(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a project's own translations and terms."""
    parser.add_argument(
        "--memory",
        metavar="FILE",
        action="append",
        default=argparse.SUPPRESS,
        help="a translation memory (tmx, po, mo, tsv, jsonl), which goes before the models on every route; "
        "repeat it for more",
    )
    parser.add_argument(
        "--glossary",
        metavar="FILE",
        action="append",
        default=argparse.SUPPRESS,
        help="terms, a term, a tab and its translation a line, heeded unless a request has a glossary; where "
        "several directions are served the first line names the languages, such as en, a tab, de; repeat it "
        "for more",
    )
    parser.add_argument(
        "--keep-suggestions",
        metavar="FILE",
        help="append what users suggest (POST /suggest, corrections on the page) to this file, and heed it",
    )


def _check_tools(arguments: argparse.Namespace) -> None:
    """Refuse (ValueError) tools that cannot be offered."""
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


def _host_list(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        match = HOST.fullmatch(name)
        if not match or (":" in name and not name.endswith("]")):
            raise argparse.ArgumentTypeError(
                f"{name!r} is no name of a host; give it without a scheme and a port"
            )
    return [name.strip("[]") for name in names]


def _proxy_list(text: str) -> list[str]:
    addresses = [address.strip() for address in text.split(",")]
    try:
        TrustedProxies(addresses)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return addresses


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
    """Return a socket bound to the address; it is taken first, for models take seconds to load."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError(f"{host} is no address of this machine ({error.strerror}); check --host") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # With SO_REUSEADDR a second server could bind the same port as long as nobody listens on it.
        listener.listen()
    except OSError as error:
        listener.close()
        raise StartError(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port"
        ) from None
    return listener


def _serve(arguments: argparse.Namespace, listener: socket.socket) -> None:
    """Load the models and serve them on a socket until a signal."""
    try:
        # Checks that cost nothing come first: models take seconds.
        keys = read_keys(arguments.api_keys) if arguments.api_keys else frozenset()
        search = arguments.backend, arguments.compute_type
        registry = _load(getattr(arguments, "model", None), arguments.lazy, arguments.pivot, search)
        options = _options(arguments, keys, _project(arguments, registry))
    except ValueError as error:
        raise StartError(str(error)) from None
    from .app import make_app

    limits = Limits(**{known.name: getattr(arguments, f"max_{known.name}") for known in fields(Limits)})
    _prepare_logs(arguments.access_log)
    _allow_files(limits.connections)
    stopping = asyncio.Event()
    config = uvicorn.Config(
        make_app(registry, limits, host=arguments.host, stopping=stopping, options=options),
        http=partial(LimitedProtocol, limits=limits),  # type: ignore[arg-type]  # called as the class would be
        log_level="critical",  # SecurityMiddleware logs faults, without the texts in their messages
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )
    print(_greeting(registry, arguments.host, listener.getsockname()[1]), flush=True)
    _Server(config, stopping).run(sockets=[listener])


def _greeting(registry: ModelRegistry, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    served = [f"{source} to {target}" for source, target in registry.pairs]
    served += [f"text by {entry.name}" for entry in registry.language_models]
    address = f"http://{name}:{port}"
    return f"Serving {', '.join(served)} at {address} (REST: {address}/docs); Ctrl-C ends it."


def _project(arguments: argparse.Namespace, registry: ModelRegistry) -> Project | None:
    """Return the memories and glossaries of the command line; None for none."""
    memories, glossaries = (getattr(arguments, name, []) for name in ("memory", "glossary"))
    return Project.load(registry.reachable, memories, glossaries, arguments.keep_suggestions)


def _options(arguments: argparse.Namespace, keys: frozenset[str], project: Project | None) -> "ServerOptions":
    from .app import ServerOptions

    return ServerOptions(
        rate=arguments.rate,
        keys=keys,
        access_log=arguments.access_log,
        budget=arguments.batch_tokens,
        patience=arguments.patience / 1000,
        processes=True,
        mcp=arguments.mcp,
        allowed_hosts=tuple(arguments.allowed_hosts),
        proxies=tuple(arguments.trusted_proxies),
        project=project,
    )


def _load(
    names: Sequence[str] | None,
    lazy: bool,
    pivot: bool,
    search: tuple[Backend, ComputeType] = ("auto", "auto"),
) -> ModelRegistry:
    """Return the registry of some models, loaded now, or at their first request where `lazy`."""
    names = names or _default_names()
    language_models = [name for name in names if is_language_model(read_config(find_model(name)))]
    registry = ModelRegistry(
        {name: _translation_model(name, search) for name in names if name not in language_models},
        language_models={name: _language_model(name, search) for name in language_models},
        pivot=pivot,
    )
    if not lazy:
        for model in registry.models:
            model.take()
        for language_model in registry.language_models:
            language_model.take()
    return registry


def _default_names() -> list[str]:
    """Return the released models; the one that `seq2seq translate` takes by default comes first.

    Models with a codec read facts, which are no language that a page or a client could list. The model of
    strings translates a direction that another one does; it is served where it is named.
    """
    readers = [name for name in released_models() if not needs_codec(name) and name != STRINGS]
    return list(dict.fromkeys([default_model(None, None), *readers]))


def _language_model(name: str, search: tuple[Backend, ComputeType]) -> LanguageModelEntry:
    directory = find_model(name)
    planned_backend(directory, *search)

    def load() -> "Generator":
        from seq2seq import Generator

        generator = Generator.from_pretrained(directory, "auto", *search)
        _ = generator.backend
        return generator

    return LanguageModelEntry(name, read_config(directory)["languages"], load, created=_created(directory))


def _translation_model(name: str, search: tuple[Backend, ComputeType]) -> TranslationModel:
    directory = find_model(name)
    config = read_config(directory)
    planned_backend(directory, *search)  # which is refused now, not at the first request

    def load() -> "Translator":
        from seq2seq import Translator

        translator = Translator.from_pretrained(directory, "auto", *search)
        _ = translator.backend  # its engine is loaded now, too
        return translator

    return TranslationModel(
        name, config["source_languages"], config["target_languages"], load, created=_created(directory)
    )


def _created(directory: Path) -> int:
    """Return when a model's config was written, in seconds since 1970."""
    return int((directory / CONFIG).stat().st_mtime)


def _prepare_logs(access_log: bool) -> None:
    """Send faults to standard error as sentences, and the access log, if there is one, as bare JSON."""
    faults = logging.StreamHandler()
    faults.setFormatter(_FaultFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[faults])
    if access_log:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log = logging.getLogger("seq2seq.access")
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


def _allow_files(connections: int) -> None:
    """Raise the limit of open files to what the connections need, as far as the system permits."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Each connection is an open file; the rest is for everything else that a server opens.
    needed = connections + 256
    if soft != resource.RLIM_INFINITY and soft < needed:
        highest = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, highest), hard))
