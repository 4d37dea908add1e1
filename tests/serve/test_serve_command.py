"""`seq2seq serve` as a command: where it listens, why it does not start, and how it ends."""

import json
import os
import shutil
import signal
import socket
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from server_process import children, serving, start

TEXT = "two dogs plays in the snow."


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


def test_stop_finishes_what_runs_and_turns_away_what_waits(model_directory: Path) -> None:
    """Clients of a server that is told to stop would get no answer, or a broken one."""
    body = json.dumps({"q": [TEXT] * 32, "source": "en", "target": "de"}).encode()
    with serving("--model", str(model_directory), "--port", "0", "--batch-tokens", "1") as (process, address):

        def ask(_: int) -> int:
            request = urllib.request.Request(
                f"{address}/translate", body, {"content-type": "application/json"}
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                assert list(json.load(error)) == ["error"]
                return error.code

        with ThreadPoolExecutor(8) as clients:
            asked = [clients.submit(ask, number) for number in range(8)]
            while "seq2seq_queue_depth 0.0" in read(f"{address}/metrics"):
                pass
            process.send_signal(signal.SIGTERM)
            statuses = {each.result() for each in asked}
        process.communicate(timeout=60)
    assert statuses <= {200, 503}
    assert process.returncode == 0


def read(url: str) -> str:
    """What an address answers."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def test_options_reach_the_server(model_directory: Path, tmp_path: Path) -> None:
    """A limit, a key, a rate or a log would be accepted on the command line and not be there."""
    keys = tmp_path / "keys"
    keys.write_text("right\n")
    options = ["--lazy", "--api-keys", str(keys), "--rate", "2", "--access-log", "--max-characters", "10"]
    with serving("--model", str(model_directory), "--port", "0", *options) as (process, address):
        loaded = json.loads(read(f"{address}/v1/models"))["data"]
        assert [(model["id"], model["loaded"]) for model in loaded] == [(str(model_directory), False)]
        statuses = []
        for key, text in (("wrong", "a"), ("right", "a man"), ("right", "a" * 11), ("right", "a")):
            fields = {"q": text, "source": "en", "target": "de", "api_key": key}
            statuses.append(status_of(f"{address}/translate", fields))
        assert statuses == [403, 200, 400, 429]
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
    lines = [json.loads(line) for line in error.splitlines()]
    assert [line["status"] for line in lines] == [200, 403, 200, 400, 429]


def status_of(url: str, fields: dict[str, str]) -> int:
    """The status of the answer to a form."""
    try:
        with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--max-texts", "0"], "'0' is not allowed; give a whole number from 1"),
        (["--rate", "-1"], "give a whole number from 1"),
        (["--patience", "x"], "give milliseconds from 0 to 1000"),
        (["--patience", "nan"], "give milliseconds from 0 to 1000"),
    ],
)
def test_options_out_of_range_are_refused(arguments: list[str], sentence: str) -> None:
    """A limit of nothing would refuse everybody, or be a traceback."""
    from serve.command import main

    with pytest.raises(ValueError, match=sentence):
        main(arguments)


def test_keys_that_are_missing_are_said(model_directory: Path) -> None:
    """A server that was to be closed would start open, or end with a traceback."""
    for model in (str(model_directory), "no-model"):  # keys are read before models, which take longer
        said = refused("--model", model, "--port", "0", "--api-keys", "nowhere")
        assert "the keys in 'nowhere' cannot be read" in said


def test_the_default_model_comes_first() -> None:
    """The page would open with the pair that is first in the alphabet, not the one that the command takes."""
    from seq2seq.storage.registry import default_model, directions_of
    from serve.command import _load

    assert _load(None, lazy=True, pivot=False).pairs[0] in directions_of(default_model(None, None))


def test_every_limit_is_a_flag() -> None:
    """A limit could not be changed without changing the code."""
    from dataclasses import fields

    from serve.command import _parser
    from serve.limits import Limits

    shown = _parser().format_help()
    for each in fields(Limits):
        assert f"--max-{each.name.replace('_', '-')} " in shown


@pytest.mark.skipif(not Path("/proc").exists(), reason="children are read from /proc")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_several_cores_search_in_processes_that_end_with_the_server(
    model_directory: Path, sent: signal.Signals
) -> None:
    """Batches would take turns in one interpreter; or Ctrl-C, which reaches all, would be tracebacks."""
    with serving("--model", str(model_directory), "--port", "0", cores=2) as (process, address):
        assert status_of(f"{address}/translate", {"q": TEXT, "source": "en", "target": "de"}) == 200
        searchers = [child for child in children(process.pid) if "spawn_main" in command_of(child)]
        assert len(searchers) == 2
        for each in (process.pid, *searchers):
            os.kill(each, sent)
        out, error = process.communicate(timeout=60)
        assert (process.returncode, out, error) == (0, "", "")
        assert not any(Path(f"/proc/{each}").exists() for each in searchers)


def command_of(process: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
