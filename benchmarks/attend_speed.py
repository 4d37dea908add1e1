"""Cost of `attend` beside torch's kernel, without and with its map.

    python benchmarks/attend_speed.py

Two ratios a mask, by processor seconds of one thread, the same tensors on both sides: `attend` without a
map over bare `scaled_dot_product_attention`, and `attend` with its map over `attend` without.
"""

import argparse

import torch
from rounds import processor_ratios
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from seq2seq.attention import ScaledDotScore, all_of, attend, causal_mask, padding_mask

HEADS, WIDTH = 4, 32
SCORE = ScaledDotScore()

Inputs = tuple[Tensor, Tensor, Tensor, Tensor | None]


def bare(inputs: Inputs) -> None:
    """Run torch's kernel."""
    scaled_dot_product_attention(*inputs)


def without_map(inputs: Inputs) -> None:
    """Run `attend` for the context only."""
    query, key, value, mask = inputs
    attend(query, key, value, SCORE, mask)


def with_map(inputs: Inputs) -> None:
    """Run `attend` with its weights."""
    query, key, value, mask = inputs
    attend(query, key, value, SCORE, mask, need_weights=True)


def masks(rows: int, length: int) -> dict[str, Tensor | None]:
    """Return masks by name: none, padding of up to half of each row, causal, and both."""
    places = torch.arange(length)
    real = length - torch.arange(rows) * length // (2 * rows)
    padding, causal = padding_mask(places < real[:, None]), causal_mask(places, places)
    return {"none": None, "padding": padding, "causal": causal, "padding, causal": all_of(padding, causal)}


def main() -> None:
    """Print one line per mask."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rows, length = arguments.rows, arguments.length
    print(
        f"torch {torch.__version__}, float32, {rows} rows of {length}, {HEADS} heads of {WIDTH}", flush=True
    )
    with torch.inference_mode():
        # As projections leave them: [B, T, H, D] in memory.
        made = [torch.randn(3, rows, length, HEADS, WIDTH).transpose(2, 3) for _ in range(4)]
        for name, mask in masks(rows, length).items():
            pieces: list[Inputs] = [
                (*made[number % len(made)].unbind(0), mask) for number in range(arguments.rounds)
            ]
            plain = processor_ratios(without_map, bare, pieces)
            maps = processor_ratios(with_map, without_map, pieces)
            print(f"mask {name:16} attend / bare {plain}   with map / without {maps}", flush=True)


if __name__ == "__main__":
    main()
