"""Cost of distance for attention, a GRU and convolutions of equal size: copying and recall from far.

    python experiments/far_copy.py --runs DIR > docs/figures/distance.json

The tasks are in `far_tasks.py`. Each model is trained once per task and seed, all on the same batches: near
distances first, because the rivals learn nothing when they start with all, then farther ones as well. Its
accuracy at each distance, and the processor time of a training step relative to ours in interleaved rounds,
on one thread, go to standard output as JSON. DIR keeps each finished training and timing, so that a second
run does only what is missing.
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from attention_cost import processor_seconds
from far_tasks import COPY, SYMBOLS, TASKS, Task
from rivals import ConvolutionalModel, RecurrentModel
from torch import Tensor, nn
from torch.nn import functional

from seq2seq.config import BOS, ModelConfig
from seq2seq.model.transformer import Transformer

DISTANCES = (16, 32, 64, 128, 256, 512, 1024)
TOKENS = 2048  # of source a batch, but no more than MOST_ROWS rows
MOST_ROWS = 32
RATES = {"attention": 2e-3, "GRU": 5e-3, "convolution": 3e-3}
TIMED = 0.05  # seconds a timing takes at least: the clock of a processor ticks every few ms
NEAR, ALL = 0.3, 0.7  # shares of the updates: until then only the nearest; from then on all distances


class AttentionModel(nn.Module):
    """Our Transformer as a function of source and target only."""

    def __init__(self, vocabulary_size: int, width: int):
        super().__init__()
        self.transformer = Transformer(
            ModelConfig(
                vocabulary_size=vocabulary_size,
                width=width,
                feed_forward=2 * width,
                encoder_layers=2,
                decoder_layers=2,
                norm_order="pre",
                dropout=0.0,
                max_length=2 * max(DISTANCES),
            )
        )

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return logits [B, T, V] for source [B, S] and target [B, T]."""
        return self.transformer(source, target).logits


MAKERS: dict[str, Callable[[int, int], nn.Module]] = {
    "attention": AttentionModel,
    "GRU": RecurrentModel,
    "convolution": ConvolutionalModel,
}


def make(name: str, task: Task) -> nn.Module:
    """Return a new model of the size that the task gives it."""
    return MAKERS[name](task.vocabulary, task.widths[name])


def rows_for(distance: int) -> int:
    """Return the number of sequences in a batch."""
    return max(1, min(MOST_ROWS, TOKENS // distance))


def choose_distance(done: float, distances: Sequence[int], generator: torch.Generator) -> int:
    """Draw one of the distances in use at this share of training, d with weight 1 / sqrt(d)."""
    farther = max(0.0, done - NEAR) / (ALL - NEAR) * (len(distances) - 1)
    allowed = distances[: 1 + min(len(distances) - 1, math.ceil(farther))]
    chances = torch.tensor([d**-0.5 for d in allowed])
    return allowed[int(torch.multinomial(chances, 1, generator=generator))]


def predict(model: nn.Module, source: Tensor, kept: Tensor) -> Tensor:
    """Return logits [B, T, V] of each symbol, after those before it (which say nothing about it)."""
    start = torch.full_like(kept[:, :1], BOS)
    return model(source, torch.cat([start, kept[:, :-1]], dim=1))


def loss_of(model: nn.Module, source: Tensor, kept: Tensor) -> Tensor:
    """Return the mean cross-entropy of the symbols."""
    return functional.cross_entropy(predict(model, source, kept).flatten(0, 1), kept.flatten())


def train(
    name: str, task: Task, seed: int, updates: int, distances: Sequence[int], report: int = 500
) -> nn.Module:
    """Train a model for `updates` updates, each on a batch of one of the distances."""
    torch.manual_seed(seed)
    model = make(name, task)
    generator = torch.Generator().manual_seed(1000 + seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATES[name])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 100) * max(0.05, 1 - step / updates)
    )
    recent: list[float] = []
    for number in range(updates):
        distance = choose_distance(number / updates, distances, generator)
        loss = loss_of(model, *task.draw(rows_for(distance), distance, generator))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        recent.append(loss.item())
        if (number + 1) % report == 0:
            mean = statistics.mean(recent[-report:])
            say(f"{task.name}, {name}, seed {seed}: update {number + 1}, loss {mean:.3f}")
    return model.eval()


