"""Load on the server: clients that each send one sentence after another; peers in the same run.

    python benchmarks/serve_load.py --model en-de --source FILE --clients 64 --seconds 60

    ours                 `seq2seq serve`
    ours, no batching    the same with --batch-tokens 1
    plain route          FastAPI around `transformers`' generate, same weights, one text at a time in a thread
    litserve             LitServe, its own batching, around our translator (only if it is installed); with one
                         process for the model, as it comes, and with two

All of them search with beam 5 and answer the same sentences. Each server is a group of processes of its own,
started and ended in turn; the clients are one process more, and a thrifty one, for they run on the same
cores. Printed for each as soon as it is known: answers a second, the median and the 95th percentile of the
time an answer took, answers for each second of processor time that the server's processes used (which a busy
machine changes little), and what was no 200; for ours also the time to the first text of a stream when nobody
else asks.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp
import httpx
from rounds import conditions

HERE = Path(__file__).parent
STREAMS = 20  # how often the first text of a stream is timed
LONGEST_START = 300  # seconds until a server must answer
LONGEST_ANSWER = 60  # seconds after which a client takes a request for lost
LONGEST_END = 10  # seconds that a server has to end when it is asked to
BEAM = 5


def main() -> None:
    """Start each server, load it, print a line."""
    arguments = read_arguments()
    if arguments.plain:
        serve_plain(arguments.model, arguments.port)
        return
    sentences = arguments.source.read_text(encoding="utf-8").splitlines()
    print(f"{conditions()}; {arguments.clients} clients, {arguments.seconds} s each", flush=True)
    speeds: dict[str, float] = {}
    thrift: dict[str, float] = {}
    for name, command, path in contestants(arguments.model):
        if arguments.only and name not in arguments.only:
            continue
        with serving(command) as (address, process):
            if not address:
                print(f"{name:20} did not start and is left out", flush=True)
                continue
            if name == "ours":
                print(f"{name:20} first text of a stream, idle: {first_text(address, sentences)}", flush=True)
            used = cpu_seconds(process)
            found = asyncio.run(load(address + path, sentences, arguments.clients, arguments.seconds))
            found.cpu_seconds = cpu_seconds(process) - used
        speeds[name] = found.speed
        thrift[name] = len(found.seconds) / found.cpu_seconds
        print(found.line(name), flush=True)
        if name != "ours" and found.seconds and "ours" in speeds:
            ratios = speeds["ours"] / speeds[name], thrift["ours"] / thrift[name]
            line = "ours / {}: {:.2f} in answers/s, {:.2f} in answers/CPU s".format(name, *ratios)
            print(line, flush=True)


def read_arguments() -> argparse.Namespace:
    """Parse the command line; --plain and --port are for a process that this one starts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    parser.add_argument("--source", type=Path, help="one sentence a line")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--only", action="append", help="one contestant's name; again for more (default: all)"
    )
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not (arguments.plain or arguments.source):
        parser.error("give --source, a file with one sentence a line")
    return arguments


def contestants(model: str) -> Iterator[tuple[str, list[str], str]]:
    """Yield name, command (its port comes last) and path of each server."""
    ours = [sys.executable, "-m", "seq2seq", "serve", "--model", model]
    yield "ours", [*ours, "--port"], "/translate"
    yield "ours, no batching", [*ours, "--batch-tokens", "1", "--patience", "0", "--port"], "/translate"
    plain = [sys.executable, str(HERE / "serve_load.py"), "--model", model, "--plain", "--port"]
    yield "plain route", plain, "/translate"
    try:
        import litserve  # noqa: F401 - only whether it is there
    except ImportError:
        print("litserve is not installed and is left out", flush=True)
    else:
        peer = [sys.executable, str(HERE / "litserve_peer.py"), "--model", model]
        yield "litserve", [*peer, "--port"], "/predict"
        yield "litserve, 2 workers", [*peer, "--workers", "2", "--port"], "/predict"


