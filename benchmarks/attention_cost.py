"""Cost of each attention against length: processor time and memory of a forward and a backward pass.

    python benchmarks/attention_cost.py --runs DIR > docs/figures/cost.json

One self-attention layer of width 64 with 4 heads reads one sequence, on one thread. Every measurement is a
process of its own, limited to 60 s of processor time and 8 GiB more than at its start. A variant continues to
the next length while it stays within the limits, and while growth as before would keep it there. Time is
processor time, which a busy machine hardly changes; variants take turns, and the median of the rounds counts.
Memory is the peak of resident memory minus that before the pass. DIR keeps each measurement, so that a second
run does only what is missing. Linux only: it reads /proc.
"""

import argparse
import gc
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seq2seq.attention import AttentionConfig, SelfAttention, window_mask

LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192)
WIDTH, WINDOW = 64, 64
SECONDS, BYTES = 60, 8 * 2**30
LONG = 3.0  # seconds; a pass that takes longer is timed once
SHORT = 0.25  # seconds; what takes less is repeated until it took that, as the clock ticks every few ms

CONFIGS = {
    "MHA": AttentionConfig(),
    "GQA": AttentionConfig(kv_heads=2),
    "MLA": AttentionConfig(latent=16),
    "additive": AttentionConfig(score="additive"),
    "target-aware": AttentionConfig(score="target_aware"),
    "window, masked": AttentionConfig(),
    "window, blocked": AttentionConfig(window=WINDOW),
    "strided, global": AttentionConfig(window=WINDOW, stride=WINDOW, global_tokens=4),
    "linear": AttentionConfig(linear=True),
}


class Cost(NamedTuple):
    """Cost of one pass forward and backward: processor seconds, and bytes at the peak."""

    seconds: float
    bytes: int


def make_pass(name: str, length: int) -> Callable[[], None]:
    """Return a function that runs a variant over a random sequence, forward and backward."""
    torch.manual_seed(1)
    layer = SelfAttention(WIDTH, CONFIGS[name])
    x = torch.randn(1, length, WIDTH, requires_grad=True)

    def run() -> None:
        layer(x, mask_of(name, length)).context.sum().backward()

    return run


def mask_of(name: str, length: int) -> Tensor | None:
    """Return the mask over all pairs for the window that is not computed in blocks, else None."""
    if name != "window, masked":
        return None
    places = torch.arange(length)
    return window_mask(places, places, WINDOW)


def measure_here(name: str, length: int) -> Cost:
    """Measure memory of one pass and, if it was quick, the time of more passes, in this process."""
    make_pass(name, 32)()  # what the first call loads is no cost of length
    run = make_pass(name, length)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts anew
    before = memory("VmRSS")
    first = processor_seconds(run, 0.0)
    peak = memory("VmHWM") - before
    return Cost(first if first > LONG else processor_seconds(run, SHORT), peak)


def processor_seconds(run: Callable[[], None], least: float) -> float:
    """Return processor seconds per call, the mean of as many calls as take `least` seconds together."""
    start, calls = time.process_time(), 0
    while not calls or time.process_time() - start < least:
        run()
        calls += 1
    return (time.process_time() - start) / calls


def memory(entry: str) -> int:
    """Return the bytes of an entry of /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(entry + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {entry}")


def _child(answer: Connection, name: str, length: int) -> None:
    """Measure within the limits and send the cost; beyond them the process ends and sends nothing."""
    room = memory("VmData") + BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (room, room))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 1, SECONDS + 2))
    try:
        cost = measure_here(name, length)
    except (MemoryError, RuntimeError):  # torch says "can't allocate memory" by the latter
        return
    answer.send(cost)


def measure(name: str, length: int) -> Cost | None:
    """Return the cost, measured in a fresh process, or None where it is beyond the limits."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, name, length))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return None
    finally:
        process.join()


def measure_all(folder: Path, lengths: Sequence[int], rounds: int) -> dict[str, dict[str, Cost]]:
    """Return the cost of every variant at every length that fits: median seconds, most bytes."""
    found: dict[str, dict[str, Cost]] = {name: {} for name in CONFIGS}
    for length in lengths:
        costs: dict[str, list[Cost]] = {name: [] for name in CONFIGS if will_fit(found[name], length)}
        for number in range(rounds):
            for name, several in costs.items():
                if not number or (several and several[0].seconds <= LONG):
                    cost = measure_once(folder, name, length, number)
                    several += [] if cost is None else [cost]
        for name, several in costs.items():
            if several:
                seconds = statistics.median(cost.seconds for cost in several)
                found[name][str(length)] = cost = Cost(seconds, max(cost.bytes for cost in several))
                say(f"{name} at {length}: {seconds:.5f} s, {cost.bytes / 2**20:.1f} MiB")
    return found


def measure_once(folder: Path, name: str, length: int, number: int) -> Cost | None:
    """Return the cost of one round, measured or read from the folder of an earlier run."""
    kept = folder / f"{name.replace(', ', '-')}-{length}-{number}.json"
    if not kept.exists():
        kept.write_text(json.dumps(measure(name, length)))
    cost = json.loads(kept.read_text())
    return None if cost is None else Cost(*cost)


def will_fit(found: dict[str, Cost], length: int) -> bool:
    """Return whether a variant may be tried at twice its last length, given its costs so far."""
    costs = [found[known] for known in sorted(found, key=int)]
    if costs and str(length // 2) not in found:
        return False
    if len(costs) < 2:
        return True
    before, last = costs[-2].seconds, costs[-1].seconds
    return last * last / before <= SECONDS


def report(folder: Path, lengths: Sequence[int], rounds: int) -> dict[str, Any]:
    """Return all that the figure shows, as plain values; per variant and length [seconds, bytes]."""
    return {
        "width": WIDTH,
        "window": WINDOW,
        "torch": torch.__version__,
        "cost": measure_all(folder, lengths, rounds),
    }


def say(line: str) -> None:
    """Print progress to standard error, beside the JSON."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print the costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="a folder that keeps what was measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longest", type=int, default=max(LENGTHS))
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    lengths = [length for length in LENGTHS if length <= arguments.longest]
    print(json.dumps(report(arguments.runs, lengths, arguments.rounds), indent=1))


if __name__ == "__main__":
    main()