@torch.inference_mode()
def accuracy(model: nn.Module, task: Task, distance: int, sequences: int = 256) -> float:
    """Return the share of symbols predicted right, over unseen sequences."""
    generator = torch.Generator().manual_seed(7)
    rows = rows_for(distance)
    right = []
    for _ in range(max(1, sequences // rows)):
        source, kept = task.draw(rows, distance, generator)
        right.append(predict(model, source, kept).argmax(dim=-1) == kept)
    return torch.cat(right).double().mean().item()


def train_all(
    folder: Path, task: Task, seeds: Sequence[int], updates: int, distances: Sequence[int]
) -> dict[str, dict[str, list[float]]]:
    """Return the accuracy of each model at each distance per seed; results in the folder are reused."""
    found: dict[str, dict[str, list[float]]] = {name: {str(d): [] for d in distances} for name in MAKERS}
    for seed in seeds:
        for name in MAKERS:
            kept = folder / f"{task.name}-{name}-{seed}-{updates}.json"
            if not kept.exists():
                model = train(name, task, seed, updates, distances)
                kept.write_text(json.dumps({str(d): accuracy(model, task, d) for d in distances}))
            for distance, share in json.loads(kept.read_text()).items():
                found[name][distance].append(share)
            say(f"{task.name}, {name}, seed {seed}: {kept.read_text()}")
    return found


def time_all(folder: Path, distances: Sequence[int], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return, per rival and distance, quartiles of its training step's time relative to ours."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in MAKERS if name != "attention"}
    for name, ratios in found.items():
        for distance in distances:
            kept = folder / f"time-{name}-{distance}-{rounds}.json"
            if not kept.exists():
                kept.write_text(json.dumps(time_steps(name, distance, rounds)))
            ratios[str(distance)] = json.loads(kept.read_text())
    return found


def time_steps(name: str, distance: int, rounds: int, rows: int = 4) -> list[float]:
    """Return quartiles of a rival's processor time of a training step over ours, measured in turns."""
    batch = COPY.draw(rows, distance, torch.Generator().manual_seed(1))

    def step_of(model: nn.Module) -> Callable[[], object]:
        return lambda: loss_of(model, *batch).backward()

    ours, rival = (step_of(make(which, COPY)) for which in ("attention", name))
    ours(), rival()  # the first call is slower
    ratios = [processor_seconds(rival, TIMED) / processor_seconds(ours, TIMED) for _ in range(rounds)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    say(f"{name} at {distance}: {middle:.2f} times ours ({low:.2f} to {high:.2f}, {rounds} rounds)")
    return [low, middle, high]


def parameters(model: nn.Module) -> int:
    """Return the number of parameters of a model."""
    return sum(weight.numel() for weight in model.parameters())


def measure(
    folder: Path, seeds: Sequence[int], updates: int | None, distances: Sequence[int], rounds: int
) -> dict[str, Any]:
    """Return all that the figure shows, as plain values; `updates` replaces each task's own number."""
    lengths = {task.name: updates or task.updates for task in TASKS}
    return {
        "updates": lengths,
        "seeds": list(seeds),
        "chance": 1 / SYMBOLS,
        "parameters": {task.name: {name: parameters(make(name, task)) for name in MAKERS} for task in TASKS},
        "receptive_field": ConvolutionalModel(COPY.vocabulary, 1).receptive_field,
        "accuracy": {
            task.name: train_all(folder, task, seeds, lengths[task.name], distances) for task in TASKS
        },
        "step_ratio": time_all(folder, distances, rounds),
    }


def say(line: str) -> None:
    """Print progress to standard error, beside the JSON."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Train, time, and print the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="a folder that keeps what is finished")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--updates", type=int, help="in place of each task's own number")
    parser.add_argument("--rounds", type=int, default=5, help="timed pairs a distance")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.runs.mkdir(parents=True, exist_ok=True)
    seeds = range(1, arguments.seeds + 1)
    found = measure(arguments.runs, seeds, arguments.updates, DISTANCES, arguments.rounds)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
