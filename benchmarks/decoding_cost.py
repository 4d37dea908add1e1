"""Cost of the next token against length: time of a step and cached bytes, for each kind of attention.

    python benchmarks/decoding_cost.py > docs/figures/decoding.json
    python docs/figures/draw_decoding.py docs/figures/decoding.json > docs/figures/decoding.svg

A decoder of two layers has read as many tokens of target as of source and reads eight more, one by one.
Each round every kind at every length takes its turn, in a new order; medians and quartiles are over the
rounds. Time is the processor's, on one thread, so that a busy machine adds little to it. How much slower the
longest is than the shortest is a ratio within each round.
"""

import argparse
import copy
import json
import random
import statistics
import sys
import time
from typing import Any

import torch
from rounds import Spread

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.transformer import DecoderState, Transformer

LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192)
STEPS, WINDOW, PART = 8, 64, 256

# Of the decoder's own past and of the source.
KINDS = {
    "MHA": (AttentionConfig(), AttentionConfig()),
    "MQA": (AttentionConfig(kv_heads=1), AttentionConfig(kv_heads=1)),
    "MLA": (AttentionConfig(latent=32), AttentionConfig(latent=32)),
    "window, source linear": (AttentionConfig(window=WINDOW), AttentionConfig(linear=True)),
    "linear": (AttentionConfig(linear=True), AttentionConfig(linear=True)),
}


def make_model(kind: str) -> Transformer:
    """Return a decoder of width 128 with one kind of attention; its encoder is not used."""
    own, cross = KINDS[kind]
    torch.manual_seed(1)
    shape = ModelConfig(
        vocabulary_size=64,
        encoder_layers=1,
        decoder_layers=2,
        decoder_attention=own,
        cross_attention=cross,
        max_length=LENGTHS[-1] + STEPS,
    )
    return Transformer(shape).eval()


def read(model: Transformer, length: int) -> DecoderState:
    """Return a state that has read `length` tokens, beside a source as long."""
    state = model.start(torch.randn(1, length, model.config.width), None, length + STEPS)
    for part in torch.randint(4, 64, (1, length)).split(PART, dim=1):
        model.step(part, state)
    return state


def time_step(model: Transformer, state: DecoderState) -> float:
    """Return processor milliseconds of a step, the mean of STEPS; the state stays unchanged."""
    state = copy.deepcopy(state)
    tokens = torch.randint(4, 64, (STEPS, 1, 1))
    start = time.process_time()
    for token in tokens:
        model.step(token, state)
    return 1000 * (time.process_time() - start) / STEPS


def remembered(state: DecoderState) -> int:
    """Return the cached bytes of target and source."""
    return state.nbytes + sum(source.nbytes for source in state.remembered)


@torch.inference_mode()
def measure(lengths: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """Return, per kind, quartiles of a step, bytes at each length, and the ratio of longest to shortest."""
    models = {kind: make_model(kind) for kind in KINDS}
    states = {(kind, length): read(models[kind], length) for kind in KINDS for length in lengths}
    turns = [*states, *states]  # twice a round, of which the quicker counts: the first may find its data cold
    times: dict[tuple[str, int], list[float]] = {turn: [] for turn in states}
    for number in range(rounds):
        random.Random(number).shuffle(turns)
        found: dict[tuple[str, int], float] = {}
        for kind, length in turns:
            taken = time_step(models[kind], states[kind, length])
            found[kind, length] = min(taken, found.get((kind, length), taken))
        for turn, taken in found.items():
            times[turn].append(taken)
    return {kind: summary(kind, lengths, states, times) for kind in KINDS}


def summary(
    kind: str,
    lengths: tuple[int, ...],
    states: dict[tuple[str, int], DecoderState],
    times: dict[tuple[str, int], list[float]],
) -> dict[str, Any]:
    """Return the measurements of one kind."""
    short, long = times[kind, lengths[0]], times[kind, lengths[-1]]
    return {
        "milliseconds": {n: quartiles(times[kind, n]) for n in lengths},
        "bytes": {n: remembered(states[kind, n]) for n in lengths},
        "longest over shortest": quartiles([b / a for a, b in zip(short, long, strict=True)]),
    }


def quartiles(values: list[float]) -> Spread:
    """Return lower quartile, median, upper quartile."""
    return Spread(*(round(value, 4) for value in statistics.quantiles(values, n=4)))


def main() -> None:
    """Print everything as JSON, and the ratios on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=41)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(LENGTHS, arguments.rounds)
    for kind, values in found.items():
        ratio = Spread(*values["longest over shortest"])
        print(f"{kind:22} at {LENGTHS[-1]} over at {LENGTHS[0]}: {ratio}", file=sys.stderr)
    print(json.dumps({"torch": torch.__version__, "rounds": arguments.rounds, "kinds": found}, indent=1))


if __name__ == "__main__":
    main()
