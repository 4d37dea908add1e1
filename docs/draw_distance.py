"""Copying from far away: accuracy against distance, and the time of a training step against length.

    python benchmarks/far_copy.py --runs DIR > docs/figures/distance.json      (trains; takes a while)
    python docs/draw_distance.py docs/figures/distance.json > docs/figures/distance.svg

Lines are medians over the seeds, bands go from the worst to the best of them; for the time, medians
and quartiles of interleaved rounds.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from line_chart import Line, Panel, draw


def figure(found: dict[str, Any]) -> str:
    """The picture of what `far_copy.py` printed."""
    accuracy = []
    for number, (name, by_distance) in enumerate(found["accuracy"].items()):
        shares = list(by_distance.values())
        points = [(int(d), statistics.median(s)) for d, s in by_distance.items()]
        accuracy.append(Line(name, points, [min(s) for s in shares], [max(s) for s in shares], number))
    colours = {name: number for number, name in enumerate(found["accuracy"])}
    ratios = []
    for name, by_distance in found["step_ratio"].items():
        low, middle, high = zip(*by_distance.values(), strict=True)
        points = list(zip(map(int, by_distance), middle, strict=True))
        ratios.append(Line(name, points, low, high, colours[name]))
    return draw(
        [
            Panel(
                "Symbols copied right",
                "distance in tokens",
                accuracy,
                y_range=(0, 1),
                y_text="{:.0%}".format,
                level=("chance", found["chance"]),
            ),
            Panel(
                "Time of a training step, attention = 1",
                "distance in tokens",
                ratios,
                y_log=True,
                level=("attention", 1.0),
            ),
        ],
        "Copying from far: accuracy against distance, and training time against length",
    )


def main() -> None:
    """Draw the file given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("found", type=Path, help="what benchmarks/far_copy.py printed")
    found = json.loads(parser.parse_args().found.read_text(encoding="utf-8"))
    sys.stdout.write(figure(found))


if __name__ == "__main__":
    main()
