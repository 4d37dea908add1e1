"""What each attention costs as texts grow: processor time and memory of a pass forward and backward.

    python benchmarks/attention_cost.py --runs DIR > docs/figures/cost.json      (measures; takes a while)
    python docs/figures/draw_cost.py docs/figures/cost.json > docs/figures/cost.svg
    python docs/figures/draw_cost.py docs/figures/cost.json --table

Above, all variants on logarithmic axes, where a power of the length is a straight line and its steepness the
exponent. Below, the two that are to be linear on plain axes, where only what is linear is straight.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from line_chart import Line, Panel, draw

STRAIGHT = ("window, blocked", "linear")  # drawn on plain axes, too


def seconds_text(value: float) -> str:
    """Return seconds as text: 0.01 -> 10 ms."""
    return f"{value:g} s" if value >= 1 or value == 0 else f"{value * 1000:g} ms"


def bytes_text(value: float) -> str:
    """Return mebibytes as text."""
    return f"{value:,g} MiB"


def lines(found: dict[str, Any], which: int, unit: float, names: list[str] | None = None) -> list[Line]:
    """Return a line per variant, of its seconds (0) or its bytes (1), divided by a unit."""
    return [
        Line(
            name,
            [(int(length), cost[which] / unit) for length, cost in costs.items()],
            colour=number,
            dash=1 if number % 2 else 0,
        )
        for number, (name, costs) in enumerate(found["cost"].items())
        if names is None or name in names
    ]


def figure(found: dict[str, Any]) -> str:
    """Return the drawing: time and memory, all variants above, the linear ones on plain axes below."""
    x = "length in tokens"
    straight = list(STRAIGHT)
    size = {"width": 360.0}
    return draw(
        [
            Panel("Time, logarithmic axes", x, lines(found, 0, 1.0), y_log=True, y_text=seconds_text, **size),
            Panel(
                "Memory, logarithmic axes", x, lines(found, 1, 2.0**20), y_log=True, y_text=bytes_text, **size
            ),
            Panel(
                "Time, plain axes",
                x,
                lines(found, 0, 1.0, straight),
                x_log=False,
                y_text=seconds_text,
                **size,
            ),
            Panel(
                "Memory, plain axes",
                x,
                lines(found, 1, 2.0**20, straight),
                x_log=False,
                y_text=bytes_text,
                **size,
            ),
        ],
        "Cost of each attention against length: above on logarithmic axes, below on plain ones",
        columns=2,
    )


def table(found: dict[str, Any]) -> str:
    """Return each variant's longest length with its cost, and the exponents over its last doubling."""
    rows = ["variant            length   seconds       MiB   grows as length to the power of (time, memory)"]
    for name, costs in found["cost"].items():
        lengths = sorted(costs, key=int)
        last, before = costs[lengths[-1]], costs[lengths[-2]]
        doublings = math.log2(int(lengths[-1]) / int(lengths[-2]))
        powers = [math.log2(last[k] / max(before[k], 1e-9)) / doublings for k in (0, 1)]
        rows.append(
            f"{name:18} {lengths[-1]:>6} {last[0]:9.3f} {last[1] / 2**20:9.1f}   "
            f"{powers[0]:.2f}, {powers[1]:.2f}"
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    """Draw the file given, or print its last lengths."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("found", type=Path, help="what benchmarks/attention_cost.py printed")
    parser.add_argument("--table", action="store_true", help="print the longest lengths instead")
    arguments = parser.parse_args()
    found = json.loads(arguments.found.read_text(encoding="utf-8"))
    sys.stdout.write((table if arguments.table else figure)(found))


if __name__ == "__main__":
    main()