@contextlib.contextmanager
def serving(command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield address (empty where it does not start) and process of a server; end all of it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        yield address if answers(address, process) else "", process.pid
    finally:
        end(process)


def answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers; return False where it ends before, or never does."""
    for _ in range(LONGEST_START * 2):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/health", timeout=5).status_code == 200:
                return True
        if process.poll() is not None:
            return False
        time.sleep(0.5)
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server and all processes it started; kill those that ignore the signal."""
    for sign, seconds in ((signal.SIGTERM, LONGEST_END), (signal.SIGKILL, LONGEST_END)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def family(process: int) -> list[int]:
    """Return a process and all that it started, in any of its threads."""
    children = [
        int(child)
        for file in Path(f"/proc/{process}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    return [process, *(each for child in children for each in family(child))]


def cpu_seconds(process: int) -> float:
    """Return the processor time of a process and all that it started."""
    ticks = 0
    for each in family(process):
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Found:
    """Answers that the clients got, and their times."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.errors: dict[str, int] = {}
        self.lasted = 0.0
        self.cpu_seconds = 0.0

    @property
    def speed(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.lasted

    def line(self, name: str) -> str:
        """Return one line: answers per second, times, errors."""
        if len(self.seconds) < 2:
            return f"{name:20} too few answers; errors {self.errors}"
        p95 = statistics.quantiles(self.seconds, n=20)[-1]
        return (
            f"{name:20} {self.speed:7.1f} answers/s   "
            f"{len(self.seconds) / self.cpu_seconds:6.1f} answers/CPU s   "
            f"median {1000 * statistics.median(self.seconds):6.0f} ms   p95 {1000 * p95:6.0f} ms   "
            f"errors {self.errors or 'none'}"
        )


async def load(url: str, sentences: Sequence[str], clients: int, seconds: float) -> Found:
    """Let each client send a sentence, wait for its answer, and send the next, until time is over."""
    found = Found()
    numbers = itertools.count()
    connections = aiohttp.TCPConnector(limit=clients)
    patience = aiohttp.ClientTimeout(LONGEST_ANSWER)
    began = time.perf_counter()

    async def ask(session: aiohttp.ClientSession, sentence: str) -> int:
        """Return the status of an answer, read to its end."""
        async with session.post(url, json={"q": sentence, "source": "en", "target": "de"}) as answer:
            await answer.read()
            return answer.status

    async def client(session: aiohttp.ClientSession) -> None:
        while time.perf_counter() - began < seconds:
            sentence = sentences[next(numbers) % len(sentences)]
            start = time.perf_counter()
            try:
                status = await ask(session, sentence)
                problem = "" if status == 200 else str(status)
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = type(error).__name__
            if problem:
                found.errors[problem] = found.errors.get(problem, 0) + 1
            else:
                found.seconds.append(time.perf_counter() - start)

    async with aiohttp.ClientSession(connector=connections, timeout=patience) as session:
        await ask(session, sentences[0])  # warm
        began = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(clients)))
    found.lasted = time.perf_counter() - began
    return found


def first_text(address: str, sentences: Sequence[str]) -> str:
    """Return median and 95th percentile of the time from a stream's request to its first text."""
    taken = []
    with httpx.Client(timeout=300) as session:
        for sentence in sentences[: STREAMS + 1]:
            body = {"q": sentence, "source": "en", "target": "de"}
            start = time.perf_counter()
            with session.stream("POST", f"{address}/v1/stream", json=body) as answer:
                texts = (text for line in answer.iter_lines() if (text := text_of(line)))
                next(texts)
                taken.append(time.perf_counter() - start)
                for _ in texts:  # to its end, so that the next one finds the server idle
                    pass
    taken = taken[1:]  # the first one warms up
    p95 = statistics.quantiles(taken, n=20)[-1]
    return f"median {1000 * statistics.median(taken):.0f} ms, p95 {1000 * p95:.0f} ms of {len(taken)}"


def text_of(line: str) -> str:
    """Return the text in a line of an event stream; empty for all other lines, and for blank text."""
    if not line.startswith("data: "):
        return ""
    return str(json.loads(line.removeprefix("data: ")).get("text", "")).strip()


def serve_plain(model: str, port: int) -> None:
    """Serve as ten lines of FastAPI would: a route, `generate` in the thread pool, one text at a time."""
    import torch
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from twins import make_twin

    from seq2seq import Translator
    from seq2seq.config import PAD
    from seq2seq.model.batch import make_batch

    translator = Translator.from_pretrained(model, device="cpu")
    twin = make_twin(translator.model)
    app = FastAPI()

    class Question(BaseModel):
        q: str
        source: str
        target: str

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/translate")
    def translate(asked: Question) -> dict[str, str]:
        source = make_batch([translator.tokenizer.encode(asked.q)]).source
        with torch.inference_mode():
            found = twin.generate(
                input_ids=source,
                attention_mask=(source != PAD).long(),
                num_beams=BEAM,
                max_new_tokens=2 * source.shape[1] + 20,
            )
        tokens = [token for token in found[0].tolist() if token > 3]
        return {"translatedText": translator.tokenizer.decode(tokens)}

    uvicorn.run(app, port=port, log_level="critical")


if __name__ == "__main__":
    main()
