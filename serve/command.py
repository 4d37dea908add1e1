"""`seq2seq serve`: loads the models, opens the port, and serves until it is told to stop.

    port free? ─> models whole? ─> address printed ─> serving ─> Ctrl-C or SIGTERM: what runs is finished

Listens on loopback unless told otherwise. Nothing is fetched at the start, but a model given by hub id.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import uvicorn

from seq2seq.released import default_model

from .catalog import Catalog

GRACE_SECONDS = 5  # what still runs then is ended


class StartError(Exception):
    """The server cannot start; the sentence says why and what to do."""


def main(argv: Sequence[str]) -> int:
    """Serves until Ctrl-C or SIGTERM, then gives back 0.

    Raises:
        StartError: the port cannot be used, or a model is missing or damaged.
        ValueError: the command line is wrong.
    """
    arguments = _parser().parse_args(argv)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with contextlib.suppress(KeyboardInterrupt), _listen(arguments.host, arguments.port) as listener:
            _serve(arguments.model, arguments.host, listener)
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
    parser = _Parser("seq2seq serve", description="Serve models: REST and a demo.", allow_abbrev=False)
    parser.add_argument(
        "--model", action="append", help="released name, directory or hub id; give it again for more models"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=7860, help="0 takes any free one (default: %(default)s)"
    )
    return parser


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


def _serve(models: list[str] | None, host: str, listener: socket.socket) -> None:
    """Loads the models and serves them on a socket until a signal comes."""
    try:
        catalog = _load(models or [default_model(None, None)])
    except ValueError as error:
        raise StartError(str(error)) from None
    from .app import make_app

    logging.basicConfig(format="%(levelname)s: %(message)s")
    stopping = asyncio.Event()
    config = uvicorn.Config(
        make_app(catalog, host=host, stopping=stopping),
        log_level="critical",  # the guard logs what fails
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    port = listener.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    pairs = ", ".join(f"{source} to {target}" for source, target in catalog.pairs)
    print(
        f"Serving {pairs} at http://{name}:{port} (REST: http://{name}:{port}/docs); Ctrl-C ends it.",
        flush=True,
    )
    _Server(config, stopping).run(sockets=[listener])


def _load(names: Sequence[str]) -> Catalog:
    from seq2seq import Translator

    return Catalog({name: Translator.from_pretrained(name) for name in names})
