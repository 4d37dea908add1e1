"""`seq2seq serve` as a command: where it listens, why it does not start, and how it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def start(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "seq2seq", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that has said where it is: its process and its address."""
    process = start(*arguments)
    try:
        assert process.stdout
        said = process.stdout.readline()
        assert said.startswith("Serving en to de at http://127.0.0.1:"), said + process.stderr.read()  # type: ignore[union-attr]
        yield process, said.split(" at ")[1].split(" ")[0]
    finally:
        process.kill()
        process.communicate()


def refused(*arguments: str) -> str:
    """Why a server does not start."""
    from serve.command import StartError, main

    with pytest.raises(StartError) as error:
        main(list(arguments))
    return str(error.value)


def listened_on(port: int) -> set[str]:
    """The addresses (as Linux writes them) on which somebody listens at a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop(model_directory: Path, sent: signal.Signals) -> None:
    """The server would be open to the network, not answer where it says, or not end in silence."""
    with serving("--model", str(model_directory), "--port", "0") as (process, address):
        with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
            assert answer.status == 200
        if Path("/proc/net/tcp").exists():
            assert listened_on(int(address.rsplit(":", 1)[1])) == {"0100007F"}  # 127.0.0.1
        process.send_signal(sent)
        out, error = process.communicate(timeout=60)
        assert (process.returncode, out, error) == (0, "", "")


def test_refusal_is_one_sentence_and_exit_code_1() -> None:
    """A script could not tell that the server did not start, or a user would see a traceback."""
    process = start("--model", "en-xx", "--port", "0")
    out, error = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert error.count("\n") == 1
    assert "there is no model 'en-xx'" in error


def test_taken_port_is_said(model_directory: Path) -> None:
    """A second server would end with a traceback, or after a long load."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("--model", str(model_directory), "--port", str(port))
    assert f"port {port} of 127.0.0.1 cannot be used" in said
    assert "choose another with --port" in said


def test_unknown_host_is_said(model_directory: Path) -> None:
    """A mistyped address would end with a traceback."""
    said = refused("--model", str(model_directory), "--host", "300.0.0.1", "--port", "0")
    assert "300.0.0.1 is no address of this machine" in said


def test_damaged_model_is_said(model_directory: Path, tmp_path: Path) -> None:
    """A truncated file would be served, or end with a traceback."""
    damaged = tmp_path / "damaged"
    shutil.copytree(model_directory, damaged)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "model.safetensors" in refused("--model", str(damaged), "--port", "0")


def test_two_models_of_one_pair_are_said(model_directory: Path, tmp_path: Path) -> None:
    """One of two models given would be ignored without a word."""
    other = tmp_path / "other"
    shutil.copytree(model_directory, other)
    said = refused("--model", str(model_directory), "--model", str(other), "--port", "0")
    assert "both translate en to de" in said


@pytest.mark.parametrize("port", ["-1", "65536", "http", "7.5", ""])
def test_port_that_is_none_is_refused(port: str) -> None:
    """A mistyped port would be another one, or a traceback."""
    from serve.command import main

    with pytest.raises(ValueError, match="give a number from 0 to 65535"):
        main(["--port", port])


@pytest.mark.parametrize("arguments", [["--modle", "x"], ["--mod", "x"], ["en-de"]])
def test_unknown_arguments_are_refused(arguments: list[str]) -> None:
    """A misspelt flag would be silence."""
    from serve.command import main

    with pytest.raises(ValueError, match="seq2seq serve --help"):
        main(arguments)
