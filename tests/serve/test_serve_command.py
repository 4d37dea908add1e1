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
from dataclasses import fields
from pathlib import Path

import pytest
from server_process import children, serving
from tables import check_rows

TEXT = "two dogs plays in the snow."


def refused(*arguments: str) -> str:
    """The error with which a server does not start."""
    from serve.command import StartError, main

    with pytest.raises(StartError) as error:
        main(list(arguments))
    return str(error.value)


def listened_on(port: int) -> set[str]:
    """The addresses (as Linux writes them) on which somebody listens at a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}


def test_hosts_and_proxies_are_checked() -> None:
    """A host with a scheme or a port and a proxy that is no address are refused before a model is loaded."""

    def check(flag: str, value: str, sentence: str) -> None:
        from serve.command import main

        with pytest.raises(ValueError, match=sentence):
            main([flag, value])

    hosts, proxies = "without a scheme and a port", "give an IP address or a network"
    rows = [
        ("--allowed-hosts", "http://a.example", hosts),
        ("--allowed-hosts", "a.example,b.example:80", hosts),
        ("--allowed-hosts", "", hosts),
        ("--trusted-proxies", "nginx", proxies),
        ("--trusted-proxies", "10.0.0.1,10.0.0.1/8", proxies),
    ]
    check_rows(check, rows)


def test_hosts_and_proxies_are_lists() -> None:
    """Both options take names with commas between them, and may be repeated."""
    from serve.command import _parser

    arguments = _parser().parse_args(
        ["--allowed-hosts", "a.example, [::2]", "--allowed-hosts", "B", "--trusted-proxies", "10.0.0.0/8,::1"]
    )
    assert arguments.allowed_hosts == ["a.example", "::2", "B"]
    assert arguments.trusted_proxies == ["10.0.0.0/8", "::1"]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_serves_on_loopback_until_a_signal(
    model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals
) -> None:
    """The server listens on loopback only; a signal ends it, its two processes and its folder in silence.

    The signal goes to the processes as well, as Ctrl-C in a terminal does.
    """
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with serving("--model", str(model_directory), "--port", "0", cores=2) as (process, address):
        with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
            assert answer.status == 200
        assert status_of(f"{address}/translate", {"q": TEXT, "source": "en", "target": "de"}) == 200
        workers = []
        if Path("/proc").exists():
            assert listened_on(int(address.rsplit(":", 1)[1])) == {"0100007F"}  # 127.0.0.1
            forks = [child for child in children(process.pid) if "forkserver" in command_of(child)]
            workers = [worker for fork in forks for worker in children(fork)]
            assert len(workers) == 2
        for receiver in (process.pid, *workers):
            os.kill(receiver, sent)
        out, error = process.communicate(timeout=60)
        assert (process.returncode, out, error) == (0, "", "")
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
        assert list(tmp_path.glob("seq2seq-page-*")) == []


def test_refusal_is_one_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that does not start ends with exit code 1 and one line on standard error."""
    from seq2seq.cli import main

    assert main(["serve", "--model", "en-xx", "--port", "0"]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert "there is no model 'en-xx'" in error


def test_taken_port_is_told(model_directory: Path) -> None:
    """A port that is in use is named, with the remedy, before any model is loaded."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refused("--model", str(model_directory), "--port", str(port))
    assert f"port {port} of 127.0.0.1 cannot be used" in sentence
    assert "choose another with --port" in sentence


def test_unknown_host_is_told(model_directory: Path) -> None:
    """A mistyped address is named."""
    sentence = refused("--model", str(model_directory), "--host", "300.0.0.1", "--port", "0")
    assert "300.0.0.1 is no address of this machine" in sentence


def test_damaged_model_is_told(model_directory: Path, tmp_path: Path) -> None:
    """A truncated file of a model is named, and not served."""
    damaged = tmp_path / "damaged"
    shutil.copytree(model_directory, damaged)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "model.safetensors" in refused("--model", str(damaged), "--port", "0")


def test_two_models_of_one_pair_are_refused(model_directory: Path, tmp_path: Path) -> None:
    """Two models of the same pair of languages are refused: one would never be used."""
    other = tmp_path / "other"
    shutil.copytree(model_directory, other)
    sentence = refused("--model", str(model_directory), "--model", str(other), "--port", "0")
    assert "both translate en to de" in sentence


def test_wrong_arguments_are_refused() -> None:
    """Unknown flags and values out of range are refused in a sentence that says what to give."""
    from serve.command import main

    def check(arguments: list[str], sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            main(arguments)

    rows = [
        (["--port", port], "give a number from 0 to 65535") for port in ("-1", "65536", "http", "7.5", "")
    ]
    rows += [
        (["--modle", "x"], "seq2seq serve --help"),
        (["--mod", "x"], "seq2seq serve --help"),
        (["en-de"], "seq2seq serve --help"),
        (["--max-texts", "0"], "'0' is not allowed; give a whole number from 1"),
        (["--rate", "-1"], "give a whole number from 1"),
        (["--patience", "x"], "give milliseconds from 0 to 1000"),
        (["--patience", "nan"], "give milliseconds from 0 to 1000"),
    ]
    check_rows(check, rows)


def test_stop_finishes_what_runs_and_refuses_what_waits(model_directory: Path) -> None:
    """After a signal running requests are answered and waiting ones refused with 503; nobody is cut off."""
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
            answers = [clients.submit(ask, number) for number in range(8)]
            while "seq2seq_queue_depth 0.0" in read(f"{address}/metrics"):
                pass
            process.send_signal(signal.SIGTERM)
            statuses = {answer.result() for answer in answers}
        out, error = process.communicate(timeout=60)
    assert statuses <= {200, 503}
    assert (process.returncode, out, error) == (0, "", "")


def test_options_reach_the_server(model_directory: Path, tmp_path: Path) -> None:
    """Limits, keys, rate and access log of the command line hold; Ctrl-C ends the server with exit code 0."""
    keys = tmp_path / "keys"
    keys.write_text("right\n")
    options = ["--lazy", "--api-keys", str(keys), "--rate", "2", "--access-log", "--max-characters", "10"]
    with serving("--model", str(model_directory), "--port", "0", *options) as (process, address):
        models = json.loads(read(f"{address}/v1/models?api_key=right"))["data"]
        assert [(model["id"], model["loaded"]) for model in models] == [(str(model_directory), False)]
        statuses = []
        for key, text in (("wrong", "a"), ("right", "a man"), ("right", "a" * 11), ("right", "a")):
            form = {"q": text, "source": "en", "target": "de", "api_key": key}
            statuses.append(status_of(f"{address}/translate", form))
        assert statuses == [403, 200, 400, 429]
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "")
    lines = [json.loads(line) for line in error.splitlines()]
    assert [line["status"] for line in lines] == [200, 403, 200, 400, 429]


def test_keys_that_are_missing_are_told(model_directory: Path) -> None:
    """A file of keys that cannot be read is named, before models are looked for, which takes longer."""
    for model in (str(model_directory), "no-model"):
        sentence = refused("--model", model, "--port", "0", "--api-keys", "nowhere")
        assert "the keys in 'nowhere' cannot be read" in sentence


def test_the_default_model_comes_first() -> None:
    """The first pair of the page is that of the model that `seq2seq translate` takes by default."""
    from seq2seq.storage.registry import default_model, directions_of
    from serve.command import _load

    assert _load(None, lazy=True, pivot=False).pairs[0] in directions_of(default_model(None, None))


def test_every_limit_is_a_flag() -> None:
    """Each limit can be changed on the command line, and its flag is in the help."""
    from serve.command import _parser
    from serve.limits import Limits

    help = _parser().format_help()
    for limit in fields(Limits):
        assert f"--max-{limit.name.replace('_', '-')} " in help


def read(url: str) -> str:
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def status_of(url: str, form: dict[str, str]) -> int:
    """The status of the answer to a form."""
    try:
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def command_of(process: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
